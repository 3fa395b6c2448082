"""The KPIs of the area customers on talking with them: touches, issues and what they say of us."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from .activities import Activity
from .cells import MONTH_GRAINS, Cells, Reading, Record, roll_up
from .company import Company
from .customers import Customer
from .identity import contact_persons
from .periods import MILLIONTH, ONE_DAY, period_end, periods_between


@dataclass
class CustomerPeriod:
    """A customer in a period, as far as it is known."""

    customer: Customer
    grain: str
    start: date
    #: first day after what is known of it
    after: date

    @property
    def is_active(self) -> bool:
        """On any day of it."""
        return any(
            spell.start < self.after and (spell.end is None or spell.end > self.start)
            for spell in self.customer.spells
        )

    @property
    def is_active_at_end(self) -> bool:
        return self.customer.is_active_at(self.after)


def customer_periods(company: Company) -> Iterator[CustomerPeriod]:
    """Every customer in every month, quarter and year from its first day."""
    as_of = company.world.as_of
    for customer in company.customers.values():
        for grain in company.frame.grains:
            if grain in MONTH_GRAINS:
                for start in periods_between(customer.since, as_of, grain):
                    after = min(period_end(start, grain), as_of + ONE_DAY)
                    yield CustomerPeriod(customer, grain, start, after)


def touches_by_customer(company: Company) -> dict[str, list[Activity]]:
    """What people did with an account since it was a customer, in either direction."""
    found: dict[str, list[Activity]] = defaultdict(list)
    for activity in company.activities.human:
        if activity.is_with_customer and activity.account:
            found[activity.account].append(activity)
    return found


def avg_touches_per_customer(company: Company) -> Cells:
    """Touches over the customers active on any day; those without a touch are in."""
    touches = touches_by_customer(company)
    records = []
    for period in customer_periods(company):
        if not period.is_active:
            continue
        customer = period.customer
        own = [t for t in touches[customer.account_id] if period.start <= t.day < period.after]
        inbound = [touch for touch in own if touch.direction == "inbound"]
        for variant, counted in (("headline", own), ("customer_initiated", inbound)):
            records.append(
                Record(period.start, len(counted), customer.members, 1, variant, grain=period.grain)
            )
    readings = {"headline": Reading(), "customer_initiated": Reading()}
    dimensions = ["account_manager", "segment", "vertical"]
    return roll_up(
        company.frame,
        "avg_touches_per_customer",
        "ratio",
        dimensions,
        readings,
        records,
        MONTH_GRAINS,
    )


def avg_days_between_touches(company: Company) -> Cells:
    """A customer's mean gap, in the period of its later day; and the silence at the end of it."""
    touches = touches_by_customer(company)
    records = []
    for period in customer_periods(company):
        customer = period.customer
        days = sorted({touch.day for touch in touches[customer.account_id]})
        gaps = [
            (later - earlier).days
            for earlier, later in pairwise(days)
            if period.start <= later < period.after
        ]
        members, grain = customer.members, period.grain
        if gaps:
            mean = (Decimal(sum(gaps)) / len(gaps)).quantize(MILLIONTH)
            records.append(Record(period.start, mean, members, 1, grain=grain))
        if period.is_active_at_end:
            last = max((day for day in days if day < period.after), default=customer.since)
            silence = (period.after - ONE_DAY - last).days
            records.append(
                Record(period.start, silence, members, 1, "days_since_last_touch", grain=grain)
            )
    readings = {"headline": Reading(), "days_since_last_touch": Reading("snapshot")}
    dimensions = ["account_manager", "segment"]
    return roll_up(
        company.frame,
        "avg_days_between_touches",
        "average",
        dimensions,
        readings,
        records,
        MONTH_GRAINS,
    )


