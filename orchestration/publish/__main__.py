"""Lists the releases that can be published again: python -m orchestration.publish."""

from __future__ import annotations

from orchestration.publish.manifest import Manifest
from orchestration.publish.release import kept_releases, published_release
from orchestration.settings import Settings, load_settings


def listed(settings: Settings) -> str:
    """The complete releases, the youngest first; an arrow marks the one that readers have."""
    present = published_release(settings.published_file)
    lines = [f"  {'release':32} {'as of':10} {'sealed (UTC)':16} {'MB':>8} {'sha256':12} follows"]
    for manifest in kept_releases(settings.releases_dir):
        mark = ">" if present is not None and present.stem == manifest.release else " "
        lines.append(f"{mark} {_line(manifest)}")
    return "\n".join(lines)


def _line(manifest: Manifest) -> str:
    return (
        f"{manifest.release:32} {manifest.as_of_date:10} {manifest.sealed_at[:16]:16} "
        f"{manifest.size_bytes / 1e6:8,.1f} {manifest.sha256[:12]} {manifest.follows or '-'}"
    )


if __name__ == "__main__":
    print(listed(load_settings()))
