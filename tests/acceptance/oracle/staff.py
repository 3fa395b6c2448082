"""The KPIs of the area people: what employees say, and how long it takes to settle in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from .cells import MONTH_GRAINS, Cells, Key, Reading, Record, finish, roll_up, value_of
from .company import Company
from .engagement import vote
from .periods import ONE_DAY, period_end
from .revenue import quota_attainment
from .targets import PREFERENCE, Target, load_targets
from .world import decimal_days

Members = dict[str, str | None]


@dataclass
class Answer:
    """The last answer of an employee to one question of a wave."""

    wave: str
    #: the day of the first answer of the wave
    day: date
    team: str
    question: str
    score: int


def answers(company: Company) -> list[Answer]:
    """One answer for each respondent, wave and question."""
    world = company.world
    rows = sorted(
        (row for row in world.alive("employee_surveys") if world.has_happened(row["responded_at"])),
        key=lambda row: (row["responded_at"], row["answer_id"]),
    )
    first_days: dict[str, date] = {}
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        first_days.setdefault(row["survey_wave"], world.business_date(row["responded_at"]))
        last[row["respondent_key"], row["survey_wave"], row["question_kind"]] = row
    return [
        Answer(
            row["survey_wave"],
            first_days[row["survey_wave"]],
            row["team_id"],
            row["question_kind"],
            row["score"],
        )
        for row in last.values()
    ]


def anonymous(company: Company, basis: str = "event") -> Reading:
    """So few answers that they could be traced to a person are not shown."""
    return Reading(basis, min_sample=company.world.options.min_n, is_anonymous=True)


def enps(company: Company) -> Cells:
    """Promoters less detractors among the employees."""
    records = [
        Record(answer.day, vote(answer.score), {"team": answer.team, "wave": answer.wave})
        for answer in answers(company)
        if answer.question == "enps"
    ]
    readings = {"headline": anonymous(company)}
    return roll_up(
        company.frame, "enps", "score", ["team", "wave"], readings, records, MONTH_GRAINS
    )


def employee_survey_item_score(company: Company) -> Cells:
    """Mean score of the other questions."""
    records = [
        Record(
            answer.day,
            answer.score,
            {"question_kind": answer.question, "team": answer.team, "wave": answer.wave},
        )
        for answer in answers(company)
        if answer.question != "enps"
    ]
    dimensions = ["question_kind", "team", "wave"]
    readings = {"headline": anonymous(company)}
    return roll_up(
        company.frame,
        "employee_survey_item_score",
        "average",
        dimensions,
        readings,
        records,
        MONTH_GRAINS,
    )


def enps_vs_target(company: Company) -> Cells:
    """The last wave of a period against the target in whose period it lies, in points."""
    frame, reading = company.frame, anonymous(company)
    votes: dict[tuple[str, str], dict[tuple[date, str], list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for answer in answers(company):
        if answer.question == "enps":
            for cut in (("all", "all"), ("team", answer.team)):
                votes[cut][answer.day, answer.wave].append(vote(answer.score))
    targets = [
        target
        for target in load_targets(company.world)
        if target.measure == "enps" and target.dimension in ("all", "team")
    ]
    cells: Cells = {}
    for (dimension, member), waves in votes.items():
        for (day, wave), given in sorted(waves.items()):
            score = sum(given) * 100 / len(given)
            target = target_on(targets, dimension, member, day)
            aim = target.value if target else None
            # In order of time: the last wave of a period takes the place of those before it.
            cuts = [(dimension, member)] + ([("wave", wave)] if dimension == "all" else [])
            for grain in frame.grains:
                if grain not in MONTH_GRAINS:
                    continue
                for cut in cuts:
                    start = frame.start(day, grain)
                    key = Key("enps_vs_target", "headline", "event", grain, start, *cut)
                    value = value_of("difference", score, aim)
                    cells[key] = finish(frame, key, reading, score, aim, len(given), value)
    return cells


def target_on(targets: list[Target], dimension: str, member: str, day: date) -> Target | None:
    """A goal goes before a quota and that before a benchmark."""
    own = [
        target
        for target in targets
        if (target.dimension, target.member) == (dimension, member)
        and target.start <= day < target.end
    ]
    return min(own, key=lambda t: (PREFERENCE[t.kind], t.target_id), default=None)


def rep_cut(company: Company, rep: str | None, day: date) -> Members:
    team = company.world.team(rep, day)
    return {"team": team.team_id, "territory": team.territory_id, "role": team.role}


def rep_onboarding_time(company: Company) -> Cells:
    """Days until an employee was settled, had a first win, and reached a quota."""
    world = company.world
    records = []
    for row in world.alive("onboardings"):
        done_at, rep = row["completed_at"], row["rep_id"]
        if row["subject_type"] != "employee" or not world.has_happened(done_at):
            continue
        left = world.reps.get(rep or "", {}).get("terminated_on")
        done_on, started_on = map(world.business_date, (done_at, row["started_at"]))
        if done_at < row["started_at"] or (left and left <= done_on):
            continue
        days = decimal_days(row["started_at"], done_at)
        for variant, day in (("headline", done_on), ("by_start", started_on)):
            records.append(Record(day, days, rep_cut(company, rep, day), variant=variant))
    quotas = quotas_reached(company)
    for rep_row in world.alive("reps"):
        rep, hired = rep_row["rep_id"], rep_row["hired_on"]
        wins = [
            deal.closed_on
            for deal in company.deals
            if deal.is_won and deal.is_counted and deal.owner == rep and deal.closed_on
        ]
        first = min((day for day in wins if day >= hired), default=None)
        if first:
            cut = rep_cut(company, rep, first)
            records.append(Record(first, (first - hired).days, cut, variant="to_first_win"))
        if end := min((end for end in quotas[rep] if end > hired), default=None):
            last = end - ONE_DAY
            cut = rep_cut(company, rep, last)
            records.append(Record(last, (end - hired).days, cut, variant="to_quota"))
    readings = {
        "headline": Reading(),
        "by_start": Reading("cohort"),
        "to_first_win": Reading(),
        "to_quota": Reading(),
    }
    dimensions = ["team", "territory", "role"]
    return roll_up(
        company.frame,
        "rep_onboarding_time",
        "average",
        dimensions,
        readings,
        records,
        MONTH_GRAINS,
    )


def quotas_reached(company: Company) -> dict[str, list[date]]:
    """The ends of the complete months and quarters in which a rep reached the quota."""
    found: dict[str, list[date]] = defaultdict(list)
    for key, cell in company.cells_of(quota_attainment).items():
        if (
            (key.variant, key.dimension) == ("headline", "rep")
            and key.period_grain in ("month", "quarter")
            and cell.is_complete_period
            and cell.kpi_value is not None
            and cell.kpi_value >= 1
        ):
            found[key.dimension_value].append(period_end(key.period_start, key.period_grain))
    return found


def customer_onboarding_time(company: Company) -> Cells:
    """Days until a customer was settled; who was lost before is counted apart."""
    world = company.world
    records = []
    for row in world.alive("onboardings"):
        if row["subject_type"] != "customer" or world.is_test(row["account_id"]):
            continue
        if not world.has_happened(row["started_at"]):
            continue
        account = world.account_of(row["account_id"]) or ""
        done_at = row["completed_at"] if world.has_happened(row["completed_at"]) else None
        done_on = world.business_date(done_at) if done_at else None
        started_on = world.business_date(row["started_at"])
        members = {
            "segment": world.account(account).get("segment"),
            "vertical": world.account(account).get("vertical"),
        }
        customer = company.customers.get(account)
        ends = [
            spell.end
            for spell in (customer.spells if customer else [])
            if spell.end and spell.end > started_on and (done_on is None or spell.end <= done_on)
        ]
        if ends:
            records.append(Record(min(ends) - ONE_DAY, 1, members, 1, "lost_before"))
        elif done_at and done_on and done_at >= row["started_at"]:
            days = decimal_days(row["started_at"], done_at)
            records.append(Record(done_on, days, members))
            records.append(Record(started_on, days, members, 1, "by_start"))
            win = company.first_wins.get(account)
            if win and win.closed_at and win.closed_at <= done_at:
                wait = decimal_days(win.closed_at, done_at)
                records.append(Record(done_on, wait, members, 1, "from_close"))
    readings = {
        "headline": Reading(),
        "by_start": Reading("cohort"),
        "from_close": Reading(),
        "lost_before": Reading(kind="sum"),
    }
    return roll_up(
        company.frame,
        "customer_onboarding_time",
        "average",
        ["segment", "vertical"],
        readings,
        records,
        MONTH_GRAINS,
    )


KPIS = [
    customer_onboarding_time,
    employee_survey_item_score,
    enps,
    enps_vs_target,
    rep_onboarding_time,
]
