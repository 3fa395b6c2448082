"""Activities: whom each was with and what it counts as; prospects, replies and meetings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .customers import Customer
from .deals import Deal
from .leads import Lead, by_member
from .persons import Persons
from .world import Row, World

MEETINGS = {"video_meeting", "in_person_meeting", "demo"}


@dataclass(frozen=True)
class Activity:
    """One touch, reply or meeting, of whatever status."""

    activity_id: str
    kind: str
    direction: str
    status: str
    rep: str | None
    person: str | None
    account: str | None
    lead_id: str | None
    contact_id: str | None
    deal_id: str | None
    #: none while it has not happened
    occurred_at: datetime | None
    occurred_on: date | None
    booked_at: datetime | None
    scheduled_for: datetime | None
    is_cold: bool
    is_automated: bool
    is_auto_reply: bool
    sentiment: str | None
    objection: str | None
    moved_from: str | None
    #: the account was a customer already
    is_with_customer: bool

    @property
    def is_completed(self) -> bool:
        return self.status == "completed" and self.occurred_at is not None

    @property
    def is_human(self) -> bool:
        """G14: completed, and no machine."""
        return self.is_completed and not self.is_automated and not self.is_auto_reply

    @property
    def is_outbound_touch(self) -> bool:
        return self.is_human and self.direction == "outbound"

    @property
    def is_reply(self) -> bool:
        """From a prospect; a call that was answered is one when it left an impression."""
        is_answered = self.kind == "call" and self.sentiment is not None
        return (
            self.is_human
            and (self.direction == "inbound" or is_answered)
            and (self.person is not None or self.account is not None)
            and not self.is_with_customer
        )

    @property
    def moment(self) -> datetime:
        assert self.occurred_at is not None
        return self.occurred_at

    @property
    def day(self) -> date:
        assert self.occurred_on is not None
        return self.occurred_on


def in_order(activity: Activity) -> tuple[datetime, str]:
    """Earlier first; of one instant by id."""
    return activity.moment, activity.activity_id


@dataclass
class Prospect:
    """A person who was touched at least once."""

    person: str
    #: outbound touches in order
    touches: list[Activity]
    #: the earliest created lead that is this person
    lead: Lead | None
    account: str | None
    was_customer: bool
    #: the first win with this person after the first touch
    won: Deal | None = None

    @property
    def first(self) -> Activity:
        return self.touches[0]

    def touches_until_won(self) -> list[Activity]:
        """Touches after the conversion are not counted."""
        closed_at = self.won.closed_at if self.won else None
        return [t for t in self.touches if closed_at is None or t.moment <= closed_at]


@dataclass
class Meeting:
    """A chain of reschedules, which is one meeting."""

    root: Activity
    members: list[Activity]
    booked_on: date


@dataclass
class Activities:
    """Every activity of the company and what follows from it."""

    world: World
    leads: list[Lead]
    deals: list[Deal]
    customers: dict[str, Customer]
    _zones: dict[str, ZoneInfo | None] = field(default_factory=dict)

    @cached_property
    def persons(self) -> Persons:
        return Persons(self.world)

    @cached_property
    def all(self) -> list[Activity]:
        """Without deleted ones and those of test accounts."""
        accounts = {
            r["opportunity_id"]: r["account_id"] for r in self.world.current["opportunities"]
        }
        found = []
        for row in self.world.alive("activities"):
            account = self._account(row, accounts)
            if not self.world.is_test(account):
                found.append(self._activity(row, account))
        return found

    def _account(self, row: Row, of_deals: dict[str, str]) -> str | None:
        """Its own, else that of its lead, contact or deal."""
        account = (
            row["account_id"]
            or self.lead_row(row["lead_id"]).get("account_id")
            or self.contact_row(row["contact_id"]).get("account_id")
            or of_deals.get(row["opportunity_id"] or "")
        )
        return self.world.account_of(account)

    def lead_row(self, lead_id: str | None) -> Row:
        """The surviving lead."""
        persons = self.persons
        return persons.lead_rows.get(persons.lead_survivors.get(lead_id or "", ""), {})

    def contact_row(self, contact_id: str | None) -> Row:
        """The surviving contact."""
        persons = self.persons
        return persons.contacts.get(persons.contact_survivors.get(contact_id or "", ""), {})

    def _activity(self, row: Row, account: str | None) -> Activity:
        world = self.world
        occurred_at = row["occurred_at"] if world.has_happened(row["occurred_at"]) else None
        occurred_on = world.business_date(occurred_at) if occurred_at else None
        return Activity(
            activity_id=row["activity_id"],
            kind=row["activity_type"],
            direction=row["direction"],
            status=row["status"],
            rep=row["rep_id"],
            person=self.persons.of_activity(row),
            account=account,
            lead_id=row["lead_id"],
            contact_id=row["contact_id"],
            deal_id=row["opportunity_id"],
            occurred_at=occurred_at,
            occurred_on=occurred_on,
            booked_at=row["booked_at"],
            scheduled_for=row["scheduled_for"],
            is_cold=bool(row["is_cold"]),
            is_automated=bool(row["is_automated"]),
            is_auto_reply=bool(row["is_auto_reply"]),
            sentiment=row["reply_sentiment"],
            objection=row["objection_type"],
            moved_from=row["rescheduled_from_activity_id"],
            is_with_customer=self.is_customer(account, occurred_on),
        )

    def is_customer(self, account: str | None, day: date | None) -> bool:
        """Whether an account was a customer on a day."""
        customer = self.customers.get(account or "")
        return customer is not None and day is not None and customer.since <= day

    def zone_of(self, rep: str | None) -> ZoneInfo | None:
        """Where a rep works, if that is known."""
        name = self.world.reps.get(rep or "", {}).get("time_zone") or ""
        if name not in self._zones:
            try:
                self._zones[name] = ZoneInfo(name) if name else None
            except ZoneInfoNotFoundError:
                self._zones[name] = None
        return self._zones[name]

    def rep_local_on(self, activity: Activity) -> date:
        """The date where the rep is; the company's where that is unknown."""
        zone = self.zone_of(activity.rep) or self.world.zone
        return activity.moment.astimezone(zone).date()

    @cached_property
    def human(self) -> list[Activity]:
        return sorted((a for a in self.all if a.is_human), key=in_order)

    @cached_property
    def outbound(self) -> list[Activity]:
        return [activity for activity in self.human if activity.is_outbound_touch]

    @cached_property
    def replies(self) -> list[Activity]:
        return [activity for activity in self.human if activity.is_reply]

    # persons

    @cached_property
    def lead_of(self) -> dict[str, Lead]:
        """The earliest created lead of a person."""
        found: dict[str, Lead] = {}
        for lead in sorted(self.leads, key=lambda lead: (lead.created_at, lead.lead_id)):
            if person := self.persons.of_lead(lead.lead_id):
                found.setdefault(person, lead)
        return found

    @cached_property
    def deals_of(self) -> dict[str, list[Deal]]:
        """Deals whose lead or main contact is a person, the first created first."""
        found: dict[str, list[Deal]] = defaultdict(list)
        for deal in sorted(self.deals, key=lambda deal: (deal.created_at, deal.deal_id)):
            for person in self.persons_of_deal(deal):
                found[person].append(deal)
        return found

    def persons_of_deal(self, deal: Deal) -> set[str]:
        persons = (self.persons.of_lead(deal.lead_id), self.persons.of_contact(deal.contact_id))
        return {person for person in persons if person}

    def account_of_touch(self, touch: Activity) -> str | None:
        """Its account, else that of the person's lead or contact."""
        if touch.account or touch.person is None:
            return touch.account
        lead = self.lead_of.get(touch.person)
        if lead and lead.account_id:
            return lead.account_id
        kind, _, record = touch.person.partition("/")
        row = self.contact_row(record) if kind == "contact" else {}
        return self.world.account_of(row.get("account_id"))

    @cached_property
    def prospects(self) -> dict[str, Prospect]:
        """Everybody who was ever touched."""
        touches: dict[str, list[Activity]] = defaultdict(list)
        for touch in self.outbound:
            if touch.person:
                touches[touch.person].append(touch)
        found = {}
        for person, own in touches.items():
            account = self.account_of_touch(own[0])
            prospect = Prospect(
                person=person,
                touches=own,
                lead=self.lead_of.get(person),
                account=account,
                was_customer=self.is_customer(account, own[0].day),
            )
            prospect.won = first_win(self.deals_of.get(person, []), own[0].moment)
            found[person] = prospect
        return found

    # meetings

    @cached_property
    def meetings(self) -> list[Meeting]:
        """Meetings with prospects that were booked; the reschedules of one are one."""
        own = {
            activity.activity_id: activity
            for activity in self.all
            if activity.kind in MEETINGS
            and (activity.lead_id or activity.contact_id or activity.account or activity.deal_id)
        }
        chains: dict[str, list[Activity]] = defaultdict(list)
        for activity in own.values():
            chains[root_of(activity, own)].append(activity)
        meetings = []
        for root_id, members in chains.items():
            booked = [member.booked_at for member in members if member.booked_at]
            if not booked or not self.world.has_happened(min(booked)):
                continue
            booked_on = self.world.business_date(min(booked))
            if not self.is_customer(own[root_id].account, booked_on):
                meetings.append(Meeting(own[root_id], members, booked_on))
        return meetings

    # deals

    @cached_property
    def of_deals(self) -> dict[str, list[Activity]]:
        """Human activities by the deal that each is credited to."""
        by_id = {deal.deal_id: deal for deal in self.deals}
        by_account: dict[str, list[Deal]] = defaultdict(list)
        for deal in sorted(self.deals, key=lambda deal: (deal.created_at, deal.deal_id)):
            by_account[deal.account_id].append(deal)
        found: dict[str, list[Activity]] = defaultdict(list)
        for activity in self.human:
            credited = by_id.get(activity.deal_id or "")
            if credited is None:
                account = activity.account
                if account is None and (own := self.deals_of.get(activity.person or "")):
                    account = own[0].account_id
                credited = deal_at(by_account.get(account or "", []), activity.moment)
            if credited:
                found[credited.deal_id].append(activity)
        return found


