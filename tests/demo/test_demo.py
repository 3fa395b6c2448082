"""The demo company: its files follow the contract, and what it planted is in the data.

The counts here are made with plain SQL over the files, apart from the generator's own.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from demo import Truths, generate
from demo.generate import block_sizes

ROOT = Path(__file__).parents[2]
SCALE = 0.1
CONTRACT = {
    table["name"]: table
    for table in yaml.safe_load(
        (ROOT / "models/staging/standard/_standard__sources.yml").read_text("utf-8")
    )["sources"][0]["tables"]
}
EXTRA_TYPES = {"updated_at": "timestamptz", "_deleted": "boolean"}
REFERENCES = {
    "account_id": "accounts",
    "merged_into_account_id": "accounts",
    "contact_id": "contacts",
    "primary_contact_id": "contacts",
    "merged_into_contact_id": "contacts",
    "lead_id": "leads",
    "merged_into_lead_id": "leads",
    "opportunity_id": "opportunities",
    "converted_opportunity_id": "opportunities",
    "owner_rep_id": "reps",
    "sourced_by_rep_id": "reps",
    "account_manager_rep_id": "reps",
    "rep_id": "reps",
    "team_id": "teams",
    "territory_id": "territories",
    "campaign_id": "campaigns",
    "product_id": "products",
    "location_id": "locations",
    "invoice_id": "invoices",
    "original_invoice_id": "invoices",
    "activity_id": "activities",
    "reply_to_activity_id": "activities",
    "rescheduled_from_activity_id": "activities",
    "stage_id": "pipeline_stages",
    "promotion_id": "promotions",
    "competitor_id": "competitors",
    "switched_to_competitor_id": "competitors",
    "email_send_id": "email_sends",
    "cta_id": "ctas",
    "collateral_id": "collateral",
    "sent_by_rep_id": "reps",
    "treated_location_id": "locations",
    "control_location_id": "locations",
    "parent_target_id": "targets",
}


def types_of(entity: str) -> dict[str, str]:
    return {c["name"]: c["data_type"] for c in CONTRACT[entity]["columns"]} | EXTRA_TYPES


def meta_of(column: dict[str, Any]) -> dict[str, Any]:
    return dict(column.get("config", {}).get("meta", {}))


def key_of(entity: str) -> list[str]:
    return list(CONTRACT[entity]["config"]["meta"]["key"])


def required_key_of(entity: str) -> list[str]:
    """The columns of the key that no row may lack."""
    required = {c["name"] for c in CONTRACT[entity]["columns"] if meta_of(c).get("required")}
    return [name for name in key_of(entity) if name in required]


def entity_of(path: Path) -> str:
    return str(max((name for name in CONTRACT if path.name.startswith(name)), key=len))


def reader(path: Path) -> str:
    if path.suffix == ".parquet":
        return f"read_parquet('{path}')"
    if path.suffix == ".jsonl":
        return f"read_json('{path}', format = 'newline_delimited', sample_size = -1)"
    return (
        f"read_csv('{path}', header = true, delim = ',', quote = '\"', "
        "all_varchar = true, ignore_errors = true)"
    )


@dataclass
class Company:
    """Extracts as views of text (`raw_…`) and of typed, current, good rows (the entity's name)."""

    connection: duckdb.DuckDBPyConnection
    files: list[Path]
    truths: dict[str, Any]
    entities: list[str]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPI_DEMO_TRUTHS", str(folder / "truths.json"))
        generate(folder / "extracts", scale=SCALE)
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    files = sorted((folder / "extracts/standard").iterdir())
    entities = sorted({entity_of(path) for path in files})
    for entity in entities:
        parts = [
            f"select columns(*)::varchar from {reader(path)}"
            for path in files
            if entity_of(path) == entity
        ]
        connection.execute(f"create table raw_{entity} as {' union all by name '.join(parts)}")
        present = [row[0] for row in connection.execute(f"describe raw_{entity}").fetchall()]
        keys = key_of(entity)
        typed = ", ".join(f"try_cast({c} as {types_of(entity)[c]}) as {c}" for c in present)
        good = " and ".join(
            f"{key} is not null and {key} not like 'BAD-%'" for key in required_key_of(entity)
        )
        newest = "updated_at desc" if "updated_at" in present else "1"
        alive = "where _deleted is distinct from true" if "_deleted" in present else ""
        connection.execute(
            f"""
            create table {entity} as
            select * from (
                select {typed} from raw_{entity} where {good}
                qualify row_number() over (partition by {", ".join(keys)} order by {newest}) = 1
            ) {alive}
            """
        )
    yield Company(
        connection, files, json.loads((folder / "truths.json").read_text("utf-8")), entities
    )
    connection.close()


def within(cell: dict[str, Any], numerator: float, denominator: float) -> bool:
    """Whether a value lies within four standard errors of what was planted."""
    return bool(abs(numerator / denominator - cell["expected"]) <= 4 * cell["se"])


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, scale: float, seed: int = 7) -> Truths:
    monkeypatch.setenv("KPI_DEMO_TRUTHS", str(folder / "truths.json"))
    return generate(folder / "extracts", scale=scale, seed=seed)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "a", monkeypatch, 0.05)
    run(tmp_path / "b", monkeypatch, 0.05)
    run(tmp_path / "c", monkeypatch, 0.05, seed=8)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    leads = "extracts/standard/leads_2024.csv"
    assert digests(tmp_path / "a")[leads] != digests(tmp_path / "c")[leads]


