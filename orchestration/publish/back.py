"""Goes back to an earlier release: python -m orchestration.publish.back, with TO=<name> or none."""

from __future__ import annotations

import os
import sys

from orchestration.publish.manifest import PublishError
from orchestration.publish.release import go_back
from orchestration.runlock import run_lock
from orchestration.settings import load_settings


def main() -> None:
    """Publish the release that TO names again; without TO the one before the present one.

    Waits for a run that is going on: its end would remove releases while one of them is chosen.
    """
    settings = load_settings()
    try:
        with run_lock(settings, "make back", print):
            found = go_back(settings.published_file, settings.releases_dir, os.environ.get("TO"))
    except PublishError as error:
        sys.exit(f"nothing has changed: {error}")
    print(f"published again: {found.release}, as of {found.as_of_date}")


if __name__ == "__main__":
    main()