def root_of(activity: Activity, known: dict[str, Activity]) -> str:
    """The first of a chain of reschedules; members of a cycle are a chain of their own."""

    def before(key: str) -> str | None:
        earlier = known[key].moved_from
        return earlier if earlier in known else None

    def is_in_cycle(key: str) -> bool:
        step, seen = before(key), set()
        while step is not None and step not in seen:
            if step == key:
                return True
            seen.add(step)
            step = before(step)
        return False

    key = activity.activity_id
    while not is_in_cycle(key) and (earlier := before(key)) is not None:
        key = earlier
    return key


def first_win(deals: Iterable[Deal], since: datetime) -> Deal | None:
    """The first won deal, renewals aside, that was closed at a moment or later."""
    won = [
        (deal.closed_at, deal.deal_id, deal)
        for deal in deals
        if deal.is_won and not deal.is_renewal and deal.closed_at and deal.closed_at >= since
    ]
    return min(won, key=lambda win: win[:2])[2] if won else None


def deal_at(deals: list[Deal], moment: datetime) -> Deal | None:
    """Of the deals of an account the latest that was open at a moment.

    A touch before the first deal led to it; one after all were closed belongs to none.
    """
    begun = [deal for deal in deals if deal.created_at <= moment]
    if not begun:
        return deals[0] if deals else None
    is_open = [deal for deal in begun if deal.closed_at is None or deal.closed_at >= moment]
    return max(is_open, key=lambda deal: (deal.created_at, deal.deal_id), default=None)


def lead_by_id(leads: Iterable[Lead]) -> dict[str, Lead]:
    """The surviving lead of every record that counts."""
    return by_member({lead.lead_id: lead for lead in leads})