def test_a_second_run_replaces_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "a", monkeypatch, 0.02, seed=1)
    run(tmp_path / "a", monkeypatch, 0.02, seed=2)
    run(tmp_path / "b", monkeypatch, 0.02, seed=2)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_files_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "extracts/standard/leads_of_the_real_company.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("lead_id\n1\n")
    with pytest.raises(FileExistsError, match="leads_of_the_real_company"):
        run(tmp_path, monkeypatch, 0.02)
    assert theirs.read_text() == "lead_id\n1\n"


def test_every_reader_of_landing_gets_a_file(company: Company) -> None:
    endings = {"".join(path.suffixes[-2:]) for path in company.files}
    assert {".csv", ".csv.gz", ".jsonl", ".parquet"} <= endings


def test_columns_are_those_of_the_contract(company: Company) -> None:
    for path in company.files:
        entity = entity_of(path)
        names = {row[0] for row in company.rows(f"describe select * from {reader(path)}")}
        required = {c["name"] for c in CONTRACT[entity]["columns"] if meta_of(c).get("required")}
        assert names <= set(types_of(entity)), path.name
        assert required <= names, path.name


def test_good_rows_fit_the_contract(company: Company) -> None:
    """Every value casts, required ones are there, and accepted values are kept to."""
    for entity in company.entities:
        present = {row[0] for row in company.rows(f"describe raw_{entity}")}
        key = required_key_of(entity)[0]
        good = f"{key} is not null and {key} not like 'BAD-%'"
        alive = "_deleted is distinct from 'true'" if "_deleted" in present else "true"
        broken = [
            f"count(*) filter (where {name} is not null and try_cast({name} as {kind}) is null)"
            for name, kind in types_of(entity).items()
            if name in present
        ]
        for column in CONTRACT[entity]["columns"]:
            name, meta = column["name"], meta_of(column)
            if meta.get("required"):
                broken.append(f"count(*) filter (where {alive} and {name} is null)")
            if meta.get("accepted") and name in present:
                listed = ", ".join(f"'{value}'" for value in meta["accepted"])
                broken.append(f"count(*) filter (where {name} not in ({listed}))")
            if meta.get("range") and name in present:
                low, high = meta["range"]
                outside = f"try_cast({name} as double) not between {low} and {high}"
                broken.append(f"count(*) filter (where {outside})")
        assert not any(
            company.rows(f"select {', '.join(broken)} from raw_{entity} where {good}")[0]
        ), entity


def test_moments_are_written_with_an_offset(company: Company) -> None:
    texts = (
        "select created_at from raw_leads where lead_id not like 'BAD-%' and created_at is not null"
    )
    assert (
        company.value(
            f"select count(*) from ({texts}) "
            "where not regexp_matches(created_at, '(Z|[+-]\\d\\d:?\\d\\d)$')"
        )
        == 0
    )


def test_bad_rows_are_as_many_as_told(company: Company) -> None:
    """Counted as lines of the text files that hold no good row."""
    told = company.truths["dirt"]["bad_rows_by_entity_and_kind"]
    lines = [
        line
        for path in company.files
        if path.name.endswith("_changes.csv")
        for line in path.read_text("utf-8").splitlines()[1:]
        if line.startswith(("BAD-", ","))
    ]
    assert len(lines) == len(told) == company.truths["dirt"]["bad_rows"]


