"""Transform: how dbt is called."""

from orchestration.transform.arguments import build_arguments, release_path
from orchestration.transform.project import prepared_project, prune_artifacts

__all__ = ["build_arguments", "prepared_project", "prune_artifacts", "release_path"]
