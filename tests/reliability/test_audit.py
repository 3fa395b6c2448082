"""Promise 10: what looks wrong is not published, or with a warning.

Each check is tested by breaking what it guards, in a built company that passes them all.

dbt runs the checks on the sound company and on one in which everything is broken at once. The
breaks one by one are judged by the SQL that dbt has compiled, each in a transaction that is rolled
back; in the long form dbt itself judges each of them too.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import load_contract
from orchestration.publish import publish
from orchestration.settings import PROJECT_DIR
from tests.acceptance.warehouse import Warehouse

pytestmark = pytest.mark.promise(10)

AUDIT = PROJECT_DIR / "tests/dbt/audit"
BLOCKS = {
    "no_row_is_lost",
    "no_money_is_lost",
    "kpis_stay_in_their_range",
    "tables_do_not_shrink",
}
WARNS = {"deliveries_are_as_large_as_usual", "headlines_do_not_vanish"}
BOTH = {"records_are_fresh"}  # warns of one feed, blocks where all are dead
# What says what was published before, and a table that random companies leave out.
SECOND = [
    *("int_past_publications", "int_past_values", "publication", "publications", "kpi_history"),
    "mrr_bridge",
]
ROWS_SENT, EARLIER = 40, 5  # of leads and deals, in each of the publications before this one


@dataclass(frozen=True)
class Break:
    """One thing that goes wrong in one file, and the checks that notice, with a word of what they
    say. `rows` is the number of rows the statement must change for the break to be one."""

    file: str  # warehouse or release
    sql: str
    noticed: dict[str, str]


def one(table: str, change: str, where: str = "true") -> str:
    """Change one row of a table."""
    return (
        f"update {table} set {change} where rowid = (select min(rowid) from {table} where {where})"
    )


BREAKS = {
    # Rows
    "a conformed table loses some rows": Break(
        "warehouse", "delete from conformed.accounts where rowid % 20 = 0",
        {"no_row_is_lost": "accounts landed"},
    ),
    "a conformed table has one row twice": Break(
        "warehouse", "insert into conformed.reps select * from conformed.reps limit 1",
        {"no_row_is_lost": "reps landed"},
    ),
    "half of what landed is gone": Break(
        "warehouse", "delete from raw.standard__contacts where _row_number % 2 = 0",
        {"no_row_is_lost": "contacts landed"},
    ),
    "a fact loses one activity": Break(
        "release",
        "delete from core.fct_activities where rowid = 0",
        {"no_row_is_lost": "fct_activities"},
    ),
    "a fact has one lead twice": Break(
        "release", "insert into core.fct_leads select * from core.fct_leads limit 1",
        {"no_row_is_lost": "fct_leads"},
    ),
    # Money
    "a newer version of a deal never arrived": Break(
        "warehouse",
        "insert into raw.standard__opportunities select * replace (amount::decimal(18, 2) + 1 as"
        " amount, '2029-01-01T00:00:00Z' as updated_at) from raw.standard__opportunities where"
        " opportunity_id = (select min(opportunity_id) from release.core.fct_opportunities where"
        " amount > 0) limit 1",
        {"no_money_is_lost": "deals, landed and kept"},
    ),
    "an invoice line is worth a cent more": Break(
        "release",
        one("core.fct_invoice_lines", "net_amount_in_currency = net_amount_in_currency + 0.01"),
        {"no_money_is_lost": "invoice lines, landed and kept"},
    ),
    "an amount is converted at another rate": Break(
        "release",
        one("core.fct_opportunities", "amount = amount * 1.01", "amount > 100 and is_open"),
        {"no_money_is_lost": "deals, kept and converted"},
    ),
    "a subscription is left out": Break(
        "warehouse", "delete from intermediate.int_subscription_intervals where rowid = 0",
        {"no_money_is_lost": "recurring revenue, landed and kept"},
    ),
    "a cell of a rep's bookings is gone": Break(
        "release",
        "delete from revenue.bookings_amount where rowid = (select min(rowid) from"
        " revenue.bookings_amount where dimension = 'rep' and numerator > 0"
        " and variant = 'headline' and period_grain = 'month')",
        {"no_money_is_lost": "month by rep"},
    ),
    "the bridge of recurring revenue is off": Break(
        "release", one("scorecard.mrr_bridge", "mrr_at_end = mrr_at_end + 1", "dimension = 'all'"),
        {"no_money_is_lost": "mrr_bridge"},
    ),
    # Ranges
    "a rate of 1.7": Break(
        "release", one("pipeline.win_rate", "kpi_value = 1.7", "kpi_value is not null"),
        {"kpis_stay_in_their_range": "win_rate"},
    ),
    "a rate without an interval of 1.7": Break(
        "release",
        one("customers.gross_revenue_retention", "kpi_value = 1.7", "kpi_value is not null"),
        {"kpis_stay_in_their_range": "gross_revenue_retention"},
    ),
    "a count below zero": Break(
        "release", one("pipeline.new_leads", "kpi_value = -1"),
        {"kpis_stay_in_their_range": "new_leads"},
    ),
    "a score of 140": Break(
        "release", one("customers.nps", "kpi_value = 140", "variant = 'headline'"),
        {"kpis_stay_in_their_range": "nps"},
    ),
    "a median of less than no time": Break(
        "release", one("pipeline.sales_cycle_length", "p50 = -3", "p50 is not null"),
        {"kpis_stay_in_their_range": "sales_cycle_length"},
    ),
    # Beside the publication before
    "a table is empty": Break(
        "release", "delete from core.fct_expenses", {"tables_do_not_shrink": "fct_expenses"}
    ),
    "a table loses a quarter": Break(
        "release", "delete from core.fct_email_sends where rowid % 4 = 0",
        {"tables_do_not_shrink": "fct_email_sends"},
    ),
    "a table may lose a tenth": Break(
        "release", "delete from core.fct_email_sends where rowid % 10 = 0", {}
    ),
    "a table that may shrink until today is empty": Break(
        "release", "delete from core.fct_campaign_spend", {}
    ),
    "a table that might shrink until yesterday is empty": Break(
        "release", "delete from core.fct_nps_surveys", {"tables_do_not_shrink": "fct_nps_surveys"}
    ),
    "a KPI loses a quarter of its numbers": Break(
        "release",
        "update pipeline.win_rate set kpi_value = null where dimension <> 'all' and rowid % 3 = 0",
        {"tables_do_not_shrink": "win_rate"},
    ),
    "the company's numbers of a KPI are gone": Break(
        "release",
        "update pipeline.win_rate set kpi_value = null where dimension = 'all'"
        " and variant = 'headline' and period_grain = 'month'",
        {"headlines_do_not_vanish": "win_rate"},
    ),
    # Freshness
    "activities stop": Break(
        "release", "update core.fct_activities set occurred_on = occurred_on - 60",
        {"records_are_fresh": "activities"},
    ),
    "the day counted to lies before the one published": Break(
        "release",
        "update scorecard.publications set as_of_date = as_of_date + 1 where publication_number ="
        " (select publication_number - 1 from scorecard.publication)",
        {"records_are_fresh": "publications"},
    ),
    # Volume
    "far fewer leads than usual": Break(
        "warehouse",
        "delete from raw.standard__leads where _load_id = {latest} and _row_number > 3",
        {"deliveries_are_as_large_as_usual": "leads"},
    ),
    "no leads at all": Break(
        "warehouse", "delete from raw.standard__leads where _load_id = {latest}",
        {"deliveries_are_as_large_as_usual": "leads"},
    ),
    "far more leads than usual": Break(
        "warehouse",
        "insert into raw.standard__leads select leads.* from raw.standard__leads as leads, range(9)"
        " where _load_id = {latest}",
        {"deliveries_are_as_large_as_usual": "leads"},
    ),
    "half as many leads as usual": Break(
        "warehouse",
        "delete from raw.standard__leads where _load_id = {latest} and _row_number > 20",
        {},
    ),
}  # fmt: skip


# Of these only the first happens when everything does: leads can be sent in one wrong way at a
# time, and a past that is built again is not compared.
EXCLUSIVE = [name for name, breach in BREAKS.items() if "{latest}" in breach.sql] + [
    "the day counted to lies before the one published"
]


class Audited:
    """A company in its second publication after several others, with the checks dbt compiled."""

    def __init__(self, small: Warehouse, folder: Path):
        self.warehouse = Warehouse(
            folder,
            small.as_of,
            {
                **small.variables,
                "audit_min_rows": 10,
                "audit_allow_shrink": {
                    "fct_campaign_spend": small.as_of.isoformat(),
                    "fct_nps_surveys": (small.as_of - timedelta(days=1)).isoformat(),
                },
            },
        )
        self.releases = folder / "published/releases"
        self.releases.mkdir(parents=True)
        shutil.copy(small.warehouse, self.warehouse.warehouse)
        self.previous = self.releases / "kpis_first.duckdb"
        shutil.copy(small.release, self.previous)
        publish(self.previous, self.warehouse.published, kept=5)
        self.warehouse.release = self.releases / "kpis_second.duckdb"
        shutil.copy(small.release, self.warehouse.release)
        self.warehouse.build(SECOND)
        self.latest = self._remember()

    def _remember(self) -> int:
        """As if the company had sent leads and deals for each of several publications: the load of
        the latest. What it sent says nothing new."""
        with duckdb.connect(str(self.warehouse.warehouse)) as con:
            row = con.execute("select max(load_id) from landing.files").fetchone()
            assert row is not None
            last = int(row[0])
            for entity in ("leads", "opportunities"):
                con.execute(
                    f"insert into raw.standard__{entity} select sent.* replace ({last} + n as"
                    " _load_id, position as _row_number) from (select rows.*, row_number() over ()"
                    f" as position from raw.standard__{entity} as rows where _load_id <= {last}"
                    f" limit {ROWS_SENT}) as sent, range(1, {EARLIER + 2}) as loads(n)".replace(
                        "sent.* replace", "sent.* exclude (position) replace"
                    )
                )
        with duckdb.connect(str(self.warehouse.release)) as con:
            con.execute("update scorecard.publication set publication_number = 2 + ?", [EARLIER])
            con.execute("update scorecard.publication set last_load_id = ?", [last + EARLIER + 1])
            con.execute("delete from scorecard.publications where publication_number > 1")
            con.execute(
                "insert into scorecard.publications select first.* replace (1 + n as"
                f" publication_number, {last} + n as last_load_id, 'kpis_' || n as release)"
                f" from scorecard.publications as first, range(1, {EARLIER + 1}) as numbers(n)"
            )
            con.execute("insert into scorecard.publications from scorecard.publication")
        return last + EARLIER + 1

    def audit(self) -> dict[str, str]:
        """What dbt says of each check: pass, warn or fail."""
        result = self.warehouse.dbt("test", "--select", "path:tests/dbt/audit")
        assert result.result is not None, result.exception
        found = {node.node.name: str(node.status) for node in result.result.results}
        assert "error" not in found.values(), [node.message for node in result.result.results]
        return found

    def compiled(self) -> dict[str, str]:
        """The SQL of each check, as dbt ran it last."""
        folder = self.warehouse.folder / "target/compiled"
        found = {path.stem: path.read_text() for path in folder.rglob("audit/*.sql")}
        assert set(found) == BLOCKS | WARNS | BOTH
        return found

    def open(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"attach '{self.warehouse.warehouse}' as warehouse")
        con.execute(f"attach '{self.warehouse.release}' as release")
        con.execute(f"attach '{self.previous}' as previous (read_only)")
        return con

    def do(self, con: duckdb.DuckDBPyConnection, breach: Break) -> None:
        """Break it. A break that changes nothing proves nothing."""
        con.execute(f"use {breach.file}")
        row = con.execute(breach.sql.replace("{latest}", str(self.latest))).fetchone()
        con.execute("use memory")
        assert row is not None
        assert row[0] > 0, breach.sql


@pytest.fixture(scope="module")
def audited(small_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return Audited(small_warehouse, tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def sound(audited: Audited) -> dict[str, str]:
    """What dbt says of the company as it is."""
    return audited.audit()


@pytest.fixture(scope="module")
def checks(audited: Audited, sound: dict[str, str]) -> dict[str, str]:
    return audited.compiled()


@pytest.fixture
def con(audited: Audited) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(audited.open()) as con:
        yield con


def test_a_sound_company_passes_every_check(sound: dict[str, str]) -> None:
    assert sound == dict.fromkeys(BLOCKS | WARNS | BOTH, "pass")


def test_every_check_is_documented() -> None:
    page = (PROJECT_DIR / "docs/audit.md").read_text()
    assert {path.stem for path in AUDIT.glob("*.sql")} == BLOCKS | WARNS | BOTH
    project = (PROJECT_DIR / "dbt_project.yml").read_text()
    variables = set(re.findall(r"^  (audit_\w+):", project, re.MULTILINE))
    assert len(variables) > 5
    for name in BLOCKS | WARNS | BOTH | variables:
        assert f"`{name}`" in page, name


def test_no_entity_and_no_table_is_left_out(checks: dict[str, str]) -> None:
    entities = load_contract(PROJECT_DIR / "models")["standard"].entities
    assert len(entities) > 40
    for entity in entities:
        assert f"'{entity} landed' as counted" in checks["no_row_is_lost"]
        assert f"'{entity}' as entity" in checks["deliveries_are_as_large_as_usual"]
    tables = [path.stem for path in (PROJECT_DIR / "models/marts/core").glob("*.sql")]
    kpis = [path.stem for path in (PROJECT_DIR / "models/marts/kpis").rglob("*.sql")]
    assert len(tables) > 60
    assert len(kpis) == 112
    for name in {*tables, *kpis} - {"fct_campaign_spend"}:  # which may shrink
        assert f"'{name}' as table_name" in checks["tables_do_not_shrink"], name
    for name in kpis:
        assert f"'{name}' as" in checks["kpis_stay_in_their_range"], name


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_noticed_by_its_check_and_by_no_other(
    name: str, audited: Audited, checks: dict[str, str], con: duckdb.DuckDBPyConnection
) -> None:
    con.execute("begin")
    audited.do(con, BREAKS[name])
    said = {
        check: "\n".join(str(row) for row in con.execute(sql).fetchall())
        for check, sql in checks.items()
    }
    con.execute("rollback")
    assert {check for check, rows in said.items() if rows} == set(BREAKS[name].noticed), said
    for check, word in BREAKS[name].noticed.items():
        assert word in said[check]


def broken(audited: Audited, names: list[str], folder: Path) -> dict[str, str]:
    """What dbt says with these breaks, in the company's own files, which are restored."""
    files = [audited.warehouse.warehouse, audited.warehouse.release]
    for file in files:
        shutil.copy(file, folder / file.name)
    try:
        with closing(audited.open()) as con:
            for name in names:
                audited.do(con, BREAKS[name])
        return audited.audit()
    finally:
        for file in files:
            shutil.copy(folder / file.name, file)


