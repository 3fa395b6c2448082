"""Land what is new in the extracts folder and say what became of each file. Called by make."""

from datetime import UTC, datetime

from orchestration.landing import create_raw_tables, land, load_contract, open_warehouse
from orchestration.settings import PROJECT_DIR, load_settings


def main() -> None:
    settings = load_settings()
    settings.extracts_dir.mkdir(parents=True, exist_ok=True)
    contract = load_contract(PROJECT_DIR / "models")
    with open_warehouse(settings) as con:
        create_raw_tables(con, contract)
        report = land(
            con,
            settings.extracts_dir,
            contract,
            now=datetime.now(UTC),
            progress=lambda result: print(result.summary(), flush=True),
        )
    print(
        f"{len(report.landed)} files landed, {len(report.refused)} refused; "
        f"{report.rows_read:,} rows read, {report.rows_accepted:,} accepted, "
        f"{report.rows_quarantined:,} quarantined, {report.rows_duplicate:,} duplicate"
    )


if __name__ == "__main__":
    main()
