"""The dbt project as Dagster sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dagster_dbt import DbtProject

from orchestration.settings import PROJECT_DIR

_DEFINING = ("models", "macros", "seeds", "tests/dbt")


def dbt_executable() -> str:
    """The dbt of this Python environment, whatever PATH says."""
    return str(Path(sys.executable).with_name("dbt"))


def run_dbt_executable() -> str:
    """The dbt that a run starts: the same one, and it ends when the run does."""
    os.environ["KPI_PYTHON"] = sys.executable
    return str(Path(__file__).with_name("dbt"))


def prepared_project() -> DbtProject:
    """The project with a manifest that is not older than its files.

    The manifest is written elsewhere and moved into its place, so that a second process that starts
    at the same time never reads half of it.
    """
    project = DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR)
    manifest = project.manifest_path
    if _is_stale(manifest):
        manifest.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="parse_", dir=manifest.parent) as target:
            subprocess.run(
                [
                    *(dbt_executable(), "--quiet", "--no-partial-parse", "parse"),
                    *("--profiles-dir", str(PROJECT_DIR)),
                    *("--target-path", target),
                ],
                cwd=PROJECT_DIR,
                check=True,
            )
            Path(target, manifest.name).replace(manifest)
    return project


def prune_artifacts(present: Path, kept: int) -> None:
    """Remove what dbt has written of its runs but of the last `kept`, the present one included.

    present: the folder of this run; Dagster gives each one its own, beside the others.
    """
    name, _, _ = present.name.partition("-")
    others = [folder for folder in present.parent.glob(f"{name}-*") if folder != present]
    others.sort(key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
    for folder in others[max(0, kept - 1) :]:
        shutil.rmtree(folder, ignore_errors=True)  # what cannot go now is no reason to fail


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    written = manifest.stat().st_mtime
    files = [PROJECT_DIR / "dbt_project.yml", PROJECT_DIR / "profiles.yml"]
    for folder in _DEFINING:
        files.extend(path for path in (PROJECT_DIR / folder).rglob("*") if path.is_file())
    return any(path.stat().st_mtime > written for path in files)