def test_foreign_keys_hold(company: Company) -> None:
    for entity in company.entities:
        present = {row[0] for row in company.rows(f"describe {entity}")}
        for column in sorted(present & set(REFERENCES)):
            target = REFERENCES[column]
            key = {"pipeline_stages": "stage_id"}.get(target) or key_of(target)[0]
            if (entity, column) == (target, key):
                continue
            lost = company.value(
                f"select count(*) from {entity} e anti join {target} t on e.{column} = t.{key} "
                f"where e.{column} is not null"
            )
            assert lost == 0, f"{entity}.{column}"


def test_keys_repeat_only_where_told(company: Company) -> None:
    dirt = company.truths["dirt"]
    twice = {"products": 10, "campaigns": 48}  # the identical files
    for entity in company.entities:
        keys = ", ".join(key_of(entity))
        first = required_key_of(entity)[0]
        good = f"{first} is not null and {first} not like 'BAD-%'"
        extra = company.value(
            f"select count(*) - count(distinct ({keys})) from raw_{entity} where {good}"
        )
        late = dirt["changed_rows"].get(entity, 0) + dirt["deleted_rows"].get(entity, 0)
        files = company.truths["rows_by_file"]
        earlier = sum(files.get(f"{entity}_{name}.csv", 0) for name in ("created", "updated"))
        told = dirt["repeated_rows"].get(entity, 0) + late + twice.get(entity, 0) + earlier
        assert extra == told, entity


def test_deals_slip_and_change_hands(company: Company) -> None:
    """Earlier versions are older than the row of today, open, and differ in owner or date."""
    versions, dates, owners, closed, newer = company.rows(
        """
        select count(*),
            count(*) filter (where e.expected_close_on <> o.expected_close_on::varchar),
            count(*) filter (where e.owner_rep_id <> o.owner_rep_id), count(e.outcome),
            count(*) filter (where e.updated_at::timestamptz >= o.updated_at)
        from raw_opportunities e join opportunities o using (opportunity_id)
        where e._deleted is null and e.outcome is null and o.outcome is not null
            and e.updated_at::timestamptz < o.updated_at
        """
    )[0]
    assert versions > 100
    assert versions / 4 < dates < versions
    assert 0 < owners < versions / 4
    assert (closed, newer) == (0, 0)
    dated = company.rows(
        "select count(expected_close_on),"
        " count(*) filter (where expected_close_on < created_at::date), count(*) from opportunities"
    )[0]
    assert 0.9 < dated[0] / dated[2] < 1
    assert dated[1] == 0


def test_history_agrees_with_the_current_state(company: Company) -> None:
    assert (
        company.value(
            """
        select count(*) from opportunities o where stage_id <> (
            select arg_max(h.stage_id, h.entered_at) from opportunity_stage_history h
            where h.opportunity_id = o.opportunity_id)
        """
        )
        == 0
    )
    assert (
        company.value(
            """
        select count(*) from opportunities o where closed_at is not null and closed_at <> (
            select max(h.entered_at) from opportunity_stage_history h
            join pipeline_stages s using (stage_id)
            where h.opportunity_id = o.opportunity_id and s.stage_category = o.outcome)
        """
        )
        == 0
    )
    assert (
        company.value(
            """
        select count(*) from reps r
        join rep_assignment_history h using (rep_id)
        where (h.valid_to is null or h.valid_to::date = r.terminated_on)
          and h.team_id <> r.team_id
        """
        )
        == 0
    )
    assert (
        company.value(
            """
            select count(*) from (
                select period_start, max(coalesce(period_end, '9999-01-01')) over (
                    partition by subscription_id order by period_start
                    rows between unbounded preceding and 1 preceding) as before
                from subscription_periods)
            where period_start < before
            """
        )
        == 0
    )


def test_nothing_happens_after_the_last_day(company: Company) -> None:
    for entity, column in (
        ("leads", "created_at"), ("lead_stage_history", "entered_at"),
        ("opportunity_stage_history", "entered_at"), ("activities", "occurred_at"),
        ("invoices", "issued_at"), ("opportunities", "closed_at"), ("accounts", "created_at"),
        ("contacts", "created_at"), ("marketing_touchpoints", "occurred_at"),
        ("proposals", "sent_at"), ("proposals", "signed_at"), ("email_events", "occurred_at"),
        ("cta_events", "occurred_at"), ("collateral_events", "occurred_at"),
        ("nps_surveys", "responded_at"), ("employee_surveys", "responded_at"),
    ):  # fmt: skip
        last = company.value(f"select max({column}) < '2026-01-01 00:00:00+00' from {entity}")
        assert last, f"{entity}.{column}"


