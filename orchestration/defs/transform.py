"""The dbt models, seeds and data tests as assets and asset checks."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtCliResource,
    dbt_assets,
)

from orchestration.defs.faults import verdict
from orchestration.defs.landing import landing_key
from orchestration.defs.resources import WRITER_POOL, AsOf
from orchestration.defs.turn import Turn
from orchestration.faults import is_disk_full
from orchestration.publish import clear_half_made
from orchestration.settings import load_settings
from orchestration.transform import (
    build_arguments,
    prepared_project,
    prune_artifacts,
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
        context: dg.AssetExecutionContext, dbt: DbtCliResource, as_of: AsOf, turn: Turn
    ) -> Iterator[Any]:
        day, settings = as_of.day(), load_settings()
        release = release_path(settings.releases_dir, day, context.run_id)
        turn.take(context)
        release.parent.mkdir(parents=True, exist_ok=True)
        clear_half_made(settings.releases_dir, settings.published_file, but=release)
        os.environ["KPI_RELEASE"] = str(release)  # profiles.yml attaches the file named here
        invocation = dbt.cli(build_arguments(day), context=context, raise_on_error=False)
        prune_artifacts(invocation.target_path, settings.kept_releases)
        yield from invocation.stream()
        if not invocation.is_successful():
            raise _failure(context, invocation)

    return dg.Definitions(assets=[dbt_build])


def _failure(context: dg.AssetExecutionContext, invocation: DbtCliInvocation) -> Exception:
    """A retry for a lock or a failing disk, the end for anything else."""
    log = invocation.target_path / "dbt.log"
    tail = log.read_text(encoding="utf-8", errors="replace")[-20_000:] if log.exists() else ""
    message = f"{tail}\n{invocation.get_error()}"
    if is_disk_full(message):  # What is half made would keep the disk full.
        settings = load_settings()
        clear_half_made(settings.releases_dir, settings.published_file)
    if known := verdict(context, message):
        return known
    ended = invocation.process.returncode
    if ended < 0:
        return dg.Failure(
            f"dbt was ended by signal {-ended}; nothing is published. If nobody did it, the system"
            " was short of memory: lower KPI_MEMORY_LIMIT, and run again.",
            allow_retries=False,
        )
    return dg.Failure(
        "dbt build failed; nothing is published. The failed node stands above, its SQL in "
        f"{invocation.target_path}.",
        allow_retries=False,
    )