def client_issue_help_rate(company: Company) -> Cells:
    """Touches in which an issue was raised and solved; not known is not raised."""
    world = company.world
    rows = {row["activity_id"]: row for row in world.alive("activities")}
    records = []
    for account, touches in touches_by_customer(company).items():
        members = company.customers[account].members
        for touch in touches:
            row = rows[touch.activity_id]
            is_raised, is_solved = bool(row["issue_raised"]), bool(row["issue_resolved"])
            cut = {
                "rep": touch.rep,
                "team": world.team(touch.rep, touch.day).team_id,
                "account_manager": members["account_manager"],
                "segment": members["segment"],
            }
            records.append(Record(touch.day, int(is_raised and is_solved), cut))
            if is_raised:
                records.append(Record(touch.day, int(is_solved), cut, 1, "solved_of_raised"))
            is_known = row["issue_raised"] is not None
            records.append(Record(touch.day, int(is_known), cut, 1, "flags_known"))
    readings = {name: Reading() for name in ("headline", "solved_of_raised", "flags_known")}
    dimensions = ["rep", "team", "account_manager", "segment"]
    return roll_up(
        company.frame,
        "client_issue_help_rate",
        "rate",
        dimensions,
        readings,
        records,
        MONTH_GRAINS,
    )


@dataclass
class Survey:
    """A question sent to a contact of a customer, or of an account that was none yet."""

    survey_id: str
    contact: str
    account: str
    sent_at: datetime
    sent_on: date
    #: none while there is no answer
    responded_on: date | None
    score: int | None
    is_eligible: bool


def surveys(company: Company) -> list[Survey]:
    """Surveys sent; an account is asked too early while it is a young customer or none."""
    world = company.world
    persons = contact_persons(world.current["contacts"])
    age = timedelta(days=world.options.nps_min_age_days)
    found = []
    for row in world.alive("nps_surveys"):
        if world.is_test(row["account_id"]) or not world.has_happened(row["sent_at"]):
            continue
        account = world.account_of(row["account_id"]) or ""
        customer = company.customers.get(account)
        sent_on = world.business_date(row["sent_at"])
        is_answered = row["score"] is not None and world.has_happened(row["responded_at"])
        found.append(
            Survey(
                row["survey_id"],
                persons.get(row["contact_id"]) or row["contact_id"],
                account,
                row["sent_at"],
                sent_on,
                world.business_date(row["responded_at"]) if is_answered else None,
                row["score"] if is_answered else None,
                customer is not None and sent_on >= customer.since + age,
            )
        )
    return sorted(found, key=lambda survey: (survey.sent_at, survey.survey_id))


def last_answers(company: Company, asked: list[Survey]) -> list[Survey]:
    """An answer is replaced by the next one of the contact that was asked for soon after it."""
    resend = timedelta(days=company.world.options.nps_resend_days)
    by_contact: dict[str, list[Survey]] = defaultdict(list)
    for survey in asked:
        if survey.is_eligible and survey.score is not None:
            by_contact[survey.contact].append(survey)
    return [
        survey
        for own in by_contact.values()
        for survey, following in zip(own, [*own[1:], None], strict=True)
        if following is None or following.sent_at - survey.sent_at >= resend
    ]


def nps(company: Company) -> Cells:
    """Promoters less detractors; how many answered, and who was asked too early."""
    world = company.world
    asked = surveys(company)
    records = []

    def members_of(survey: Survey) -> dict[str, str | None]:
        account = world.account(survey.account)
        return {
            "segment": account.get("segment"),
            "account_manager": account.get("account_manager_rep_id"),
            "vertical": account.get("vertical"),
        }

    for survey in last_answers(company, asked):
        assert survey.score is not None
        assert survey.responded_on is not None
        members = members_of(survey)
        records.append(Record(survey.responded_on, vote(survey.score), members))
        records.append(Record(survey.sent_on, vote(survey.score), members, 1, "by_wave"))
    for survey in asked:
        members = members_of(survey)
        if survey.is_eligible:
            has_answered = int(survey.score is not None)
            records.append(Record(survey.sent_on, has_answered, members, 1, "response_rate"))
        else:
            records.append(Record(survey.sent_on, 1, members, 1, "too_early"))
    readings = {
        "headline": Reading(),
        "by_wave": Reading("cohort"),
        "response_rate": Reading("cohort", kind="rate"),
        "too_early": Reading(kind="sum"),
    }
    dimensions = ["segment", "account_manager", "vertical"]
    return roll_up(company.frame, "nps", "score", dimensions, readings, records, MONTH_GRAINS)


def vote(score: int) -> int:
    """A promoter, a detractor, or neither."""
    return 1 if score >= 9 else -1 if score <= 6 else 0


KPIS = [avg_days_between_touches, avg_touches_per_customer, client_issue_help_rate, nps]
