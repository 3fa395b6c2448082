"""Publish: the one door out."""

from orchestration.publish.release import PublishError, Release, publish
from orchestration.publish.scorecard import scorecard

__all__ = ["PublishError", "Release", "publish", "scorecard"]
