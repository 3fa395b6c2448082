"""Values that are known again wherever they end up: they are planted, and searched for."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import sqlite3
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.landing import Entity, load_contract
from orchestration.settings import PROJECT_DIR

# Every canary holds one of these. Telephone numbers are digits, so theirs is one.
WORD, NUMBER, SECRET = "qzcanary7f3a", "990077553311", "qzsecret5b1d"


# Canaries ----------------------------------------------------------------------------------------


def canary(where: str, kind: str = "text") -> str:
    """A value of its own for a place, by which it is known again."""
    plain = "".join(c if c.isalnum() else "-" for c in where.lower())
    if kind == "email":
        return f"{plain}@{WORD}.example"
    if kind == "phone":
        return f"+{NUMBER}{sum(map(ord, plain)):06}"
    return f"{WORD} {plain}"


def plant(extracts: Path) -> set[str]:
    """Write further files, full of canaries, among the demo's; the canaries that are to land."""
    planted: set[str] = set()
    contract = load_contract(PROJECT_DIR / "models")
    for source in contract.values():
        folder = extracts / source.name
        folder.mkdir(exist_ok=True)
        for entity in source.entities.values():
            if any(column.pii for column in entity.columns) or source.name == "maven":
                rows = _rows(entity, folder)
                planted |= _fill(entity, rows)
                _write(folder / f"{entity.name}_filled.csv", rows)
    standard = extracts / "standard"
    # Rows that wait: a value that does not fit, a line that cannot be read.
    waiting = {
        "contact_id": "k-waits",
        "email": canary("waits", "email"),
        "created_at": "yesterday",
    }
    _write(standard / "contacts_waiting.csv", [waiting])
    with (standard / "contacts_waiting.csv").open("a") as file:
        file.write(f"k-broken,{canary('broken')},2024-01-01,too many\n")
    misplaced = {"contact_id": "k-shifted", "email": "", "created_at": canary("shifted", "email")}
    _write(standard / "contacts_shifted.csv", [misplaced])
    planted |= {waiting["email"], canary("broken"), misplaced["created_at"]}
    # Files that are refused: without a column that must be there, without a header, of no kind.
    _write(standard / "leads_refused.csv", [{"email": canary("refused", "email"), "note": "x"}])
    (standard / "leads_bare.csv").write_text(f"l1,{canary('bare', 'email')},{canary('bare')}\n" * 3)
    (standard / "letters.csv").write_text(canary("letters"))
    (standard / "leads_broken.jsonl").write_text(f'["{canary("list")}"]\n{canary("no json")}\n')
    (standard / "contacts_broken.parquet").write_bytes(b"PAR1" + canary("parquet").encode() * 20)
    (standard / "contacts_broken.csv.gz").write_bytes(gzip.compress(canary("gz").encode())[:-9])
    return planted


def _rows(entity: Entity, folder: Path) -> list[dict[str, str]]:
    """Some rows of the entity as the demo has them, or made up where the demo has none."""
    files = [p for p in folder.glob(f"{entity.name}[._]*") if p.suffix != ".parquet"]
    rows: list[dict[str, str]] = []
    for path in sorted(files):
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
        if ".jsonl" in path.name:
            found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        else:
            found = list(csv.DictReader(io.StringIO(text)))
        wanted = next((c.pii_where for c in entity.columns if c.pii_where), None)
        rows += [
            row for row in found
            if None not in row and (wanted is None or row.get(wanted[0]) == wanted[1])
        ]  # fmt: skip
    if rows:
        return [dict(row) for row in rows[10:40] or rows]
    made: dict[str, str] = {}
    for column in entity.columns:
        fitting = {"integer": "2000", "date": "2024-01-01"}.get(column.data_type, "1")
        made[column.name] = column.accepted[0] if column.accepted else fitting
    return [made]


def _fill(entity: Entity, rows: list[dict[str, str]]) -> set[str]:
    """Put canaries into every personal column of the rows and into a column that nobody knows."""
    values = {
        column.name: canary(f"{entity.table} {column.name}", column.pii)
        for column in entity.columns
        if column.pii
    }
    values["unheard_of"] = canary(f"{entity.table} unheard of")
    for number, row in enumerate(rows):
        row.update(values, updated_at="2025-12-31T23:00:00Z")
        for name, value in values.items():
            if "@" in value:  # nobody else's, so that people are not taken for each other
                row[name] = f"n{number}.{value}"
    return set(values.values())


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


# The search --------------------------------------------------------------------------------------


def spellings(word: str) -> set[bytes]:
    """The bytes that a word can be written as, in lower case where case does not matter."""
    found = {word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    found |= {spelt.encode().hex().encode() for spelt in (word, word.upper())}
    return found | {urllib.parse.quote(word).lower().encode()}


def in_base64(word: str) -> set[bytes]:
    """What all base64 texts with the word in them have in common, at each of three offsets."""
    found = set()
    for spelling in (word, word.upper()):
        for offset in range(3):
            coded = base64.b64encode(b"\0" * offset + spelling.encode() + b"\0\0")
            # The first and the last letters depend on what stands beside the word.
            found.add(coded[offset + 1 if offset else 0 : (offset + len(word)) * 4 // 3 - 1])
    return found


PATTERNS = {word: spellings(word) for word in (WORD, NUMBER, SECRET)}
CODED = {word: in_base64(word) for word in (WORD, NUMBER, SECRET)}


def words_in(data: bytes) -> set[str]:
    """Which of the three words the bytes have, however they are written."""
    lower = data.lower()
    return {
        word
        for word in PATTERNS
        if any(spelling in lower for spelling in PATTERNS[word])
        or any(coded in data for coded in CODED[word])
    }


def words_in_tables(path: Path) -> set[str]:
    """Which of the words any row of a DuckDB or SQLite file has; their bytes may be compressed."""
    found: set[str] = set()
    if path.read_bytes()[:6] == b"SQLite":
        with sqlite3.connect(path) as sqlite:
            names = sqlite.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (name,) in names:
                for row in sqlite.execute(f'select * from "{name}"'):
                    found |= words_in("\n".join(map(str, row)).encode())
        return found
    with duckdb.connect(str(path), read_only=True) as con:
        relations = con.execute(
            "select schema_name, table_name from duckdb_tables() where not internal union all"
            " select schema_name, view_name from duckdb_views() where not internal"
        ).fetchall()
        for schema, name in relations:
            hit = con.execute(
                f'select lower(r::varchar) from "{schema}"."{name}" as r'
                " where regexp_matches(lower(r::varchar), ?) limit 1",
                ["|".join(PATTERNS)],
            ).fetchone()
            found |= words_in(hit[0].encode()) if hit else set()
    return found


def is_database(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    return start[:6] == b"SQLite" or start[8:12] == b"DUCK"


def leaks(folder: Path) -> dict[str, set[str]]:
    """File -> the words in it, for every file below a folder."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            words = words_in(path.read_bytes())
            words |= words_in_tables(path) if is_database(path) else set()
            if words:
                found[str(path.relative_to(folder))] = words
    return found


@dataclass(frozen=True)
class CanaryRun:
    """One run of the job over the planted extracts: what it was given and all that it said."""

    folder: Path
    environment: dict[str, str]
    planted: set[str]
    said: str
