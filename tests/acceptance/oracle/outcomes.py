"""The KPIs of the area pipeline on how deals ended."""

from __future__ import annotations

import unicodedata
from datetime import date

from .cells import MONTH_GRAINS, Cells, Number, Reading, Record, flow, roll_up
from .company import Company
from .deals import Deal
from .periods import ONE_DAY, period_end
from .revenue import Members, deal_members
from .rivals import NO_COMPETITOR, Proposal, competitors_of, proposals_of


def horizon(company: Company) -> Reading:
    """A cohort that is given its time."""
    return Reading("cohort", days=company.world.options.conversion_horizon_days, kind="rate")


def lost_deals(company: Company) -> list[tuple[Deal, date]]:
    """G18: renewals are out, and so is what never was a deal."""
    return [
        (deal, deal.closed_on)
        for deal in company.deals
        if deal.is_lost and deal.is_counted and deal.closed_on
    ]


def label_key(text: str | None) -> str:
    """The same reason in another spelling."""
    folded = unicodedata.normalize("NFKC", text or "").strip().lower()
    return folded or "unknown"


def loss_records(
    company: Company, deal: Deal, day: date, amount: Number, variant: str
) -> list[Record]:
    """One record for each competitor that took part."""
    visits = company.journeys[deal.deal_id].visits
    members = deal_members(company, deal, day) | {
        "loss_reason": label_key(deal.loss_reason),
        "stage": visits[-1].stage.member if visits else "unknown",
    }
    rivals = company.competitors.get(deal.deal_id, [NO_COMPETITOR])
    return [
        Record(day, amount, members | {"competitor": name}, 1, variant, key=deal.deal_id)
        for name in rivals
    ]


def lost_opportunities(company: Company) -> Cells:
    """Deals lost, and what those of a known value were worth."""
    records = []
    for deal, day in lost_deals(company):
        records += loss_records(company, deal, day, 1, "headline")
        if deal.value is not None:
            records += loss_records(company, deal, day, deal.value, "amount")
    readings = {"headline": Reading(distinct=True), "amount": Reading(distinct=True)}
    dimensions = ["rep", "team", "loss_reason", "competitor", "stage", "segment"]
    return flow(company.frame, "lost_opportunities", "sum", dimensions, readings, records)


def loss_reason_share(company: Company) -> Cells:
    """Reasons, competitors and stages as shares of all deals lost."""
    records = []
    for deal, day in lost_deals(company):
        records += loss_records(company, deal, day, 1, "headline")
    dimensions = ["loss_reason", "competitor", "stage"]
    readings = {"headline": Reading(distinct=True, of_total=tuple(dimensions))}
    return roll_up(
        company.frame, "loss_reason_share", "rate", dimensions, readings, records, MONTH_GRAINS
    )


def created_to_lost_ratio(company: Company) -> Cells:
    """Deals created over deals lost; of those created the lost and the open ones."""
    records = []
    for deal in company.deals:
        if deal.is_counted:
            day = deal.created_on
            members = deal_members(company, deal, day)
            records.append(Record(day, 1, members, 0))
            records.append(Record(day, int(deal.is_lost), members, 1, "lost_share"))
            records.append(Record(day, int(deal.is_open), members, 1, "still_open"))
    for deal, day in lost_deals(company):
        records.append(Record(day, 0, deal_members(company, deal, day), 1))
    readings = {
        "headline": Reading(),
        "lost_share": horizon(company),
        "still_open": horizon(company),
    }
    dimensions = ["rep", "team", "segment", "motion"]
    return roll_up(
        company.frame, "created_to_lost_ratio", "ratio", dimensions, readings, records, MONTH_GRAINS
    )


def decided_deals(company: Company) -> list[tuple[Deal, date]]:
    return [
        (deal, deal.closed_on)
        for deal in company.deals
        if deal.is_decided and deal.is_counted and deal.closed_on
    ]


def win_loss_ratio(company: Company) -> Cells:
    """Deals won over deals lost."""
    records = []
    for deal, day in decided_deals(company):
        for name in company.competitors.get(deal.deal_id, [NO_COMPETITOR]):
            members = deal_members(company, deal, day) | {"competitor": name}
            won = int(deal.is_won)
            records.append(Record(day, won, members, 1 - won, key=deal.deal_id))
    readings = {"headline": Reading(distinct=True)}
    dimensions = ["rep", "team", "segment", "motion", "sourcing_rep", "competitor"]
    return flow(company.frame, "win_loss_ratio", "ratio", dimensions, readings, records)


