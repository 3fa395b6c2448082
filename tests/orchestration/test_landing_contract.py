"""The contract as it is read, the names it is matched by, and the tables made from it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.landing import ContractError, create_raw_tables, load_contract
from orchestration.landing.names import closest, entity_of, is_ignored, resolved, split_type
from orchestration.landing.quotes import scan

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, columns: str, key: str = "[id]", source: str = "crm") -> Path:
    path = folder / "staging" / source / f"_{source}__sources.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"sources: [{{name: {source}, tables: [{{name: deals, config: {{meta: {{key: {key}}}}},"
        f" columns: [{columns}]}}]}}]"
    )
    return folder


def test_the_real_contract() -> None:
    standard = load_contract(ROOT / "models")["standard"]
    assert len(standard.entities) == 43
    # 299 columns of the catalogue, and opportunities.expected_close_on.
    assert sum(len(entity.columns) for entity in standard.entities.values()) == 300
    opportunities = standard.entities["opportunities"]
    assert (opportunities.table, opportunities.key) == (
        "standard__opportunities",
        ("opportunity_id",),
    )
    assert next(c for c in standard.entities["contacts"].columns if c.name == "email").pii
    kind = next(c for c in opportunities.columns if c.name == "opportunity_type")
    assert kind.required
    assert kind.accepted == ("new_business", "upsell", "cross_sell", "renewal")
    ranges = {
        f"{entity.name}.{column.name}": column.range
        for entity in standard.entities.values()
        for column in entity.columns
        if column.range
    }
    assert ranges == {
        "business_calendars.weekday_iso": (1, 7),
        "competitor_prices.tax_rate": (0, 1),
        "employee_surveys.score": (0, 10),
        "expenses.acquisition_share": (0, 1),
        "nps_surveys.score": (0, 10),
    }


def test_every_type_of_the_real_contract_can_be_checked() -> None:
    """A type that DuckDB does not know would refuse every file of its entity."""
    from orchestration.landing.checks import bad_row

    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    contract = load_contract(ROOT / "models")
    create_raw_tables(con, contract)
    for source in contract.values():
        for entity in source.entities.values():
            present = {column.name for column in entity.accepted_columns}
            con.execute(f'select {bad_row(entity, present)} from raw."{entity.table}"')


def test_meta_and_defaults(tmp_path: Path) -> None:
    columns = "{name: id}, {name: ok, data_type: BOOLEAN, meta: {accepted: [Yes, 1], aliases: OK2}}"
    deals = load_contract(write(tmp_path, columns, key="id"))["crm"].entities["deals"]
    assert (deals.table, deals.key) == ("crm__deals", ("id",))
    assert [c.data_type for c in deals.columns] == ["varchar", "boolean"]
    assert deals.columns[1].accepted == ("true", "1")  # YAML reads a bare Yes as true
    assert deals.columns[1].aliases == ("OK2",)
    assert [c.name for c in deals.accepted_columns] == ["id", "ok", "updated_at", "_deleted"]


@pytest.mark.parametrize(
    ("columns", "key", "message"),
    [
        ("{name: id, data_type: strnig}", "[id]", "crm.deals.id: unknown data_type strnig"),
        ("{name: id, data_type: 'int); drop'}", "[id]", "unknown data_type"),
        (
            "{name: id, data_type: date, meta: {range: [0, 1]}}",
            "[id]",
            "crm.deals.id: a range is for numbers, not for date",
        ),
        ("{name: id, data_type: int, meta: {range: [9, 1]}}", "[id]", "is not .lowest, highest."),
        ("{name: id, data_type: int, meta: {range: 9}}", "[id]", "range 9 is not"),
        ("{name: id}", "[id, day]", "key day is not among the columns"),
        ("{name: id}, {name: _extra}", "[id]", "_extra is a name that the landing uses"),
        ("{name: id}, {name: property_id}", "[id]", "cannot tell id from property_id"),
        ("{name: id}, {name: b, meta: {aliases: [Id]}}", "[id]", "cannot tell id from b"),
    ],
)
def test_a_contradiction_is_found_at_once(
    tmp_path: Path, columns: str, key: str, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        load_contract(write(tmp_path, columns, key))


def test_a_source_declared_twice(tmp_path: Path) -> None:
    write(tmp_path, "{name: id}")
    (tmp_path / "staging" / "crm" / "_more__sources.yml").write_text("sources: [{name: crm}]")
    with pytest.raises(ContractError, match="source crm is declared twice"):
        load_contract(tmp_path)


def test_raw_tables_gain_columns_and_lose_none(tmp_path: Path) -> None:
    con = duckdb.connect()
    create_raw_tables(con, load_contract(write(tmp_path, "{name: id}, {name: old}")))
    con.execute("insert into raw.crm__deals (id, old) values ('1', 'kept')")
    contract = load_contract(write(tmp_path, "{name: id}, {name: Updated_at}, {name: new}"))
    create_raw_tables(con, contract)
    create_raw_tables(con, contract)
    assert con.execute("select id, old, new from raw.crm__deals").fetchall() == [
        ("1", "kept", None)
    ]
    described = con.execute("select column_name, column_type from (describe raw.crm__deals)")
    assert described.fetchall() == [
        ("id", "VARCHAR"),
        ("old", "VARCHAR"),
        ("updated_at", "VARCHAR"),
        ("_deleted", "VARCHAR"),
        ("_extra", "VARCHAR"),
        ("_original", "VARCHAR"),
        ("_file_id", "VARCHAR"),
        ("_row_number", "BIGINT"),
        ("_load_id", "BIGINT"),
        ("_loaded_at", "TIMESTAMP WITH TIME ZONE"),
        ("_first_load_id", "BIGINT"),
        ("_first_row_number", "BIGINT"),
        ("new", "VARCHAR"),
    ]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Deal ID", "dealid"), ("property_dealname", "dealname"), ("properties_Amount", "amount"),
        ("_deleted", "deleted"), (" x-1. ", "x1"), ("مبلغ کل", "مبلغکل"), ("#", ""),
        ("property", "property"),
    ],
)  # fmt: skip
def test_resolved_names(name: str, form: str) -> None:
    assert resolved(name) == form


@pytest.mark.parametrize(
    ("stem", "entity"),
    [
        ("accounts", "accounts"), ("accounts-2", "accounts"), ("accounts_2024_01", "accounts"),
        ("accounts2", "accounts"), ("Accounts (1)", "accounts"), ("accountsold", None),
        ("opportunities", "opportunities"),
        ("opportunity_stage_history_2024", "opportunity_stage_history"),
        ("opportunity_stage_history_notes", "opportunity_stage_history"),
        ("opportunity", None), ("leads", "leads"), ("lead_stage_history", "lead_stage_history"),
        ("lead", None), ("my_accounts", None), ("", None), ("accountsي", None),
    ],
)  # fmt: skip
def test_the_entity_of_a_file_name(stem: str, entity: str | None) -> None:
    known = [
        "accounts", "leads", "lead_stage_history", "opportunities", "opportunity_stage_history",
    ]  # fmt: skip
    assert entity_of(stem, known) == entity


def test_file_types() -> None:
    assert split_type("a.b.csv.gz") == ("a.b", ".csv.gz")
    assert split_type("a.JSONL") == ("a", ".jsonl")
    assert split_type("a.parquet") == ("a", ".parquet")
    assert split_type("a.parquet.gz") == ("a.parquet.gz", None)
    assert split_type("a") == ("a", None)
    assert [is_ignored(n) for n in (".a.csv", "README", "readme.md", "reads.csv")] == [
        True,
        True,
        True,
        False,
    ]


def test_the_closest_name() -> None:
    assert closest("AccountId", ["account_id", "amount"]) == "account_id"
    assert closest("stage", ["colour"]) is None


@pytest.mark.parametrize(
    ("text", "in_quotes", "expected"),
    [
        ("a,b", False, (1, "closed")), ('a,"b', False, (1, "open")), ('b",c', True, (1, "closed")),
        ('b""', True, (0, "open")), ('b"c', True, (0, "broken")), ('b" ,"c', True, (1, "open")),
        ('5" x,"a,b"', False, (1, "closed")), ("", True, (0, "open")), ("", False, (0, "closed")),
    ],
)  # fmt: skip
def test_following_quotes(text: str, in_quotes: bool, expected: tuple[int, str]) -> None:
    assert scan(text, in_quotes, ",") == expected
