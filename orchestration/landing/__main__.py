"""Land what is new in the extracts folder and say what became of each file. Called by make."""

from datetime import UTC, datetime

import duckdb

from orchestration.faults import advice, told
from orchestration.landing import (
    LandingReport,
    create_raw_tables,
    land,
    load_contract,
    open_warehouse,
)
from orchestration.runlock import run_lock
from orchestration.settings import PROJECT_DIR, Settings, load_settings


def main() -> None:
    settings = load_settings()
    try:
        with run_lock(settings, "make land", print):
            report = _land(settings)
    except (duckdb.Error, OSError) as error:
        if known := advice(told(error), settings):
            raise SystemExit(known) from error
        raise
    print(
        f"{len(report.landed)} files landed, {len(report.refused)} refused; "
        f"{report.rows_read:,} rows read, {report.rows_accepted:,} accepted, "
        f"{report.rows_quarantined:,} quarantined, {report.rows_duplicate:,} duplicate"
    )
    if report.rows_waiting:
        print(f"{report.rows_waiting:,} rows wait in quarantine: `make quarantine` writes them out")


def _land(settings: Settings) -> LandingReport:
    settings.extracts_dir.mkdir(parents=True, exist_ok=True)
    contract = load_contract(PROJECT_DIR / "models")
    with open_warehouse(settings) as con:
        create_raw_tables(con, contract)
        return land(
            con,
            settings.extracts_dir,
            contract,
            now=datetime.now(UTC),
            progress=lambda result: print(result.summary(), flush=True),
            scratch=settings.scratch_dir,
            max_file_bytes=settings.max_file_bytes,
        )


if __name__ == "__main__":
    main()
