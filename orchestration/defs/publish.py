"""The published file: what readers get once every test has passed."""

import time

import dagster as dg

from orchestration.defs.resources import WRITER_POOL, AsOf
from orchestration.publish import publish
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
def sales_kpis(context: dg.AssetExecutionContext, as_of: AsOf) -> dg.MaterializeResult[None]:
    """Publish the release that this run has built."""
    settings = load_settings()
    started = time.monotonic()
    release = publish(
        release_path(settings.releases_dir, as_of.day(), context.run_id),
        settings.published_file,
        settings.kept_releases,
    )
    return dg.MaterializeResult(
        metadata={
            "as_of_date": release.as_of_date,
            "tables": release.tables,
            "kpi_cells": release.kpi_cells,
            "size_mb": round(release.size_bytes / 1e6, 1),
            "seconds": round(time.monotonic() - started, 3),
            "release": release.path.name,
            "scorecard": dg.MetadataValue.md(f"```\n{scorecard(settings.published_file)}\n```"),
        }
    )
