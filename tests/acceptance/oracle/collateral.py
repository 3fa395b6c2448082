"""The KPIs of the area marketing that ask what collateral is used for and what it does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from .calendars import last_active_working_day
from .cells import MONTH_GRAINS, Cells, Key, Reading, Record, finish, flow, ratio, roll_up
from .company import Company
from .deals import Deal
from .periods import period_end, periods_between
from .world import Row


@dataclass
class Use:
    """One event of an asset."""

    row: Row
    on: date
    kind: str | None
    segment: str | None

    @property
    def asset(self) -> str:
        return str(self.row["collateral_id"])


def uses(company: Company) -> list[Use]:
    """Every event that is known; its account is that of the contact, else of the deal."""
    world = company.world
    kinds = {row["collateral_id"]: row["collateral_type"] for row in world.current["collateral"]}
    deals = {row["opportunity_id"]: row["account_id"] for row in world.current["opportunities"]}
    found = []
    for row in world.alive("collateral_events"):
        contact = company.activities.contact_row(row["contact_id"])
        account = contact.get("account_id") or deals.get(row["opportunity_id"] or "")
        if world.has_happened(row["occurred_at"]) and not world.is_test(account):
            on = world.business_date(row["occurred_at"])
            segment = world.account(account).get("segment")
            found.append(Use(row, on, kinds.get(row["collateral_id"]), segment))
    return found


def collateral_usage_count(company: Company) -> Cells:
    """How often an asset was shared, viewed, downloaded or trained; an unused one has 0."""
    records = []
    for use in uses(company):
        members = {
            "collateral": use.asset,
            "collateral_type": use.kind,
            "event_type": use.row["event_type"],
            "rep": use.row["rep_id"],
            "segment": use.segment,
        }
        records.append(Record(use.on, 1, members))
    kpi_id, readings = "collateral_usage_count", {"headline": Reading()}
    dimensions = ["collateral", "collateral_type", "event_type", "rep", "segment"]
    return flow(company.frame, kpi_id, "sum", dimensions, readings, records)


def collateral_adoption_rate(company: Company) -> Cells:
    """Of those who sell or support and were there in a period, those who shared or trained."""
    world, frame = company.world, company.frame
    departments = {row["team_id"]: row["department"] for row in world.current["teams"]}
    used: dict[str, set[date]] = defaultdict(set)
    for use in uses(company):
        if use.row["event_type"] in ("shared", "trained") and use.row["rep_id"]:
            used[use.row["rep_id"]].add(use.on)
    records = []
    for rep in world.alive("reps"):
        for grain in frame.grains:
            if grain not in MONTH_GRAINS:
                continue
            for start in periods_between(rep["hired_on"], world.as_of, grain):
                end = period_end(start, grain)
                last = last_active_working_day(world, company.calendars, rep, start, end)
                team = world.team(rep["rep_id"], last).team_id if last else None
                if departments.get(team or "") in ("sales", "support"):
                    adopted = any(start <= day < end for day in used[rep["rep_id"]])
                    records.append(Record(start, int(adopted), {"team": team}, grain=grain))
    kpi_id, readings = "collateral_adoption_rate", {"headline": Reading()}
    return roll_up(frame, kpi_id, "rate", ["team"], readings, records, MONTH_GRAINS)


def collateral_engagement_rate(company: Company) -> Cells:
    """Of the pairs of an asset and a person it was shared with, those who looked at it then."""
    world, activities = company.world, company.activities
    pairs: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for use in uses(company):
        contact: str | None = use.row["contact_id"]
        if contact:
            person = activities.persons.contact_survivors.get(contact) or contact
            pairs[use.asset, person].append(use)
    records = []
    for (_, person), own in pairs.items():
        shares = [use for use in own if use.row["event_type"] == "shared"]
        if not shares:
            continue
        first = min(shares, key=lambda use: use.row["occurred_at"])
        looked = any(
            use.row["event_type"] in ("viewed", "downloaded")
            and use.row["occurred_at"] >= first.row["occurred_at"]
            for use in own
        )
        contact_row = activities.contact_row(person)
        members = {
            "collateral_type": first.kind,
            "segment": world.account(contact_row.get("account_id")).get("segment"),
            "persona": contact_row.get("buyer_persona"),
        }
        records.append(Record(first.on, int(looked), members))
    kpi_id, dimensions = "collateral_engagement_rate", ["collateral_type", "segment", "persona"]
    readings = {"headline": Reading("cohort")}
    return roll_up(company.frame, kpi_id, "rate", dimensions, readings, records, MONTH_GRAINS)


def uses_of_deals(company: Company) -> dict[str, list[Use]]:
    """Uses for a deal up to its close."""
    found: dict[str, list[Use]] = defaultdict(list)
    for use in uses(company):
        deal = company.deals_by_id.get(use.row["opportunity_id"] or "")
        if deal and deal.closed_at and use.row["occurred_at"] <= deal.closed_at:
            found[deal.deal_id].append(use)
    return found


def collateral_win_rate_lift(company: Company) -> Cells:
    """Win rate of deals in which collateral was used, less that of the others."""
    frame, used = company.frame, uses_of_deals(company)
    periods: dict[tuple[str, date], list[Deal]] = defaultdict(list)
    for deal in company.deals:
        if deal.is_decided and not deal.is_renewal and deal.closed_on:
            for grain in frame.grains:
                if grain in MONTH_GRAINS:
                    periods[grain, frame.start(deal.closed_on, grain)].append(deal)
    cells: Cells = {}
    for (grain, start), deals in periods.items():
        kinds = {deal.deal_id: {use.kind for use in used.get(deal.deal_id, [])} for deal in deals}
        cuts: list[tuple[str, str, list[Deal]]] = [
            ("all", "all", [deal for deal in deals if kinds[deal.deal_id]])
        ]
        for kind in set().union(*kinds.values()):
            having = [deal for deal in deals if kind in kinds[deal.deal_id]]
            cuts.append(("collateral_type", kind or "unassigned", having))
        for dimension, member, having in cuts:
            lacking = [deal for deal in deals if deal not in having]
            if not having or not lacking:
                continue
            key = Key(
                "collateral_win_rate_lift", "headline", "event", grain, start, dimension, member
            )
            above, below = share_won(having), share_won(lacking)
            cells[key] = finish(frame, key, Reading(), above, below, len(deals), above - below)
    return cells


def share_won(deals: list[Deal]) -> float:
    return ratio(sum(deal.is_won for deal in deals), len(deals)) or 0.0


def collateral_influenced_revenue(company: Company) -> Cells:
    """What was won with collateral; a deal with two assets counts once in the total."""
    used = uses_of_deals(company)
    records = [
        Record(
            deal.closed_on,
            deal.value,
            {"collateral_type": use.kind, "collateral": use.asset},
            key=deal.deal_id,
        )
        for deal in company.deals
        if deal.is_won and not deal.is_renewal and deal.closed_on and deal.value is not None
        for use in used.get(deal.deal_id, [])
    ]
    kpi_id, dimensions = "collateral_influenced_revenue", ["collateral_type", "collateral"]
    readings = {"headline": Reading(distinct=True)}
    return roll_up(company.frame, kpi_id, "sum", dimensions, readings, records, MONTH_GRAINS)


KPIS = [
    collateral_adoption_rate,
    collateral_engagement_rate,
    collateral_influenced_revenue,
    collateral_usage_count,
    collateral_win_rate_lift,
]
