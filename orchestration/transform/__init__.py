"""Transform: how dbt is called."""

from orchestration.transform.arguments import build_arguments, release_path
from orchestration.transform.errors import is_passing_trouble
from orchestration.transform.project import prepared_project

__all__ = ["build_arguments", "is_passing_trouble", "prepared_project", "release_path"]