def test_what_blocks_and_what_warns(
    audited: Audited, sound: dict[str, str], tmp_path: Path, figure: Callable[..., None]
) -> None:
    """Everything broken at once: dbt fails the checks that block and warns of the others."""
    found = broken(audited, [name for name in BREAKS if name not in EXCLUSIVE[1:]], tmp_path)
    assert found == dict.fromkeys(BLOCKS, "fail") | dict.fromkeys(WARNS | BOTH, "warn")
    figure("breaks", len(BREAKS))


def test_where_nothing_happens_any_more_nothing_is_published(
    audited: Audited, checks: dict[str, str], con: duckdb.DuckDBPyConnection
) -> None:
    """One feed is stale: a warning. All are dead: a block."""
    con.execute("begin")
    for table, column in (
        ("activities", "occurred_on"), ("leads", "created_on"), ("invoices", "issued_on"),
        ("opportunities", "created_on"),
    ):  # fmt: skip
        rows = con.execute(checks["records_are_fresh"]).fetchall()
        assert not [row for row in rows if row[-1]], "a feed still lives"
        con.execute(f"update release.core.fct_{table} set {column} = {column} - 200")
    rows = con.execute(checks["records_are_fresh"]).fetchall()
    con.execute("rollback")
    assert sorted(row[0] for row in rows if row[-1]) == [
        "activities", "invoices", "leads", "opportunities",
    ]  # fmt: skip


def test_each_break_as_dbt_says_it(
    long: bool, audited: Audited, sound: dict[str, str], tmp_path: Path
) -> None:
    """The long form: one run of dbt for each break; the small form takes one of each check."""
    if not long:
        return
    for name, breach in BREAKS.items():
        expected = {check: "fail" if check in BLOCKS else "warn" for check in breach.noticed}
        assert broken(audited, [name], tmp_path) == {**sound, **expected}, name
