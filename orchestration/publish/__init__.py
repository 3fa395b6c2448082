"""Publish: the one door out."""

from orchestration.publish.release import PublishError, Release, publish

__all__ = ["PublishError", "Release", "publish"]
