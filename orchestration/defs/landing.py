"""One asset for each source: its new files, landed."""

from datetime import UTC, datetime

import dagster as dg
import duckdb

from orchestration.defs.resources import WRITER_POOL
from orchestration.landing import (
    FileResult,
    LandingReport,
    create_raw_tables,
    land,
    load_contract,
    open_warehouse,
)
from orchestration.settings import PROJECT_DIR, load_settings
from orchestration.transform import is_passing_trouble


def landing_key(source: str) -> dg.AssetKey:
    """The asset of a source's raw tables."""
    return dg.AssetKey(["landing", source])


@dg.definitions
def landing() -> dg.Definitions:
    """An asset for each source of the contract."""
    contract = load_contract(PROJECT_DIR / "models")
    return dg.Definitions(assets=[_landing_asset(source) for source in contract])


def _landing_asset(source: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=landing_key(source),
        group_name="landing",
        kinds={"duckdb"},
        description=f"Files of extracts/{source}, each landed once, every row accounted for.",
        pool=WRITER_POOL,
    )
    def landed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        settings = load_settings()
        contract = load_contract(PROJECT_DIR / "models")
        settings.extracts_dir.mkdir(parents=True, exist_ok=True)
        try:
            with open_warehouse(settings) as con:
                create_raw_tables(con, contract)
                report = land(
                    con,
                    settings.extracts_dir,
                    contract,
                    now=datetime.now(UTC),
                    sources=[source],
                    progress=lambda result: _log(context, result),
                )
        except duckdb.IOException as error:
            if is_passing_trouble(str(error)):
                raise dg.RetryRequested(max_retries=5, seconds_to_wait=30) from error
            raise
        return dg.MaterializeResult(metadata=_metadata(report))

    return landed


def _log(context: dg.AssetExecutionContext, result: FileResult) -> None:
    if result.status == "refused":
        context.log.warning(result.summary())
    elif result.status == "landed":
        context.log.info(result.summary())


def _metadata(report: LandingReport) -> dict[str, dg.MetadataValue]:
    refused = "\n".join(f"| {file.path} | {file.reason} |" for file in report.refused)
    return {
        "files_landed": dg.MetadataValue.int(len(report.landed)),
        "rows_read": dg.MetadataValue.int(report.rows_read),
        "rows_accepted": dg.MetadataValue.int(report.rows_accepted),
        "rows_quarantined": dg.MetadataValue.int(report.rows_quarantined),
        "rows_duplicate": dg.MetadataValue.int(report.rows_duplicate),
        "files_refused": dg.MetadataValue.int(len(report.refused)),
        "refused": dg.MetadataValue.md(
            f"| file | reason |\n|---|---|\n{refused}" if refused else "-"
        ),
        "seconds": dg.MetadataValue.float(float(round(report.seconds, 3))),
    }
