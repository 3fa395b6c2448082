"""The KPIs of the area outreach that ask what came of a touch: answers, replies, meetings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from .activities import Activity, Meeting, Prospect
from .cells import MONTH_GRAINS, Cells, Reading, Record, flow, roll_up
from .company import Company
from .outreach import Members, prospect_members, touch_members
from .response import Trigger, business_minutes, office_hours, triggers

TYPES = [
    "call", "email", "video_meeting", "in_person_meeting",
    "demo", "social", "referral_request", "voicemail",
]  # fmt: skip


def trigger_members(company: Company, trigger: Trigger) -> Members:
    """The owner, and the hour at which the owner could have known."""
    lead = trigger.lead
    zone = company.activities.zone_of(lead.owner) or company.world.zone
    return {
        "rep": lead.owner,
        "team": company.world.team(lead.owner, trigger.on).team_id,
        "channel": lead.channel,
        "campaign": lead.campaign,
        "hour_of_day": f"{trigger.at.astimezone(zone).hour:02}",
    }


def lead_response_time(company: Company) -> Cells:
    """Minutes from the question to the first answer; an unanswered one has no time."""
    world = company.world
    hours = office_hours(world)
    records = []
    for trigger in triggers(company):
        members, minutes = trigger_members(company, trigger), trigger.minutes
        if trigger.answered_at is None:
            records.append(Record(trigger.on, 1, members, variant="unresponded"))
            continue
        answered_on = world.business_date(trigger.answered_at)
        records.append(Record(trigger.on, minutes, members))
        records.append(Record(answered_on, minutes, members, variant="by_response"))
        worked = business_minutes(company, hours, trigger)
        if worked is not None:
            records.append(Record(trigger.on, worked, members, variant="business_minutes"))
    readings = {
        "headline": Reading(),
        "business_minutes": Reading(),
        "by_response": Reading(),
        "unresponded": Reading(kind="sum"),
    }
    dimensions = ["rep", "team", "channel", "campaign", "hour_of_day"]
    return flow(company.frame, "lead_response_time", "average", dimensions, readings, records)


def lead_follow_up_rate(company: Company) -> Cells:
    """Of the qualified leads, those that were answered at all, or within a week.

    One that was disqualified before the grace was over needed no answer.
    """
    options = company.world.options
    grace = timedelta(hours=options.follow_up_grace_hours)
    limit = timedelta(days=options.follow_up_days)
    records = []
    for trigger in triggers(company):
        dropped = [at for at, stage in trigger.lead.entries if stage == "disqualified"]
        if any(trigger.at <= at < trigger.at + grace for at in dropped):
            continue
        answered = trigger.answered_at
        in_time = answered is not None and answered <= trigger.at + limit
        members = trigger_members(company, trigger)
        records.append(Record(trigger.on, int(answered is not None), members))
        records.append(Record(trigger.on, int(in_time), members, variant="within_7_days"))
    readings = {
        "headline": Reading("cohort", days=1),
        "within_7_days": Reading("cohort", days=options.follow_up_days),
    }
    dimensions = ["rep", "team", "channel", "campaign"]
    return flow(company.frame, "lead_follow_up_rate", "rate", dimensions, readings, records)


def replies_received(company: Company) -> Cells:
    """What prospects answered."""
    records = [
        Record(reply.day, 1, touch_members(company, reply)) for reply in company.activities.replies
    ]
    dimensions, readings = ["rep", "team", "activity_type"], {"headline": Reading()}
    return flow(company.frame, "replies_received", "sum", dimensions, readings, records)


# The mood of replies

MOOD_DIMENSIONS = ["rep", "team", "method", "channel", "campaign", "segment", "tenure"]


def classified_replies(company: Company) -> dict[str, list[Activity]]:
    """Answers with a mood, by person, whether a customer by then or not."""
    found: dict[str, list[Activity]] = {}
    for activity in company.activities.human:
        is_answer = activity.direction == "inbound" or activity.kind == "call"
        if is_answer and activity.sentiment and activity.person:
            found.setdefault(activity.person, []).append(activity)
    return found


def mood_records(
    company: Company, mood: str, readings: dict[str, Callable[[list[Activity]], bool]]
) -> list[Record]:
    """The cohort of prospects by their replies, and touches against replies of one mood."""
    classified = classified_replies(company)
    records = []
    for prospect in company.activities.prospects.values():
        if prospect.was_customer:
            continue
        members = prospect_members(company, prospect)
        known = classified.get(prospect.person, [])
        after = [reply for reply in known if reply.moment >= prospect.first.moment]
        for variant, is_so in readings.items():
            records.append(Record(prospect.first.day, int(is_so(after)), members, variant=variant))
        for touch in prospect.touches:
            records.append(_by_event(prospect, touch, members, is_reply=False))
        for reply in after:
            if reply.sentiment == mood:
                records.append(_by_event(prospect, reply, members, is_reply=True))
    return records


def _by_event(prospect: Prospect, activity: Activity, members: Members, is_reply: bool) -> Record:
    above, below = (1, 0) if is_reply else (0, 1)
    return Record(activity.day, above, members, below, "by_event", key=prospect.person)


def positive_reply_rate(company: Company) -> Cells:
    """Of the prospects contacted, those whose last classified reply was positive."""
    records = mood_records(
        company,
        "positive",
        {
            "headline": lambda replies: bool(replies) and replies[-1].sentiment == "positive",
            "any_positive": lambda replies: any(r.sentiment == "positive" for r in replies),
            "unclassified": lambda replies: not replies,
        },
    )
    cohort = Reading("cohort")
    readings = dict.fromkeys(("headline", "any_positive", "unclassified"), cohort)
    readings["by_event"] = Reading(distinct=True)
    kpi_id = "positive_reply_rate"
    return roll_up(company.frame, kpi_id, "rate", MOOD_DIMENSIONS, readings, records, MONTH_GRAINS)


def negative_reply_rate(company: Company) -> Cells:
    """Of the prospects contacted, those whose last classified reply was negative."""
    records = mood_records(
        company,
        "negative",
        {"headline": lambda replies: bool(replies) and replies[-1].sentiment == "negative"},
    )
    readings = {"headline": Reading("cohort"), "by_event": Reading(distinct=True)}
    kpi_id = "negative_reply_rate"
    return roll_up(company.frame, kpi_id, "rate", MOOD_DIMENSIONS, readings, records, MONTH_GRAINS)


# Meetings


def meeting_members(company: Company, meeting: Meeting) -> Members:
    """Rep, type and account of the first booking, and the team on its day."""
    members = touch_members(company, meeting.root, meeting.booked_on)
    members["segment"] = company.world.account(meeting.root.account).get("segment")
    return members


def meetings_scheduled(company: Company) -> Cells:
    """Meetings booked, however often they were moved; those held, and those nobody came to."""
    world = company.world
    records = []
    for meeting in company.activities.meetings:
        members = meeting_members(company, meeting)
        records.append(Record(meeting.booked_on, 1, members))
        held = [member for member in meeting.members if member.is_completed]
        if held:
            held_on = min(member.day for member in held)
            records.append(Record(held_on, 1, members, variant="held"))
            continue
        planned = [
            (member.scheduled_for, member.activity_id, member.status)
            for member in meeting.members
            if member.scheduled_for
        ]
        if planned and max(planned)[2] == "no_show":
            missed_on = world.business_date(max(planned)[0])
            records.append(Record(missed_on, 1, members, variant="no_show"))
    readings = {"headline": Reading(), "held": Reading(), "no_show": Reading()}
    dimensions = ["rep", "team", "territory", "activity_type"]
    return flow(company.frame, "meetings_scheduled", "sum", dimensions, readings, records)


def meeting_acceptance_rate(company: Company) -> Cells:
    """Meetings over replies; and of the persons who replied, those who met."""
    world, activities = company.world, company.activities
    records = []
    met = set()
    for meeting in activities.meetings:
        members = meeting_members(company, meeting)
        records.append(Record(meeting.booked_on, 1, members, 0))
        met |= {member.person for member in meeting.members}
    first: dict[str, Activity] = {}
    for reply in activities.replies:
        members = touch_members(company, reply)
        members["segment"] = world.account(reply.account).get("segment")
        records.append(Record(reply.day, 0, members))
        if reply.person and reply.person not in first:
            first[reply.person] = reply
            above = int(reply.person in met)
            records.append(Record(reply.day, above, members, variant="by_prospect"))
    readings = {"headline": Reading(), "by_prospect": Reading("cohort", kind="rate")}
    kpi_id, dimensions = "meeting_acceptance_rate", ["rep", "team", "segment"]
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


def touches_per_closed_deal(company: Company) -> Cells:
    """Touches that a deal took until it was won, all of them and by type."""
    records = []
    for deal in company.deals:
        if not deal.is_decided or deal.is_renewal or deal.closed_at is None:
            continue
        assert deal.closed_on is not None
        members = {
            "rep": deal.owner,
            "team": company.world.team(deal.owner, deal.closed_on).team_id,
            "segment": deal.segment,
            "motion": deal.motion,
        }
        kinds = [
            touch.kind
            for touch in company.activities.of_deals.get(deal.deal_id, [])
            if touch.moment <= deal.closed_at
        ]
        counts = {"all_closed": len(kinds)}
        if deal.is_won:
            counts |= {"headline": len(kinds)} | {kind: kinds.count(kind) for kind in TYPES}
        for variant, count in counts.items():
            records.append(Record(deal.closed_on, count, members, variant=variant))
    readings = {name: Reading() for name in ("headline", "all_closed", *TYPES)}
    kpi_id, dimensions = "touches_per_closed_deal", ["rep", "team", "segment", "motion"]
    return roll_up(company.frame, kpi_id, "average", dimensions, readings, records, MONTH_GRAINS)


KPIS = [
    lead_follow_up_rate,
    lead_response_time,
    meeting_acceptance_rate,
    meetings_scheduled,
    negative_reply_rate,
    positive_reply_rate,
    replies_received,
    touches_per_closed_deal,
]
