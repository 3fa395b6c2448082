"""The dbt models, seeds and data tests as assets and asset checks."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)

from orchestration.defs.landing import landing_key
from orchestration.defs.resources import WRITER_POOL, AsOf
from orchestration.settings import load_settings
from orchestration.transform import (
    build_arguments,
    is_passing_trouble,
    prepared_project,
    release_path,
)


class Translator(DagsterDbtTranslator):
    """Names of dbt nodes: layer or KPI area first; raw tables are the asset of their source."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return landing_key(dbt_resource_props["source_name"])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["schema"])


@dg.definitions
def transform() -> dg.Definitions:
    """One multi-asset that runs dbt once for everything."""
    project = prepared_project()

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name="dbt_build",
        dagster_dbt_translator=Translator(
            settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
        ),
        pool=WRITER_POOL,
    )
    def dbt_build(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, as_of: AsOf
    ) -> Iterator[Any]:
        day = as_of.day()
        release = release_path(load_settings().releases_dir, day, context.run_id)
        release.parent.mkdir(parents=True, exist_ok=True)
        os.environ["KPI_RELEASE"] = str(release)  # profiles.yml attaches the file named here
        invocation = dbt.cli(build_arguments(day), context=context, raise_on_error=False)
        yield from invocation.stream()
        if not invocation.is_successful():
            raise _failure(invocation.target_path)

    return dg.Definitions(assets=[dbt_build])


def _failure(target_path: Path) -> Exception:
    """A retry for a lock or a failing disk, the end for anything else."""
    log = target_path / "dbt.log"
    tail = log.read_text(encoding="utf-8", errors="replace")[-20_000:] if log.exists() else ""
    if is_passing_trouble(tail):
        return dg.RetryRequested(max_retries=3, seconds_to_wait=60)
    return dg.Failure(
        "dbt build failed; nothing is published. The failed node stands above, its SQL in "
        f"{target_path}.",
        allow_retries=False,
    )
