"""Publish: the one door out."""

from orchestration.publish.manifest import Manifest, PublishError
from orchestration.publish.release import (
    clear_half_made,
    go_back,
    kept_releases,
    publish,
    published_release,
)

__all__ = [
    "Manifest",
    "PublishError",
    "clear_half_made",
    "go_back",
    "kept_releases",
    "publish",
    "published_release",
]