def competitor_win_rate(company: Company) -> Cells:
    """Deals won among those decided with a competitor; with it as the main one."""
    main = competitors_of(company.world, is_primary=True)
    records = []
    for deal, day in decided_deals(company):
        for variant, rivals in (("headline", company.competitors), ("primary", main)):
            for name in rivals.get(deal.deal_id, [NO_COMPETITOR]):
                members: Members = {"competitor": name}
                records.append(Record(day, int(deal.is_won), members, 1, variant, key=deal.deal_id))
    readings = {"headline": Reading(distinct=True), "primary": Reading(distinct=True)}
    return roll_up(
        company.frame,
        "competitor_win_rate",
        "rate",
        ["competitor"],
        readings,
        records,
        MONTH_GRAINS,
    )


def close_ratio(company: Company) -> Cells:
    """Deals won among those worked in a period: created by its end, not closed before it."""
    frame, world = company.frame, company.world
    grains = ["week", *MONTH_GRAINS]
    records = []
    for deal in company.deals:
        if not deal.is_counted:
            continue
        members = deal_members(company, deal, deal.created_on)
        records.append(Record(deal.created_on, int(deal.is_won), members, 1, "by_creation"))
        last = deal.closed_on or world.as_of
        for grain in frame.grains:
            if grain not in grains:
                continue
            # A deal that was closed before it was created was worked in no period between.
            start = frame.start(deal.created_on, grain)
            while start <= last:
                end = period_end(start, grain)
                day = min(last, end - ONE_DAY)
                won = int(deal.is_won and deal.closed_on is not None and deal.closed_on < end)
                members = deal_members(company, deal, day)
                records.append(Record(start, won, members, 1, grain=grain))
                start = end
    readings = {"headline": Reading(), "by_creation": horizon(company)}
    dimensions = ["rep", "team", "segment"]
    return roll_up(frame, "close_ratio", "rate", dimensions, readings, records, grains)


def proposals_sent(company: Company) -> Cells:
    """Deals by their first proposal, and every version; renewals too."""
    records = []
    for versions in proposals_of(company.world, company.deals_by_id).values():
        for proposal in versions:
            members = proposal_members(company, proposal)
            records.append(Record(proposal.sent_on, 1, members, variant="versions"))
        members = proposal_members(company, versions[0])
        records.append(Record(versions[0].sent_on, 1, members))
    readings = {"headline": Reading(), "versions": Reading()}
    dimensions = ["rep", "team", "sourcing_rep", "motion", "segment"]
    return flow(company.frame, "proposals_sent", "sum", dimensions, readings, records)


def proposal_members(company: Company, proposal: Proposal) -> Members:
    """Who sent it, and the deal."""
    deal = proposal.deal
    return {
        "rep": proposal.sender,
        "team": company.world.team(proposal.sender, proposal.sent_on).team_id,
        "sourcing_rep": deal.sourced_by,
        "motion": deal.motion,
        "segment": deal.segment,
    }


def contract_close_rate(company: Company) -> Cells:
    """Deals signed among those that received a proposal, by the day of the first."""
    records = []
    for versions in proposals_of(company.world, company.deals_by_id).values():
        deal, first = versions[0].deal, versions[0]
        if not deal.is_counted:
            continue
        signed = min((p.signed_on for p in versions if p.signed_on), default=None)
        declined = min((p.declined_on for p in versions if p.declined_on), default=None)
        members = proposal_members(company, first)
        members["response_bucket"] = response_bucket(first.sent_on, signed or declined)
        is_waiting = not signed and deal.is_open and not versions[-1].declined_on
        day = first.sent_on
        records.append(Record(day, int(signed is not None), members))
        records.append(Record(day, int(is_waiting), members, 1, "still_open"))
        records.append(Record(day, 0, members, 1, "by_event"))
        if signed:
            records.append(Record(signed, 1, members, 0, "by_event"))
    readings = {
        "headline": horizon(company),
        "still_open": horizon(company),
        "by_event": Reading(kind="ratio"),
    }
    dimensions = ["rep", "team", "segment", "response_bucket"]
    return roll_up(
        company.frame, "contract_close_rate", "rate", dimensions, readings, records, MONTH_GRAINS
    )


def response_bucket(sent_on: date, answered_on: date | None) -> str | None:
    """How long the answer took."""
    if answered_on is None:
        return None
    days = (answered_on - sent_on).days
    return "00-07" if days <= 7 else "08-30" if days <= 30 else "31+"


KPIS = [
    close_ratio,
    competitor_win_rate,
    contract_close_rate,
    created_to_lost_ratio,
    loss_reason_share,
    lost_opportunities,
    proposals_sent,
    win_loss_ratio,
]
