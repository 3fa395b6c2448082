"""The published file: what readers get once every test has passed."""

import time

import dagster as dg
import duckdb

from orchestration.defs.faults import verdict
from orchestration.defs.resources import WRITER_POOL, AsOf
from orchestration.defs.turn import Turn
from orchestration.faults import is_disk_full, told
from orchestration.publish import clear_half_made, publish
from orchestration.scorecard import scorecard
from orchestration.settings import load_settings
from orchestration.transform import release_path


@dg.asset(
    key=dg.AssetKey(["publish", "sales_kpis"]),
    deps=[
        dg.AssetKey(["scorecard", "kpi_values"]),
        dg.AssetKey(["scorecard", "kpi_scorecard"]),
        dg.AssetKey(["scorecard", "kpi_restatement_records"]),
        dg.AssetKey(["scorecard", "publications"]),
        dg.AssetKey(["analyses", "an_goal_tree"]),
    ],
    group_name="publish",
    kinds={"duckdb"},
    description="published/sales_kpis.duckdb: marts only, swapped in once every test has passed.",
    pool=WRITER_POOL,
)
def sales_kpis(
    context: dg.AssetExecutionContext, as_of: AsOf, turn: Turn
) -> dg.MaterializeResult[None]:
    """Publish the release that this run has built."""
    settings = load_settings()
    started = time.monotonic()
    try:
        turn.take(context)
        release = publish(
            release_path(settings.releases_dir, as_of.day(), context.run_id),
            settings.published_file,
            settings.kept_releases,
            run=context.run_id,
        )
    except (duckdb.Error, OSError) as error:
        message = told(error)
        if is_disk_full(message):
            clear_half_made(settings.releases_dir, settings.published_file)
        if known := verdict(context, message):
            raise known from error
        raise
    return dg.MaterializeResult(
        metadata={
            "as_of_date": release.as_of_date,
            "tables": release.tables,
            "kpi_cells": release.kpi_cells,
            "size_mb": round(release.size_bytes / 1e6, 1),
            "seconds": round(time.monotonic() - started, 3),
            "release": release.release,
            "follows": release.follows or "-",
            "sha256": release.sha256,
            "scorecard": dg.MetadataValue.md(f"```\n{scorecard(settings.published_file)}\n```"),
        }
    )
