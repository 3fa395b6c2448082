"""One asset for each source: its new files, landed."""

import re
from datetime import UTC, datetime

import dagster as dg
import duckdb

from orchestration.defs.faults import verdict
from orchestration.defs.resources import WRITER_POOL
from orchestration.defs.turn import Turn
from orchestration.faults import told
from orchestration.landing import (
    FileResult,
    LandingReport,
    create_raw_tables,
    land,
    load_contract,
    open_warehouse,
)
from orchestration.landing.names import on_one_line
from orchestration.settings import PROJECT_DIR, load_settings

# Files of a table in the page of a run; all of them are in landing.files and landing.refusals.
_SHOWN = 200


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
    def landed(context: dg.AssetExecutionContext, turn: Turn) -> dg.MaterializeResult[None]:
        settings = load_settings()
        contract = load_contract(PROJECT_DIR / "models")
        settings.extracts_dir.mkdir(parents=True, exist_ok=True)
        try:
            turn.take(context)
            with open_warehouse(settings) as con:
                create_raw_tables(con, contract)
                report = land(
                    con,
                    settings.extracts_dir,
                    contract,
                    now=datetime.now(UTC),
                    sources=[source],
                    progress=lambda result: _log(context, result),
                    scratch=settings.scratch_dir,
                    max_file_bytes=settings.max_file_bytes,
                )
        except (duckdb.Error, OSError) as error:
            if known := verdict(context, told(error)):
                raise known from error
            raise
        return dg.MaterializeResult(metadata=_metadata(report))

    return landed


def _log(context: dg.AssetExecutionContext, result: FileResult) -> None:
    if result.status == "refused":
        context.log.warning(result.summary())
    elif result.status == "landed":
        context.log.info(result.summary())


def _metadata(report: LandingReport) -> dict[str, dg.MetadataValue]:
    waiting = "\n".join(f"| {table} | {rows:,} |" for table, rows in report.waiting.items())
    noted = [(file.path, "; ".join(file.notes)) for file in report.landed if file.notes]
    return {
        "files_landed": dg.MetadataValue.int(len(report.landed)),
        "rows_read": dg.MetadataValue.int(report.rows_read),
        "rows_accepted": dg.MetadataValue.int(report.rows_accepted),
        "rows_quarantined": dg.MetadataValue.int(report.rows_quarantined),
        "rows_duplicate": dg.MetadataValue.int(report.rows_duplicate),
        "files_refused": dg.MetadataValue.int(len(report.refused)),
        "refused": _table("reason", [(file.path, file.reason or "") for file in report.refused]),
        "notes": _table("what was noted", noted),
        "rows_waiting": dg.MetadataValue.int(report.rows_waiting),
        "waiting": dg.MetadataValue.md(
            f"| table | rows in quarantine |\n|---|---|\n{waiting}\n\n"
            "`make quarantine` writes them to CSV files with their reasons, to be corrected and"
            " landed again."
            if waiting
            else "-"
        ),
        "seconds": dg.MetadataValue.float(float(round(report.seconds, 3))),
    }


def _table(title: str, rows: list[tuple[str, str]]) -> dg.MetadataValue:
    """A table of files as Markdown. Names come from outside: what they hold stays text."""
    if not rows:
        return dg.MetadataValue.md("-")
    lines = [f"| file | {title} |", "|---|---|"]
    lines += [f"| {_cell(path)} | {_cell(words)} |" for path, words in rows[:_SHOWN]]
    more = f"\n\nand {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    return dg.MetadataValue.md("\n".join(lines) + more)


def _cell(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#!|~&])", r"\\\1", on_one_line(text))