def test_leads_scale_and_split_into_blocks() -> None:
    assert sum(block_sizes(1)) == 30_000
    assert sum(block_sizes(30)) == 900_000
    assert len(block_sizes(1)) == 1
    assert max(block_sizes(1_000)) <= 300_000


def test_counts_are_those_told(company: Company) -> None:
    records = company.truths["records"]
    leads = "from leads where merged_into_lead_id is"
    assert company.value(f"select count(*) {leads} null") == records["surviving_leads"] == 3_000
    assert company.value(f"select count(*) {leads} not null") == records["merged_leads"]
    assert (
        company.value("select count(*) from accounts where merged_into_account_id is not null")
        == records["merged_accounts"]
    )
    assert (
        company.value(
            "select count(distinct opportunity_id) from (select opportunity_id, entered_at, lead("
            "entered_at) over (partition by opportunity_id order by entered_at) as later, "
            "stage_category from opportunity_stage_history join pipeline_stages using (stage_id)) "
            "where stage_category <> 'open' and later is not null"
        )
        == records["reopened_deals"]
    )


def test_truths_are_complete(company: Company) -> None:
    for name, truth in company.truths["truths"].items():
        assert {"compare", "time_basis", "dimension", "model", "cells"} <= set(truth), name
        for cell in truth["cells"].values():
            assert "realised" in cell, name
            assert truth["model"] == "none" or {"expected", "se"} <= set(cell), name
    assert company.truths["seed"] == 7
    assert company.truths["dirt"]["bad_rows"] == 8


REACHED = """
with recursive chain as (
    select lead_id, lead_id as survivor from leads where merged_into_lead_id is null
    union all
    select l.lead_id, chain.survivor
    from leads l join chain on l.merged_into_lead_id = chain.lead_id
)
select
    l.lead_id, l.created_at, l.source_channel,
    min(h.entered_at) filter (where h.stage in ('mql', 'sql', 'opportunity')) as mql_at,
    min(h.entered_at) filter (where h.stage in ('sql', 'opportunity')) as sql_at,
    min(h.entered_at) filter (where h.stage = 'opportunity') as opportunity_at
from leads l
join chain on chain.survivor = l.lead_id
left join lead_stage_history h on h.lead_id = chain.lead_id
left join accounts a on a.account_id = l.account_id
where coalesce(a.is_test, false) = false
group by all
"""


def test_leads_become_mqls_as_planted(company: Company) -> None:
    for truth, condition in (
        ("lead_to_mql_rate", "mql_at is not null"),
        ("lead_to_mql_rate_within_90_days", "mql_at <= created_at + interval 90 day"),
    ):
        cells = company.truths["truths"][truth]["cells"]
        rows = company.rows(
            f"select source_channel, count(*) filter (where {condition}), count(*) "
            f"from ({REACHED}) where created_at < '2025-07-01' group by all"
        )
        assert len(rows) == len(cells) == 8
        for channel, reached, created in rows:
            assert within(cells[channel], reached, created), (truth, channel)
            assert cells[channel]["realised"]["numerator"] == reached, (truth, channel)
            assert cells[channel]["realised"]["denominator"] == created, (truth, channel)


def test_later_steps_convert_as_planted(company: Company) -> None:
    for truth, start, end, before in (
        ("mql_to_sql_rate", "mql_at", "sql_at", "2025-06-01"),
        ("sql_to_opportunity_rate", "sql_at", "opportunity_at", "2025-04-01"),
    ):
        cell = company.truths["truths"][truth]["cells"]["all"]
        reached, entered = company.rows(
            f"select count({end}), count({start}) from ({REACHED}) where created_at < '{before}'"
        )[0]
        assert within(cell, reached, entered), truth
        assert (reached, entered) == (
            cell["realised"]["numerator"], cell["realised"]["denominator"],
        ), truth  # fmt: skip


DEALS = """
select o.*, o.amount * coalesce(r.rate, 1) as usd
from opportunities o
join accounts a on a.account_id = o.account_id and not a.is_test
asof left join exchange_rates r
    on r.from_currency = o.currency and r.rate_on <= o.closed_at::date
where o.closed_at is not null and o.opportunity_type <> 'renewal'
"""


