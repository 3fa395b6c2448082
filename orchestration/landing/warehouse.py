"""The private warehouse: opened in one place, in a folder that nobody else can read."""

from __future__ import annotations

import duckdb

from orchestration.settings import Settings


class ExposedError(RuntimeError):
    """The warehouse would lie where others can read it; the message says what to move."""


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for writing; create it and its folder if they are missing.

    The folder is closed to everybody but its owner (mode 700), the file too (600). Raises
    ExposedError if something that others are to read lies in that folder, or if the folder is
    another user's; and duckdb.IOException while another process has the file open.
    """
    folder = settings.private_dir
    for name, place in (("KPI_PUBLISHED", settings.published_dir),):
        if place.resolve().is_relative_to(folder.resolve()):
            raise ExposedError(
                f"{name} ({place}) lies in {folder}, the private folder of the warehouse, where its"
                " readers cannot get to it; set KPI_WAREHOUSE to a file in a folder of its own"
            )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        folder.chmod(0o700)
        con = duckdb.connect(str(settings.warehouse))
        settings.warehouse.chmod(0o600)
    except PermissionError as error:
        raise ExposedError(
            f"{folder} belongs to another user; run the pipeline as that user, or set KPI_WAREHOUSE"
            " to a file in a folder of your own"
        ) from error
    return con
