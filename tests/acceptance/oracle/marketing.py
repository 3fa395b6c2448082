"""The KPIs of the area marketing that count e-mails and calls to action."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt

from .cells import MONTH_GRAINS, Cells, Key, Reading, Record, finish, flow, ratio
from .company import Company
from .world import Row, World

Members = dict[str, str | None]
ONE_DAY = timedelta(days=1)


def by_id(world: World, entity: str) -> dict[str, Row]:
    """Rows by their key; a deleted one keeps its name."""
    key = {"ctas": "cta_id", "campaigns": "campaign_id"}[entity]
    return {row[key]: row for row in world.current[entity]}


def is_test_lead(company: Company, lead_id: str | None) -> bool:
    """Whether the surviving lead is of a test account."""
    return company.world.is_test(company.activities.lead_row(lead_id).get("account_id"))


# E-mails


@dataclass
class Send:
    """An e-mail that arrived: whether and when a person opened it."""

    row: Row
    sent_on: date
    opened_at: datetime | None
    was_opened_at_all: bool
    segment: str | None

    @property
    def members(self) -> Members:
        return {
            "campaign": self.row["campaign_id"],
            "rep": self.row["rep_id"],
            "subject_variant": self.variant,
            "segment": self.segment,
        }

    @property
    def variant(self) -> str | None:
        variant: str | None = self.row["subject_variant"]
        return variant.lower() if variant else None


def delivered_sends(company: Company) -> list[Send]:
    """An opened or clicked e-mail arrived, whatever the server said; a bounced one did not."""
    world = company.world
    events: dict[str, list[Row]] = defaultdict(list)
    for event in world.alive("email_events"):
        if world.has_happened(event["occurred_at"]):
            events[event["email_send_id"]].append(event)
    found = []
    for row in world.alive("email_sends"):
        account = company.activities.contact_row(row["contact_id"]).get("account_id")
        if not world.has_happened(row["sent_at"]) or world.is_test(account):
            continue
        own = events[row["email_send_id"]]
        kinds = {event["event_type"] for event in own}
        is_read = bool(kinds & {"opened", "clicked"})
        if not is_read and ("delivered" not in kinds or "bounced" in kinds):
            continue
        opens = [
            event["occurred_at"]
            for event in own
            if event["event_type"] == "opened" and not event["is_machine_open"]
        ]
        found.append(
            Send(
                row,
                world.business_date(row["sent_at"]),
                min(opens, default=None),
                "opened" in kinds,
                world.account(account).get("segment"),
            )
        )
    return found


def email_open_rate(company: Company) -> Cells:
    """Of the e-mails delivered, those that a person opened."""
    records = []
    for send in delivered_sends(company):
        day, members = send.sent_on, send.members
        is_opened, is_touched = int(send.opened_at is not None), int(send.was_opened_at_all)
        records.append(Record(day, is_opened, members))
        records.append(Record(day, is_touched, members, variant="with_machine_opens"))
        records.append(Record(day, 0, members, 1, "by_event"))
        if send.opened_at:
            opened_on = company.world.business_date(send.opened_at)
            records.append(Record(opened_on, 1, members, 0, "by_event"))
    readings = {
        "headline": Reading("cohort"),
        "with_machine_opens": Reading("cohort"),
        "by_event": Reading(kind="ratio"),
    }
    dimensions = ["campaign", "rep", "subject_variant", "segment"]
    return flow(company.frame, "email_open_rate", "rate", dimensions, readings, records)


@dataclass
class Opens:
    """E-mails delivered and opened."""

    opened: int = 0
    delivered: int = 0

    def add(self, send: Send) -> None:
        self.delivered += 1
        self.opened += send.opened_at is not None

    @property
    def rate(self) -> float:
        return self.opened / self.delivered


def subject_line_open_lift(company: Company) -> Cells:
    """How much better subject lines are opened than the control of their campaign and period."""
    frame = company.frame
    groups: dict[tuple[str, date], dict[str, list[Send]]] = defaultdict(lambda: defaultdict(list))
    for send in delivered_sends(company):
        if send.row["campaign_id"] and send.variant:
            for grain in frame.grains:
                if grain in MONTH_GRAINS:
                    place = grain, frame.start(send.sent_on, grain)
                    groups[place][send.row["campaign_id"]].append(send)
    cells: Cells = {}
    for (grain, start), campaigns in groups.items():
        sides: dict[tuple[str, str], tuple[Opens, Opens]] = defaultdict(lambda: (Opens(), Opens()))
        for campaign, sends in campaigns.items():
            controls = [send for send in sends if send.variant == "control"]
            tried = [send for send in sends if send.variant != "control"]
            if not controls:
                continue
            names = {("campaign_variant", f"{campaign}/{send.variant}") for send in tried}
            for cut in {("all", "all"), ("campaign", campaign), *names}:
                for send in controls:
                    sides[cut][1].add(send)
            for send in tried:
                name = ("campaign_variant", f"{campaign}/{send.variant}")
                for cut in (("all", "all"), ("campaign", campaign), name):
                    sides[cut][0].add(send)
        for cut, (own, control) in sides.items():
            if not own.delivered or not control.delivered:
                continue
            gain = own.rate - control.rate
            size = own.delivered + control.delivered
            for variant, below in (("headline", control.rate), ("z_score", spread(own, control))):
                key = Key("subject_line_open_lift", variant, "cohort", grain, start, *cut)
                value = ratio(gain, below)
                cells[key] = finish(frame, key, Reading(), gain, below, size, value)
    return cells


def spread(own: Opens, control: Opens) -> float:
    """Standard error of the difference of two rates, as if both were one."""
    pooled = (own.opened + control.opened) / (own.delivered + control.delivered)
    return sqrt(pooled * (1 - pooled) * (1 / own.delivered + 1 / control.delivered))


# Calls to action

CTA_DIMENSIONS = ["cta", "placement", "campaign", "channel"]


def cta_events(company: Company, kind: str) -> list[Row]:
    """Events of people, in order; those of a lead of a test account are out."""
    world = company.world
    return sorted(
        (
            row
            for row in world.alive("cta_events")
            if row["event_type"] == kind
            and not row["is_bot"]
            and not is_test_lead(company, row["lead_id"])
            and world.has_happened(row["occurred_at"])
        ),
        key=lambda row: (row["occurred_at"], row["cta_event_id"]),
    )


def cta_members(company: Company, event: Row) -> Members:
    cta = by_id(company.world, "ctas").get(event["cta_id"], {})
    campaign = by_id(company.world, "campaigns").get(cta.get("campaign_id") or "", {})
    return {
        "cta": event["cta_id"],
        "placement": cta.get("placement"),
        "campaign": cta.get("campaign_id"),
        "channel": campaign.get("channel"),
    }


def cta_click_through_rate(company: Company) -> Cells:
    """Clicks over impressions; visitors who clicked over those who saw it."""
    records = []
    for kind, above, below in (("impression", 0, 1), ("click", 1, 0)):
        for event in cta_events(company, kind):
            day = company.world.business_date(event["occurred_at"])
            members = cta_members(company, event)
            key = f"{event['visitor_id']}/{event['cta_id']}"
            records.append(Record(day, above, members, below))
            records.append(Record(day, above, members, below, "unique_visitors", key=key))
    readings = {"headline": Reading(), "unique_visitors": Reading(distinct=True)}
    kpi_id = "cta_click_through_rate"
    return flow(company.frame, kpi_id, "ratio", CTA_DIMENSIONS, readings, records)


def cta_click_to_submission_rate(company: Company) -> Cells:
    """Of the clicks, those that led to a submission within a day."""
    world = company.world
    clicks = cta_events(company, "click")
    submitted: dict[str, datetime] = {}
    for event in cta_events(company, "submission"):
        before = [
            click
            for click in clicks
            if (click["visitor_id"], click["cta_id"]) == (event["visitor_id"], event["cta_id"])
            and click["occurred_at"] <= event["occurred_at"]
        ]
        if before and event["occurred_at"] - before[-1]["occurred_at"] <= ONE_DAY:
            submitted.setdefault(before[-1]["cta_event_id"], event["occurred_at"])
    records = []
    for click in clicks:
        day = world.business_date(click["occurred_at"])
        members = cta_members(company, click)
        at = submitted.get(click["cta_event_id"])
        records.append(Record(day, int(at is not None), members))
        records.append(Record(day, 0, members, 1, "by_event"))
        if at:
            records.append(Record(world.business_date(at), 1, members, 0, "by_event"))
    readings = {"headline": Reading("cohort", days=1), "by_event": Reading(kind="ratio")}
    kpi_id, dimensions = "cta_click_to_submission_rate", ["cta", "campaign", "placement", "channel"]
    return flow(company.frame, kpi_id, "rate", dimensions, readings, records)


KPIS = [
    cta_click_through_rate,
    cta_click_to_submission_rate,
    email_open_rate,
    subject_line_open_lift,
]