def test_deals_are_won_and_sized_as_planted(company: Company) -> None:
    truths = company.truths["truths"]
    for year, won, decided, usd, sized in company.rows(
        "select year(closed_at), count(*) filter (where outcome = 'won'), count(*), "
        "sum(usd::double) filter (where outcome = 'won'), "
        "count(usd) filter (where outcome = 'won') "
        f"from ({DEALS}) group by all"
    ):
        assert within(truths["win_rate"]["cells"][str(year)], won, decided)
        assert truths["deals_won"]["cells"][str(year)]["realised"] == won
        assert truths["bookings_amount"]["cells"][str(year)]["realised"] == pytest.approx(usd)
        assert within(truths["avg_deal_size"]["cells"][str(year)], usd, sized)


def test_the_cycle_starts_with_the_first_two_way_contact(company: Company) -> None:
    cell = company.truths["truths"]["sales_cycle_length"]["cells"]["all"]["realised"]
    n, days = company.rows(
        f"""
        with two_way as (
            select coalesce(l.merged_into_lead_id, a.lead_id) as lead_id,
                coalesce(c.merged_into_contact_id, a.contact_id) as contact_id, occurred_at
            from activities a
            left join leads l on l.lead_id = a.lead_id
            left join contacts c on c.contact_id = a.contact_id
            where a.status = 'completed' and not a.is_auto_reply and (
                a.direction = 'inbound'
                or a.activity_type in ('call', 'video_meeting', 'in_person_meeting', 'demo'))
        ),
        starts as (
            select o.opportunity_id, o.closed_at, min(t.occurred_at) as started_at
            from ({DEALS}) o
            join two_way t on t.contact_id = o.primary_contact_id
            where o.outcome = 'won' group by all
        )
        select count(*), sum(epoch(closed_at) - epoch(started_at)) / 86400 from starts
        """
    )[0]
    assert n == cell["denominator"]
    assert days == pytest.approx(cell["numerator"])


SPELLS = """
with periods as (
    select coalesce(a.merged_into_account_id, a.account_id) as account_id, period_start,
        coalesce(period_end, date '9999-01-01') as period_end
    from subscription_periods join accounts a using (account_id) where not a.is_test
),
marked as (
    select *, period_start > max(period_end) over (partition by account_id order by period_start,
        period_end rows between unbounded preceding and 1 preceding) + 30 as is_new
    from periods
),
numbered as (
    select *, count(*) filter (where is_new) over (partition by account_id order by period_start,
        period_end rows unbounded preceding) as spell
    from marked
)
select account_id, min(period_start) as started_on, max(period_end) as ended_on
from numbered group by account_id, spell
"""


def test_customers_churn_at_the_planted_hazard(company: Company) -> None:
    lost, active = company.rows(
        f"""
        with months as (
            select unnest(generate_series(date '2023-06-01', date '2025-10-01', interval 1 month))
                ::date as month
        )
        select count(*) filter (where ended_on - 1 < month + interval 1 month), count(*)
        from months join ({SPELLS}) on started_on <= month and ended_on > month
        """
    )[0]
    cell = company.truths["truths"]["customer_churn_rate"]["cells"]["all"]
    assert within(cell, lost, active)
    assert lost == cell["realised"]["numerator"]
    assert active == cell["realised"]["denominator"]


def test_invoices_add_up_to_the_planted_revenue(company: Company) -> None:
    cells = company.truths["truths"]["net_sales_revenue"]["cells"]
    for year, usd in company.rows(
        """
        select year(issued_at), sum(l.net_amount::double * coalesce(r.rate, 1))
        from invoices i join invoice_lines l using (invoice_id)
        join accounts a on a.account_id = i.account_id and not a.is_test
        asof left join exchange_rates r
            on r.from_currency = i.currency and r.rate_on <= i.issued_at::date
        where i.status <> 'void' group by all
        """
    ):
        assert cells[str(year)]["realised"] == pytest.approx(usd)


IMPRESSIONS = """
with named as (
    select visitor_id, min(lead_id) as lead_id from marketing_touchpoints
    where lead_id is not null and visitor_id is not null group by all
),
touched as (
    select coalesce(t.lead_id, n.lead_id) as lead_id, t.* exclude (lead_id)
    from marketing_touchpoints t left join named n using (visitor_id)
)
"""


def test_visitors_are_anonymous_until_they_fill_in_a_form(company: Company) -> None:
    before, anonymous, strangers, named = company.rows(
        """
        with visitors as (
            select visitor_id, min(occurred_at) filter (where lead_id is not null
                and touch_type = 'form_fill') as form_at
            from marketing_touchpoints where visitor_id is not null group by all
        )
        select
            count(*) filter (where occurred_at < form_at),
            count(*) filter (where occurred_at < form_at and lead_id is null),
            count(distinct visitor_id) filter (where form_at is null),
            count(*) filter (where form_at is null and lead_id is not null)
        from marketing_touchpoints join visitors using (visitor_id)
        """
    )[0]
    assert 0.6 < anonymous / before < 0.8
    assert strangers > 1_000
    assert named == 0


