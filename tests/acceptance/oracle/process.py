"""The KPIs of the area people on keeping to the sales process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .cells import MONTH_GRAINS, Cells, Reading, Record, roll_up
from .company import Company
from .deals import Deal
from .outcomes import decided_deals
from .revenue import Members
from .stages import Stage, load_stages


@dataclass
class Check:
    """A required stage that a decided deal should have been in."""

    stage: Stage
    #: none where it was skipped or clicked through
    entered: datetime | None


def process_checks(company: Company) -> list[tuple[Deal, date, list[Check]]]:
    """Required stages up to the furthest one; of a won deal all of them."""
    stages = load_stages(company.world)
    dwell = timedelta(seconds=company.world.options.process_min_dwell_seconds)
    found = []
    for deal, closed_on in decided_deals(company):
        journey = company.journeys[deal.deal_id]
        if not journey.entries:
            continue
        visits = journey.visits
        furthest = max((visit.stage.order for visit in visits), default=-1)
        checks = []
        for stage in stages.get(deal.pipeline, {}).values():
            is_due = deal.is_won or stage.order <= furthest
            if stage.is_open and stage.is_required and is_due:
                entered = [
                    visit.entered
                    for visit in visits
                    if visit.stage == stage and visit.left and visit.left - visit.entered >= dwell
                ]
                checks.append(Check(stage, min(entered, default=None)))
        checks.sort(key=lambda check: check.stage.order)
        found.append((deal, closed_on, checks))
    return found


def process_cut(company: Company, deal: Deal, day: date) -> Members:
    return {
        "rep": deal.owner,
        "team": company.world.team(deal.owner, day).team_id,
        "pipeline": deal.pipeline,
    }


def sales_process_adherence_rate(company: Company) -> Cells:
    """Decided deals that were in every due stage, one after the other."""
    records = []
    for deal, day, checks in process_checks(company):
        if not checks:
            continue
        times = [check.entered for check in checks if check.entered]
        in_order = len(times) == len(checks) and times == sorted(times)
        records.append(Record(day, int(in_order), process_cut(company, deal, day)))
    dimensions = ["rep", "team", "pipeline"]
    return roll_up(
        company.frame,
        "sales_process_adherence_rate",
        "rate",
        dimensions,
        {"headline": Reading()},
        records,
        MONTH_GRAINS,
    )


def stage_skip_rate(company: Company) -> Cells:
    """Due stages that a decided deal was not in."""
    records = []
    for deal, day, checks in process_checks(company):
        for check in checks:
            members = process_cut(company, deal, day) | {"stage": check.stage.member}
            records.append(Record(day, int(check.entered is None), members))
    dimensions = ["rep", "team", "pipeline", "stage"]
    return roll_up(
        company.frame,
        "stage_skip_rate",
        "rate",
        dimensions,
        {"headline": Reading()},
        records,
        MONTH_GRAINS,
    )


KPIS = [sales_process_adherence_rate, stage_skip_rate]
