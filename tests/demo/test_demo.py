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
}


def types_of(entity: str) -> dict[str, str]:
    return {c["name"]: c["data_type"] for c in CONTRACT[entity]["columns"]} | EXTRA_TYPES


def meta_of(column: dict[str, Any]) -> dict[str, Any]:
    return dict(column.get("config", {}).get("meta", {}))


def key_of(entity: str) -> list[str]:
    return list(CONTRACT[entity]["config"]["meta"]["key"])


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
        good = " and ".join(f"{key} is not null and {key} not like 'BAD-%'" for key in keys)
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
        key = key_of(entity)[0]
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
        first = key_of(entity)[0]
        good = f"{first} is not null and {first} not like 'BAD-%'"
        extra = company.value(
            f"select count(*) - count(distinct ({keys})) from raw_{entity} where {good}"
        )
        late = dirt["changed_rows"].get(entity, 0) + dirt["deleted_rows"].get(entity, 0)
        assert extra == dirt["repeated_rows"].get(entity, 0) + late + twice.get(entity, 0), entity


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