def test_touches_are_of_the_campaigns_of_their_channel(company: Company) -> None:
    assert (
        company.value(
            """
            select count(*) from marketing_touchpoints t
            join leads l using (lead_id) join campaigns c on c.campaign_id = t.campaign_id
            where c.channel <> l.source_channel
                or t.occurred_at::date not between c.start_on and c.end_on
            """
        )
        == 0
    )


def test_forms_make_the_leads_of_their_touchpoints(company: Company) -> None:
    assert (
        company.value(
            "select count(*) from marketing_touchpoints join leads using (lead_id) "
            "where touch_type = 'form_fill' and occurred_at is distinct from form_submitted_at"
        )
        == 0
    )
    share = company.value(
        "select avg((lead_id in (select lead_id from marketing_touchpoints "
        "where touch_type = 'form_fill'))::int) "
        "from leads where motion = 'inbound' and merged_into_lead_id is null"
    )
    assert share == pytest.approx(0.7, abs=0.04)


def test_first_touches_lie_before_the_form_as_planted(company: Company) -> None:
    cell = company.truths["truths"]["first_touch_to_form"]["cells"]["all"]
    n, days = company.rows(
        f"""
        {IMPRESSIONS}
        select count(*), sum(days) from (
            select max(epoch(l.form_submitted_at)) / 86400 - min(epoch(t.occurred_at)) / 86400
                as days
            from touched t join leads l using (lead_id)
            where l.merged_into_lead_id is null
            group by l.lead_id having bool_or(t.touch_type = 'form_fill')
        )
        """
    )[0]
    assert n == cell["realised"]["denominator"]
    assert days == pytest.approx(cell["realised"]["numerator"])
    assert within(cell, days, n)


def test_the_way_from_impression_to_purchase_is_the_planted_one(company: Company) -> None:
    cell = company.truths["truths"]["customer_lifecycle_time"]["cells"]["all"]["realised"]
    n, early, days = company.rows(
        f"""
        {IMPRESSIONS},
        members as (
            with recursive chain as (
                select lead_id, lead_id as survivor, account_id, created_at from leads
                where merged_into_lead_id is null
                union all
                select l.lead_id, chain.survivor, chain.account_id, chain.created_at
                from leads l join chain on l.merged_into_lead_id = chain.lead_id
            )
            select chain.* exclude (account_id),
                coalesce(a.merged_into_account_id, account_id) as account_id
            from chain join accounts a using (account_id) where not a.is_test
        ),
        impressions as (
            select account_id, coalesce(min(occurred_at), min(created_at)) as seen_at
            from members left join touched using (lead_id) group by account_id
        ),
        bills as (
            select coalesce(original_invoice_id, invoice_id) as invoice_id,
                min(issued_at) filter (where original_invoice_id is null) as bought_at,
                any_value(account_id) filter (where original_invoice_id is null) as account_id
            from invoices join invoice_lines using (invoice_id) where status <> 'void'
            group by 1 having sum(net_amount) > 0
        ),
        purchases as (
            select coalesce(a.merged_into_account_id, account_id) as account_id,
                min(bought_at) as bought_at
            from (
                select account_id, bought_at from bills
                union all
                select account_id, closed_at from opportunities
                where outcome = 'won' and opportunity_type <> 'renewal'
            ) join accounts a using (account_id) group by 1
        )
        select count(*) filter (where days >= 0), count(*) filter (where days < 0),
            sum(days) filter (where days >= 0)
        from (
            select epoch(bought_at) / 86400 - epoch(seen_at) / 86400 as days
            from purchases join impressions using (account_id)
        )
        """
    )[0]
    assert (n, early) == (cell["denominator"], cell["early"])
    assert days == pytest.approx(cell["numerator"])


def test_every_entity_of_the_contract_is_there_but_the_calendars(company: Company) -> None:
    assert set(CONTRACT) - set(company.entities) == {"business_calendars", "calendar_holidays"}


def cells_of(company: Company, truth: str) -> dict[str, Any]:
    return dict(company.truths["truths"][truth]["cells"])


def realised(company: Company, truth: str, cell: str) -> tuple[float, float]:
    found = cells_of(company, truth)[cell]["realised"]
    return found["numerator"], found["denominator"]


REAL = "join accounts a using (account_id) where not a.is_test"


