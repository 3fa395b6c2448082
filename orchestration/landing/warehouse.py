"""The private warehouse: opened in one place, in a folder that nobody else can read."""

from __future__ import annotations

import os
import shutil
import stat

import duckdb

from orchestration.settings import Settings


class ExposedError(RuntimeError):
    """The warehouse would lie where others can read it; the message says what to move."""


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for writing; create it and its folder if they are missing.

    The folder is closed to everybody but its owner (mode 700), whatever it was before, and the file
    too (600); what DuckDB puts beside it, its log and what it spills, is as safe as the folder.
    Raises ExposedError if that cannot be or would shut others out of what is theirs: something they
    are to read lies in that folder, all users share it, or it is another user's; and
    duckdb.IOException while another process has the file open.
    """
    folder = settings.private_dir
    if settings.published_dir.resolve().is_relative_to(folder.resolve()):
        raise ExposedError(
            f"KPI_PUBLISHED ({settings.published_dir}) lies in {folder}, the private folder of the"
            " warehouse, where its readers cannot get to it; set KPI_WAREHOUSE to a file in a"
            " folder of its own"
        )
    if settings.warehouse.resolve().parent != folder.resolve():
        raise ExposedError(
            f"{settings.warehouse} is a link into another folder, which would stay open to others;"
            " set KPI_WAREHOUSE to where the file really is"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_mode & stat.S_ISVTX:
        raise ExposedError(
            f"{folder} is a folder that all users share; set KPI_WAREHOUSE to a file in a folder of"
            " its own"
        )
    if status.st_uid != os.getuid():
        raise ExposedError(
            f"{folder} belongs to another user; run the pipeline as that user, or set KPI_WAREHOUSE"
            " to a file in a folder of your own"
        )
    folder.chmod(0o700)
    con = duckdb.connect(str(settings.warehouse))
    # Each thread reads with a buffer of its own. What does not fit is spilled beside the file.
    con.execute(f"set memory_limit = '1GB'; set threads = {min(os.cpu_count() or 1, 8)}")
    # What a killed run has spilled; whoever has the file open is the only one who spills.
    shutil.rmtree(f"{settings.warehouse}.tmp", ignore_errors=True)
    settings.warehouse.chmod(0o600)
    return con
