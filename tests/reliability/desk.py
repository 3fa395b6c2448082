"""A small contract, a folder of extracts and a database in memory, for tests of what lands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.landing import FileResult, LandingReport, land, load_contract

NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)

# {format} is replaced by what the source declares.
CONTRACT = """
sources:
  - name: crm
    config: {{meta: {{format: {form}}}}}
    tables:
      - name: deals
        config: {{meta: {{key: [id]}}}}
        columns:
          - {{name: id, config: {{meta: {{required: true}}}}}}
          - {{name: amount, data_type: "decimal(18,2)"}}
          - {{name: days, data_type: integer, config: {{meta: {{range: [0, 100]}}}}}}
          - {{name: closed_on, data_type: date}}
          - {{name: created_at, data_type: timestamptz}}
          - {{name: opens_at, data_type: time}}
          - {{name: title, config: {{meta: {{aliases: [موضوع, کلید]}}}}}}
"""


class Desk:
    """`put` files, `land` them, ask for `rows`; the books are checked after each landing."""

    def __init__(self, folder: Path, form: str = "{}") -> None:
        models = folder / "models" / "staging" / "crm"
        models.mkdir(parents=True)
        (models / "_crm__sources.yml").write_text(CONTRACT.format(form=form), encoding="utf-8")
        self.contract = load_contract(folder / "models")
        self.extracts = folder / "extracts"
        self.folder = self.extracts / "crm"
        self.folder.mkdir(parents=True)
        self.con = duckdb.connect()

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self, **options: Any) -> LandingReport:
        report = land(self.con, self.extracts, self.contract, NOW, **options)
        for file_id, read, accepted, quarantined, duplicate, replaced_by in self.rows(
            "select file_id, rows_read, rows_accepted, rows_quarantined, rows_duplicate,"
            " replaced_by from landing.files"
        ):
            assert read == accepted + quarantined + duplicate
            in_raw = 0 if replaced_by else accepted + duplicate
            of_file = f"where _file_id = '{file_id}'"
            assert self.rows(f"select count(*) from raw.crm__deals {of_file}") == [(in_raw,)]
            assert self.rows(
                "select count(distinct row_number) from landing.quarantine"
                f" where file_id = '{file_id}'"
            ) == [(quarantined,)]
        left = self.rows("select table_name from duckdb_tables() where temporary")
        assert left == []
        return report

    def one(self, name: str, content: str | bytes, declared: str | None = None) -> FileResult:
        """Land one more file, with what is declared beside it."""
        self.put(name, content)
        if declared is not None:
            self.put(f"{name}.yml", declared)
        (result,) = [r for r in self.land().files if r.path == f"crm/{name}"]
        return result

    def refused(self, name: str, content: str | bytes, declared: str | None = None) -> str:
        """The reason why a file is refused; nothing of it may be anywhere."""
        result = self.one(name, content, declared)
        assert result.status == "refused", result.summary()
        path = f"crm/{name}"
        assert self.rows(f"from landing.files where path = '{path}'") == []
        assert self.rows(f"from landing.quarantine where path = '{path}'") == []
        assert result.reason
        return result.reason

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def landed(self, *columns: str) -> list[tuple[Any, ...]]:
        return self.rows(f"select {', '.join(columns)} from raw.crm__deals order by _row_number")

    def waiting(self) -> list[tuple[Any, ...]]:
        """Row, column and reason of what waits in quarantine."""
        return self.rows(
            "select row_number, column_name, reason from landing.quarantine"
            " where returned_at is null order by all"
        )


def counts(result: FileResult) -> tuple[int, int, int, int]:
    assert result.status == "landed", result.summary()
    return (
        result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_duplicate
    )  # fmt: skip