def test_proposals_lead_to_deals(company: Company) -> None:
    for year, sent, signed in company.rows(
        f"""
        select year(min(sent_at)), count(*), sum(is_signed) from (
            select opportunity_id, min(sent_at) filter (where version_no = 1) as sent_at,
                max((signed_at is not null)::int) as is_signed
            from proposals join opportunities using (opportunity_id) {REAL} group by all)
        group by year(sent_at)
        """
    ):
        assert sent == cells_of(company, "proposals_sent")[str(year)]["realised"]
        assert (signed, sent) == realised(company, "contract_close_rate", str(year))
    wrong = company.value(
        """
        select count(*) from proposals join opportunities o using (opportunity_id)
        where sent_at < o.created_at or signed_at <= sent_at or declined_at <= sent_at
            or signed_at > o.closed_at or declined_at > o.closed_at
            or (signed_at is not null and o.outcome is distinct from 'won')
            or (declined_at is not null and o.outcome is distinct from 'lost')
            or sent_by_rep_id <> owner_rep_id
        """
    )
    assert wrong == 0


def test_products_make_up_the_deal(company: Company) -> None:
    assert (
        company.value(
            """
            select count(*) from (
                select any_value(amount) as amount, sum(quantity::double * unit_price) as lines
                from opportunities join opportunity_products using (opportunity_id)
                group by opportunity_id)
            where abs(lines / amount - 1) > 1e-5
            """
        )
        == 0
    )


def test_deals_are_won_against_each_competitor_as_planted(company: Company) -> None:
    for name, won, decided in company.rows(
        f"""
        select competitor_name, count(*) filter (where outcome = 'won'), count(outcome)
        from opportunity_competitors join competitors using (competitor_id)
        join opportunities using (opportunity_id) {REAL} and opportunity_type <> 'renewal'
        group by all
        """
    ):
        assert (won, decided) == realised(company, "competitor_win_rate", name)


def test_outreach_is_as_much_as_planted(company: Company) -> None:
    for year, *counts in company.rows(
        """
        select year(occurred_at),
            count(*) filter (where is_cold and direction = 'outbound' and activity_type = 'call'),
            count(*) filter (where is_cold and direction = 'outbound' and activity_type = 'email'),
            count(*) filter (where is_cold and direction = 'outbound'),
            count(*) filter (where direction = 'inbound' and not is_auto_reply)
        from activities where status = 'completed' and not is_automated group by all
        """
    ):
        planted = [
            cells_of(company, truth)[str(year)]["realised"]
            for truth in ("cold_calls_made", "cold_emails_sent", "outreach_activities_completed")
        ]
        with_tests = cells_of(company, "replies_received")[str(year)]["with_tests"]
        assert counts == [*planted, with_tests]


def test_nothing_is_cold_towards_a_customer(company: Company) -> None:
    assert (
        company.value(
            """
            select count(*) from activities t join opportunities o using (account_id)
            where t.is_cold and o.outcome = 'won' and o.closed_at <= t.occurred_at
            """
        )
        == 0
    )


def test_emails_are_opened_as_planted(company: Company) -> None:
    by = {"email_open_rate": "year(sent_at)", "email_open_rate_by_variant": "subject_variant"}
    for truth, cell in by.items():
        for name, opened, delivered in company.rows(
            f"""
            select {cell}, count(*) filter (where is_opened), count(*) filter (where is_delivered)
            from (
                select s.*, bool_or(event_type = 'opened' and not is_machine_open) as is_opened,
                    bool_or(event_type in ('delivered', 'opened')) as is_delivered
                from email_sends s left join email_events using (email_send_id) group by all
            ) group by all
            """
        ):
            assert (opened, delivered) == realised(company, truth, str(name))
            assert within(cells_of(company, truth)[str(name)], opened, delivered)


def test_calls_to_action_are_clicked_as_planted(company: Company) -> None:
    for year, clicks, impressions, converted in company.rows(
        """
        select year(e.occurred_at), count(*) filter (where event_type = 'click'),
            count(*) filter (where event_type = 'impression'),
            count(*) filter (where event_type = 'click' and exists (
                select 1 from cta_events s where s.event_type = 'submission'
                    and s.visitor_id = e.visitor_id and s.cta_id = e.cta_id
                    and s.occurred_at between e.occurred_at and e.occurred_at + interval 24 hour))
        from cta_events e where not is_bot group by all
        """
    ):
        assert (clicks, impressions) == realised(company, "cta_click_through_rate", str(year))
        assert (converted, clicks) == realised(company, "cta_click_to_submission_rate", str(year))


def test_customers_answer_as_planted(company: Company) -> None:
    for year, score, answers in company.rows(
        """
        with since as (
            select coalesce(a.merged_into_account_id, o.account_id) as account_id,
                min(closed_at)::date as won_on
            from opportunities o join accounts a using (account_id)
            where outcome = 'won' and opportunity_type <> 'renewal' group by all
        )
        select year(responded_at), count(*) filter (where score >= 9)
            - count(*) filter (where score <= 6), count(*)
        from nps_surveys s join accounts a using (account_id)
        join since on since.account_id = coalesce(a.merged_into_account_id, s.account_id)
        where score is not null and sent_at::date - won_on >= 90 group by all
        """
    ):
        assert (score, answers) == realised(company, "nps", str(year))


def test_discounts_are_the_planted_ones(company: Company) -> None:
    for year, discount, listed in company.rows(
        """
        select year(issued_at),
            sum((list_unit_price * quantity - net_amount)::double * coalesce(r.rate, 1)),
            sum((list_unit_price * quantity)::double * coalesce(r.rate, 1))
        from invoices i join invoice_lines l using (invoice_id)
        join accounts a on a.account_id = i.account_id and not a.is_test
        asof left join exchange_rates r
            on r.from_currency = i.currency and r.rate_on <= i.issued_at::date
        where i.status <> 'void' and list_unit_price is not null group by all
        """.replace("list_unit_price * quantity", "list_unit_price::double * quantity::double")
    ):
        assert (discount, listed) == pytest.approx(realised(company, "discount_rate", str(year)))
        assert 0.03 < discount / listed < 0.12


def test_prices_stand_to_those_of_competitors_as_planted(company: Company) -> None:
    seen = """
        select p.product_id, competitor_id, observed_on, any_value(h.list_price)::double
            / any_value(p.price::double / (1 + coalesce(tax_rate, 0)) * coalesce(r.rate, 1)) - 1
            as gap
        from competitor_prices p
        join product_price_history h on h.product_id = p.product_id
            and observed_on >= h.valid_from and observed_on < coalesce(h.valid_to, '9999-01-01')
        asof left join exchange_rates r
            on r.from_currency = p.currency and r.rate_on <= p.observed_on
        group by all
    """
    low, high = company.rows(f"select min(gap), max(gap) from ({seen})")[0]
    assert (low, high) == pytest.approx((-0.1, 0.15), abs=1e-3)
    close, known = company.rows(
        f"""
        select count(*) filter (where abs(gap) <= 0.05), count(*) from (
            select product_id, max(gap) as gap from ({seen})
            where observed_on > date '2025-12-31' - 31 group by all)
        """
    )[0]
    assert (close, known) == realised(company, "price_parity_share", "all")


def test_the_promotion_is_tried_in_one_of_two_stores(company: Company) -> None:
    planted = cells_of(company, "promo_lift")["EX00"]["realised"]
    units = company.rows(
        """
        select sum(quantity) from invoices join invoice_lines using (invoice_id)
        join locations l using (location_id)
        join promo_experiments e on l.location_id in (e.treated_location_id, e.control_location_id)
        where (issued_at at time zone l.time_zone)::date >= e.pre_start
            and (issued_at at time zone l.time_zone)::date < e.post_end
        group by location_id, (issued_at at time zone l.time_zone)::date >= e.post_start
        order by location_id, 1
        """
    )
    assert [row[0] for row in units] == [104, 109, 100, 130]
    assert planted["treated_post_units"] - planted["treated_pre_units"] == 30
    assert (
        company.value(
            "select count(distinct location_id) from invoice_lines join invoices using (invoice_id)"
            " join promo_experiments using (promotion_id)"
        )
        == 1
    )


def test_goals_make_a_tree(company: Company) -> None:
    depth = company.value(
        """
        with recursive tree as (
            select target_id, 1 as depth from targets
            where parent_target_id is null and target_kind = 'goal'
            union all
            select t.target_id, depth + 1 from targets t
            join tree on t.parent_target_id = tree.target_id
        )
        select max(depth) from tree
        """
    )
    assert depth == 3
    kinds = company.value("select count(distinct value_type) from targets")
    assert kinds == 4
    overlaps = company.value(
        """
        select count(*) from targets a join targets b using (
            target_kind, scope_type, scope_id, measure_id, period_type)
        where a.target_id < b.target_id and a.period_start < b.period_end
            and b.period_start < a.period_end
        """
    )
    assert overlaps == 0
