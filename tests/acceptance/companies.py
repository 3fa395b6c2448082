"""Small random companies that reach the edge cases on purpose.

Every company is made from a seed. Its rows are in the order of arrival, several versions of a key
among them; moments crowd around the borders of days, weeks, months, quarters and the leap day.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

Row = dict[str, Any]
T = TypeVar("T")

CHANNELS = ["organic_search", "paid_social", "referral", "cold_call", "event"]
SEGMENTS = ["smb", "mid_market", "enterprise", None]
VERTICALS = ["retail", "banking", "health", None]
LEAD_STAGES = ["mql", "sql", "opportunity", "customer"]
TOUCHES = [
    "call", "email", "video_meeting", "in_person_meeting",
    "demo", "social", "referral_request", "voicemail",
]  # fmt: skip
PIPELINES = {
    "main": [
        ("new", 1, "open", Decimal("7.50")),
        ("talk", 2, "open", Decimal(14)),
        ("offer", 3, "open", None),
        ("contract", 4, "open", Decimal(0)),
        ("won", 5, "won", None),
        ("lost", 6, "lost", None),
    ],
    "partner": [
        ("lost", 1, "lost", None),
        ("new", 2, "open", Decimal(30)),
        ("offer", 4, "open", Decimal(10)),
        ("won", 9, "won", None),
    ],
    "standard": [
        ("qualification", 1, "open", Decimal(14)),
        ("discovery", 2, "open", Decimal(21)),
        ("proposal", 3, "open", Decimal(21)),
        ("negotiation", 4, "open", Decimal(14)),
        ("won", 5, "won", None),
        ("lost", 6, "lost", None),
    ],
}


@dataclass
class Shape:
    """What makes one company different from another."""

    name: str
    seed: int
    start: date
    as_of: date
    time_zone: str = "UTC"
    week_start: int = 1
    currency: str = "USD"
    leads: int = 120
    grains: tuple[str, ...] = ("day", "week", "month", "quarter", "year")
    pipelines: tuple[str, ...] = ("main", "partner")

    @property
    def variables(self) -> dict[str, Any]:
        """The project's variables that this company sets."""
        return {
            "reporting_time_zone": self.time_zone,
            "week_start": self.week_start,
            "reporting_currency": self.currency,
            "kpi_grains": list(self.grains),
        }


@dataclass
class Generator:
    """Writes the rows of one company."""

    shape: Shape
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.shape.seed)
        shape = self.shape
        days = (shape.as_of - shape.start).days + 20
        span = [shape.start + timedelta(days=n) for n in range(days)]
        self.borders = [day for day in span if day.day == 1 or day.isoweekday() in (1, 6)] + [
            day for day in span if (day.month, day.day) in ((1, 1), (4, 1), (2, 29), (3, 1))
        ] * 4
        self.months = [day for day in span if day.day == 1]

    # drawing

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return self.rng.choice(choices)

    def day(self, first: date | None = None, last: date | None = None) -> date:
        """A day of the company's life and a little beyond; often next to a border."""
        first = first or self.shape.start
        last = last or self.shape.as_of + timedelta(days=15)
        if last <= first:
            return first
        if self.chance(0.45):
            near = [day for day in self.borders if first <= day <= last]
            if near:
                return min(max(self.pick(near) - timedelta(days=self.pick([0, 0, 1])), first), last)
        return first + timedelta(days=self.rng.randrange((last - first).days + 1))

    def moment(self, first: date | None = None, last: date | None = None) -> datetime:
        """A moment of such a day; often so late or early that its date depends on the zone."""
        hour = self.pick([0, 0, 1, 3, 9, 12, 16, 17, 19, 20, 23, 23])
        minute = self.pick([0, 0, 15, 29, 30, 31, 59])
        second = self.pick([0, 0, 1, 59])
        return datetime.combine(self.day(first, last), time(hour, minute, second), UTC)

    def after(self, moment: datetime, most_days: int = 120) -> datetime:
        """A later moment, sometimes the same, sometimes exactly some days on."""
        if self.chance(0.05):
            return moment
        if self.chance(0.1):
            return moment + timedelta(days=self.pick([1, 7, 14, 30, 90, 91]))
        last = moment.date() + timedelta(days=self.rng.randint(1, most_days))
        return max(moment, self.moment(moment.date(), last))

    def amount(self, low: int = 50, high: int = 9000) -> Decimal:
        return Decimal(self.rng.randint(low * 100, high * 100)) / 100

    def put(self, entity: str, row: Row, **more: Any) -> Row:
        """A row with its optional columns."""
        row = {**row, "updated_at": None, "_deleted": None, **more}
        self.rows.setdefault(entity, []).append(row)
        return row

    def ids(self, entity: str, column: str) -> list[str]:
        return [row[column] for row in self.rows.get(entity, [])]

    # people and places

    def people(self) -> None:
        """Teams and territories, reps with and without history, some gone, some not yet there."""
        for name in ("alpha", "beta", "gamma"):
            team = {"team_id": name, "team_name": name.title(), "department": "sales"}
            self.put("teams", team)
        for name, region in (("north", "eu"), ("south", "eu"), ("east", "apac")):
            self.put(
                "territories", {"territory_id": name, "territory_name": name, "region": region}
            )
        for number in range(1, 11):
            hired = self.shape.start - timedelta(days=300)
            if number in (3, 8):
                hired = self.day(self.shape.start, self.shape.as_of)
            gone = self.day(hired, self.shape.as_of) if number in (2, 8, 9) else None
            self.put(
                "reps",
                {
                    "rep_id": f"r{number}",
                    "full_name": f"Rep {number}",
                    "role": self.pick(["ae", "sdr", "am", "manager"]),
                    "team_id": self.pick(["alpha", "beta", "gamma"]),
                    "territory_id": self.pick(["north", "south", "east", None]),
                    "hired_on": hired,
                    "terminated_on": gone,
                    "time_zone": "UTC",
                    "calendar_id": "mon_fri",
                },
            )
            if number % 3 == 0:
                continue
            moment = self.moment(last=self.shape.start + timedelta(days=120))
            for _ in range(self.rng.randint(1, 3)):
                self.put(
                    "rep_assignment_history",
                    {
                        "rep_id": f"r{number}",
                        "team_id": self.pick(["alpha", "beta", "gamma"]),
                        "territory_id": self.pick(["north", "south", "east", None]),
                        "role": self.pick(["ae", "sdr", "am"]),
                        "valid_from": moment,
                        "valid_to": None,
                    },
                )
                moment += timedelta(days=self.rng.randint(20, 300), hours=7)
        self.reps = [f"r{number}" for number in range(1, 11)] + ["r_unknown"]

    def places(self) -> None:
        """Locations, products, campaigns and stages."""
        for name, opened, closed in (
            ("online", None, None),
            ("store_a", self.shape.start + timedelta(days=100), None),
            ("store_b", None, self.shape.as_of - timedelta(days=100)),
        ):
            self.put(
                "locations",
                {
                    "location_id": name,
                    "location_name": name,
                    "location_kind": "online" if name == "online" else "store",
                    "region": "eu",
                    "time_zone": "Europe/Paris",
                    "opened_on": opened,
                    "closed_on": closed,
                },
            )
        for number in range(1, 6):
            self.put(
                "products",
                {
                    "product_id": f"p{number}",
                    "product_name": f"Product {number}",
                    "product_family": self.pick(["core", "addon"]),
                    "bundle_id": None,
                    "tier_rank": number,
                },
            )
        for number in range(1, 6):
            self.put(
                "campaigns",
                {
                    "campaign_id": f"c{number}",
                    "campaign_name": f"Campaign {number}",
                    "channel": self.pick(CHANNELS),
                    "motion": "inbound",
                    "budget_amount": Decimal(1000),
                    "currency": "USD",
                    "start_on": self.shape.start,
                    "end_on": None,
                },
            )
        for pipeline in self.shape.pipelines:
            if pipeline == "standard":
                continue
            for stage, order, category, days in PIPELINES[pipeline]:
                self.put(
                    "pipeline_stages",
                    {
                        "pipeline_id": pipeline,
                        "stage_id": stage,
                        "stage_name": stage,
                        "stage_order": order,
                        "stage_category": category,
                        "is_required": True,
                        "expected_days": days,
                    },
                )

    def exchange_rates(self) -> None:
        """Rates with gaps of up to seven days; of one currency only the opposite direction."""
        own = self.shape.currency
        for currency, low in (("EUR", 0.9), ("VND", 0.00004), ("AED", 0.2), ("USD", 0.8)):
            if currency == own:
                continue
            day = self.shape.start - timedelta(days=400)
            while day <= self.shape.as_of + timedelta(days=40):
                rate = Decimal(str(round(low * self.rng.uniform(1, 1.3), 8)))
                pair = (own, currency) if currency == "AED" else (currency, own)
                if currency == "AED":
                    rate = Decimal(str(round(self.rng.uniform(3, 4), 8)))
                row = {
                    "rate_on": day,
                    "from_currency": pair[0],
                    "to_currency": pair[1],
                    "rate": rate,
                }
                self.put("exchange_rates", row)
                if currency == "EUR" and self.chance(0.1):
                    back = {"from_currency": own, "to_currency": "EUR", "rate": Decimal("7.5")}
                    self.put("exchange_rates", row | back)
                day += timedelta(days=self.pick([1, 1, 2, 7, 7, 8]))

    def a_currency(self) -> str:
        return self.pick([self.shape.currency] * 4 + ["EUR", "VND", "AED", "USD"])

    # accounts, contacts, leads

    def merged(self, ids: list[str], index: int) -> str | None:
        """What a record was merged into: chains, cycles, itself, records that never arrived."""
        if self.chance(0.86):
            return None
        return self.pick([*ids[max(0, index - 4) : index + 5], f"missing_{index}"])

    def accounts(self) -> None:
        ids = [f"a{number:03}" for number in range(self.shape.leads // 2)]
        for index, account_id in enumerate(ids):
            merged_into = self.merged(ids, index)
            row = {
                "account_id": account_id,
                "account_name": account_id,
                "merged_into_account_id": merged_into,
                "segment": self.pick(SEGMENTS),
                "vertical": self.pick(VERTICALS),
                "business_model": self.pick(["b2b", "b2c", None]),
                "account_manager_rep_id": self.pick([*self.reps, None]),
                "created_at": self.moment(),
                "is_test": self.chance(0.05),
            }
            self.put("accounts", row, _deleted=True if merged_into and self.chance(0.5) else None)
        self.account_ids = ids

    def an_account(self) -> str:
        return self.pick(self.account_ids)

    def contacts(self) -> None:
        ids = [f"k{number:03}" for number in range(self.shape.leads)]
        for index, contact_id in enumerate(ids):
            merged_into = self.merged(ids, index)
            mail = self.pick(["Ann", "ann", "bo", "cy", contact_id]) + f"{index % 9}@x.com"
            phone = self.pick(["+1 555 0100", "+1 555 010 " + str(index % 7), "12-34", None])
            row = {
                "contact_id": contact_id,
                "account_id": self.an_account(),
                "email": mail if self.chance(0.5) else None,
                "phone": f"{phone}{index % 11}00" if phone and self.chance(0.7) else phone,
                "buyer_persona": None,
                "merged_into_contact_id": merged_into,
                "created_at": self.moment(),
            }
            self.put("contacts", row, _deleted=True if merged_into and self.chance(0.5) else None)
        self.contact_ids = ids

    def leads(self) -> None:
        """Leads whose stages skip, go back, meet in one instant and end in disqualification."""
        ids = [f"l{number:03}" for number in range(self.shape.leads)]
        self.lead_ids = ids
        for index, lead_id in enumerate(ids):
            created = self.moment()
            merged_into = self.merged(ids, index)
            row = {
                "lead_id": lead_id,
                "merged_into_lead_id": merged_into,
                "contact_id": self.pick([*self.contact_ids, None]),
                "account_id": self.an_account() if self.chance(0.85) else None,
                "email": None,
                "phone": None,
                "owner_rep_id": self.pick([*self.reps, None]),
                "source_channel": self.pick(CHANNELS),
                "motion": self.pick(["inbound", "outbound"]),
                "campaign_id": self.pick(["c1", "c2", "c3", None, None]),
                "created_at": created,
                "form_submitted_at": None,
                "disqualified_at": self.after(created, 90) if self.chance(0.12) else None,
                "converted_opportunity_id": None,
            }
            self.stage_entries(lead_id, created)
            deleted = self.chance(0.5) if merged_into else self.chance(0.04)
            self.put("leads", row, _deleted=True if deleted else None)

    def stage_entries(self, lead_id: str, created: datetime) -> None:
        moment = created
        if self.chance(0.5):
            self.enter(lead_id, "lead", created)
        for stage in LEAD_STAGES[: self.rng.randint(0, 4)]:
            moment = self.after(moment, 60)
            if self.chance(0.75):
                self.enter(lead_id, stage, moment)
            if self.chance(0.12):
                moment = self.after(moment, 20)
                self.enter(lead_id, self.pick(["lead", "mql"]), moment)
            if self.chance(0.1):
                moment = self.after(moment, 20)
                self.enter(lead_id, "disqualified", moment)
        if self.chance(0.15):
            self.enter(lead_id, "disqualified", self.after(moment, 40))
        if self.chance(0.05):
            self.enter(lead_id, self.pick(["sql", "mql"]), moment)

    def enter(self, lead_id: str, stage: str, moment: datetime) -> None:
        row = {"lead_id": lead_id, "stage": stage, "entered_at": moment}
        self.put("lead_stage_history", row, _deleted=True if self.chance(0.02) else None)

    # deals

    def deals(self) -> None:
        leads = {row["lead_id"]: row for row in self.rows["leads"]}
        for number in range(int(self.shape.leads * 0.9)):
            deal_id = f"o{number:03}"
            lead = leads[self.pick(self.lead_ids)] if self.chance(0.6) else None
            if lead:
                created = self.after(lead["created_at"], 60)
                if self.chance(0.05):
                    created = self.moment()
            else:
                created = self.moment()
            account = (lead["account_id"] if lead else None) or self.an_account()
            row = self.deal(deal_id, account, created)
            if lead and self.chance(0.7):
                row["lead_id"] = lead["lead_id"]
            if lead and self.chance(0.4):
                lead["converted_opportunity_id"] = deal_id
            if lead and self.chance(0.5):
                row["primary_contact_id"] = lead["contact_id"]

    def deal(self, deal_id: str, account: str, created: datetime) -> Row:
        """A deal with its way through the stages, reopened at times."""
        pipeline = self.pick(self.shape.pipelines)
        stages = PIPELINES[pipeline]
        opens = [stage for stage, _, category, _ in stages if category == "open"]
        amount = self.pick([None, Decimal(0), Decimal(1000)] + [self.amount()] * 9)
        history: list[tuple[str, datetime]] = []
        moment = created
        last_stage = opens[0]
        if self.chance(0.1):
            moment = self.after(created, 20)

        def walk(stages: list[str]) -> None:
            nonlocal moment, last_stage
            for stage in stages:
                if self.chance(0.75):
                    history.append((stage, moment))
                    last_stage = stage
                    moment = self.after(moment, 40)
                if self.chance(0.12):
                    last_stage = self.pick(opens)
                    history.append((last_stage, moment))
                    moment = self.after(moment, 20)

        walk(opens[: self.rng.randint(1, len(opens))] if self.chance(0.95) else [])
        outcome = self.pick(["won", "won", "lost", "lost", None])
        if self.chance(0.15):
            history.append((self.pick(["won", "lost"]), moment))
            moment = self.after(moment, 40)
            walk([self.pick(opens)] if self.chance(0.9) else [])
            if history[-1][0] in ("won", "lost"):
                history.append((opens[-1], moment))
                last_stage = opens[-1]
                moment = self.after(moment, 30)
        closed = moment if outcome else None
        is_undated = False
        if outcome and self.chance(0.8):
            history.append((outcome, moment))
        if outcome and self.chance(0.08):
            history.append((self.pick(opens), moment + timedelta(days=3)))
        if outcome and self.chance(0.03):
            closed = None
            history = [entry for entry in history if entry[0] not in ("won", "lost")]
            is_undated = True
        if self.chance(0.06):
            history = []
        has_amounts = self.chance(0.8)
        for stage, entered in dict.fromkeys(history):
            value = amount if self.chance(0.5) else self.amount()
            self.put(
                "opportunity_stage_history",
                {
                    "opportunity_id": deal_id,
                    "stage_id": stage,
                    "entered_at": entered,
                    "amount_at_entry": value if has_amounts and self.chance(0.85) else None,
                },
                _deleted=True if self.chance(0.01) else None,
            )
        row = {
            "opportunity_id": deal_id,
            "account_id": account,
            "primary_contact_id": self.pick([*self.contact_ids, None]),
            "lead_id": None,
            "owner_rep_id": self.pick(self.reps),
            "sourced_by_rep_id": self.pick([*self.reps, None]),
            "opportunity_type": self.pick(
                ["new_business"] * 6 + ["upsell", "cross_sell", "renewal"]
            ),
            "pipeline_id": pipeline,
            "stage_id": outcome if outcome and not is_undated else last_stage,
            "amount": amount,
            "currency": self.a_currency(),
            "motion": self.pick(["inbound", "outbound", None]),
            "source_channel": self.pick([*CHANNELS, None, None]),
            "campaign_id": self.pick(["c1", "c4", None, None]),
            "sales_play": self.pick(["land", "expand", None]),
            "created_at": created,
            "closed_at": closed,
            "outcome": outcome,
            "loss_reason": self.pick(["price", "Duplicate", "DUPLICATE", "timing", None])
            if outcome == "lost"
            else None,
        }
        return self.put(
            "opportunities",
            row,
            updated_at=self.after(max([moment, *(at for _, at in history)]), 30)
            if self.chance(0.8)
            else None,
            _deleted=True if self.chance(0.03) else None,
        )

    # touches

    def touches(self) -> None:
        deals = self.rows["opportunities"]
        for number in range(self.shape.leads * 5):
            deal = self.pick(deals)
            links: Row = {"lead_id": None, "contact_id": None, "opportunity_id": None}
            for column, value in (
                ("opportunity_id", deal["opportunity_id"]),
                ("lead_id", deal["lead_id"] or self.pick(self.lead_ids)),
                ("contact_id", deal["primary_contact_id"]),
            ):
                if self.chance(0.4):
                    links[column] = value
            around = deal["created_at"].date()
            occurred = self.moment(around - timedelta(days=60), around + timedelta(days=60))
            if self.chance(0.05):
                occurred = deal["closed_at"] or occurred
            self.put(
                "activities",
                {
                    "activity_id": f"t{number:04}",
                    "activity_type": self.pick(TOUCHES),
                    "direction": self.pick(["outbound", "outbound", "inbound"]),
                    "is_cold": False,
                    "is_automated": self.chance(0.15),
                    "rep_id": self.pick(self.reps),
                    **links,
                    "account_id": None,
                    "booked_at": None,
                    "scheduled_for": None,
                    "occurred_at": occurred if self.chance(0.95) else None,
                    "status": self.pick(["completed"] * 6 + ["planned", "cancelled", "no_show"]),
                    "rescheduled_from_activity_id": None,
                    "reply_to_activity_id": None,
                    "reply_sentiment": None,
                    "is_auto_reply": self.chance(0.1),
                    "objection_type": None,
                    "issue_raised": None,
                    "issue_resolved": None,
                    "recording_url": None,
                },
                _deleted=True if self.chance(0.02) else None,
            )

    def touchpoints(self) -> None:
        for number in range(self.shape.leads * 2):
            lead = self.pick(self.rows["leads"])
            first = lead["created_at"].date() - timedelta(days=90)
            self.put(
                "marketing_touchpoints",
                {
                    "touchpoint_id": f"m{number:04}",
                    "lead_id": lead["lead_id"] if self.chance(0.6) else None,
                    "visitor_id": f"v{self.rng.randint(1, 400)}" if self.chance(0.6) else None,
                    "campaign_id": self.pick(["c1", "c2", "c5", None]),
                    "touch_type": self.pick(["impression", "click", "visit", "form_fill"]),
                    "occurred_at": self.moment(first, lead["created_at"].date()),
                },
            )

    # money that came in

    def invoices(self) -> None:
        buyers = self.account_ids[::2] + self.account_ids[:5]
        for number in range(self.shape.leads):
            issued = self.moment()
            self.invoice(f"i{number:04}", self.pick(buyers), issued)
        for number, account in enumerate(self.account_ids[1::6]):
            first = self.moment(last=self.shape.start + timedelta(days=200))
            for step, days in enumerate((0, self.pick([179, 180, 181]), 400)):
                moment = first + timedelta(days=days)
                self.invoice(f"ip{number:03}_{step}", account, moment, plain=True)

    def invoice(self, invoice_id: str, account: str, issued: datetime, plain: bool = False) -> None:
        deals = self.rows["opportunities"]
        head = {
            "account_id": account,
            "opportunity_id": self.pick(deals)["opportunity_id"] if self.chance(0.4) else None,
            "rep_id": self.pick([*self.reps, None]),
            "location_id": self.pick(["online", "store_a", "store_b"]),
            "currency": self.a_currency(),
        }
        status = "paid" if plain or self.chance(0.93) else "void"
        self.put(
            "invoices",
            {
                "invoice_id": invoice_id,
                **head,
                "document_type": "invoice",
                "original_invoice_id": None,
                "issued_at": issued,
                "status": status,
            },
            _deleted=True if not plain and self.chance(0.02) else None,
        )
        amounts = [
            Decimal(0) if self.chance(0.05) else self.amount(10, 900)
            for _ in range(self.rng.randint(1, 3))
        ]
        self.lines(invoice_id, amounts)
        if plain or not self.chance(0.3):
            return
        note = f"{invoice_id}_cn"
        self.put(
            "invoices",
            {
                "invoice_id": note,
                **head,
                "document_type": "credit_note",
                "original_invoice_id": invoice_id,
                "issued_at": self.after(issued, 90),
                "status": self.pick(["paid", "paid", "paid", "open", "void"]),
            },
        )
        share = self.pick([Decimal(1), Decimal(1), Decimal("0.5"), Decimal("0.25")])
        self.lines(note, [-(amount * share).quantize(Decimal("0.01")) for amount in amounts])

    def lines(self, invoice_id: str, amounts: list[Decimal]) -> None:
        for number, amount in enumerate(amounts):
            self.put(
                "invoice_lines",
                {
                    "invoice_line_id": f"{invoice_id}_{number}",
                    "invoice_id": invoice_id,
                    "product_id": f"p{self.rng.randint(1, 5)}",
                    "promotion_id": None,
                    "quantity": Decimal(1 if amount >= 0 else -1),
                    "list_unit_price": None,
                    "net_amount": amount,
                    "cost_amount": None,
                },
                _deleted=True if self.chance(0.01) else None,
            )

    def subscriptions(self) -> None:
        """Price changes, gaps around the grace, parallel ones, reactivation, future ends."""
        for number, account in enumerate(self.account_ids[::2]):
            start = self.day(last=self.shape.as_of - timedelta(days=60))
            for turn in range(self.rng.randint(1, 4)):
                subscription = f"s{number:03}_{turn if self.chance(0.6) else 0}"
                end = self.subscription(subscription, account, start)
                if end is None:
                    break
                start = end + timedelta(days=self.pick([0, 29, 30, 31, 31, 90]))
            if self.chance(0.25):
                self.subscription(f"s{number:03}_x", account, self.day(start))

    def subscription(self, subscription: str, account: str, start: date) -> date | None:
        end: date | None = start
        currency = self.a_currency()
        for _ in range(self.rng.randint(1, 3)):
            if end is None:
                break
            start = end
            end = self.day(start + timedelta(days=1), start + timedelta(days=200))
            if self.chance(0.2):
                end = None
            if self.chance(0.04):
                end = start - timedelta(days=1)
            self.put(
                "subscription_periods",
                {
                    "subscription_id": subscription,
                    "account_id": account,
                    "product_id": f"p{self.rng.randint(1, 5)}",
                    "period_start": start,
                    "period_end": end,
                    "mrr": self.pick([Decimal(0), self.amount(5, 500), self.amount(5, 500)]),
                    "currency": currency,
                    "end_reason": self.pick(["renewed", "changed", "cancelled", None])
                    if end
                    else None,
                    "cancel_reason": None,
                    "switched_to_competitor_id": None,
                },
                _deleted=True if self.chance(0.02) else None,
            )
        return end if end is None or end > start else start

    def onboardings(self) -> None:
        for number, account in enumerate(self.account_ids):
            if self.chance(0.6):
                started = self.moment()
                self.put(
                    "onboardings",
                    {
                        "onboarding_id": f"b{number}",
                        "subject_type": "customer",
                        "rep_id": None,
                        "account_id": account,
                        "started_at": started,
                        "completed_at": self.after(started, 60) if self.chance(0.8) else None,
                    },
                )

    def targets(self) -> None:
        """Quotas by week, month, quarter and year; zero ones; none for some reps."""
        number = 0
        for rep in [*self.reps[:7], "r_unknown"]:
            for measure in ("bookings_amount", "deals_won", "net_sales_revenue", "new_leads"):
                for period, start, end in self.quota_periods():
                    if self.chance(0.75):
                        continue
                    number += 1
                    value = self.pick([Decimal(0), self.amount(100, 5000), self.amount(100, 5000)])
                    if measure == "deals_won":
                        value = Decimal(self.rng.randint(0, 3))
                    self.put(
                        "targets",
                        {
                            "target_id": f"q{number}",
                            "parent_target_id": None,
                            "target_kind": self.pick(["quota"] * 9 + ["goal"]),
                            "scope_type": "rep",
                            "scope_id": rep,
                            "measure_id": measure,
                            "value_type": "number" if measure == "deals_won" else "currency",
                            "period_type": period,
                            "period_start": start,
                            "period_end": end,
                            "start_value": None,
                            "target_value": value,
                            "current_value": None,
                            "currency": None if measure == "deals_won" else self.a_currency(),
                            "weight": None,
                        },
                    )

    def quota_periods(self) -> list[tuple[str, date, date]]:
        periods = []
        for index, month in enumerate(self.months[1:-1], start=1):
            periods.append(("month", month, self.months[index + 1]))
            if month.month % 3 == 1 and index + 3 < len(self.months):
                periods.append(("quarter", month, self.months[index + 3]))
            back = (month.isoweekday() - self.shape.week_start) % 7
            week = month - timedelta(days=back)
            periods.append(("week", week, week + timedelta(days=7)))
        for year in {month.year for month in self.months}:
            periods.append(("year", date(year, 1, 1), date(year + 1, 1, 1)))
        return sorted(periods)

    # versions

    def versions(self) -> None:
        """Older versions of some rows: earlier, without a time, or as old but arrived before."""
        spoil: dict[str, Callable[[Row], Row]] = {
            "accounts": lambda row: {"segment": "old", "is_test": not row["is_test"]},
            "reps": lambda row: {"team_id": "alpha", "terminated_on": None},
            "leads": lambda row: {"owner_rep_id": "r1", "source_channel": "old"},
            "opportunities": lambda row: {"amount": Decimal(77), "outcome": None},
            "invoices": lambda row: {"status": "open", "location_id": "online"},
            "invoice_lines": lambda row: {"net_amount": Decimal(5)},
            "subscription_periods": lambda row: {"mrr": Decimal(3), "period_end": None},
            "targets": lambda row: {"target_value": Decimal(9)},
            "activities": lambda row: {"status": "planned"},
            "lead_stage_history": lambda row: {},
            "opportunity_stage_history": lambda row: {"amount_at_entry": Decimal(8)},
            "exchange_rates": lambda row: {"rate": Decimal("0.5")},
        }
        for entity, change in spoil.items():
            rows = self.rows[entity]
            for row in self.rng.sample(rows, len(rows) // 8):
                known = row["updated_at"]
                older = {**row, **change(row), "_deleted": self.pick([None, None, True])}
                kind = self.pick(["earlier", "untimed", "tie"])
                if kind == "tie":
                    rows.insert(rows.index(row), older)
                    continue
                if known is None:
                    last = row.get("closed_at") or row.get("created_at")
                    if last and last.date() > self.shape.as_of:
                        continue
                    known = row["updated_at"] = self.moment(
                        (last.date() if last else self.shape.start) + timedelta(days=1),
                        self.shape.as_of + timedelta(days=2),
                    )
                older["updated_at"] = None if kind == "untimed" else known - timedelta(days=9)
                rows.insert(self.rng.randrange(len(rows) + 1), older)

    def make(self) -> dict[str, list[Row]]:
        for step in (
            self.people,
            self.places,
            self.exchange_rates,
            self.accounts,
            self.contacts,
            self.leads,
            self.deals,
            self.touches,
            self.touchpoints,
            self.invoices,
            self.subscriptions,
            self.onboardings,
            self.targets,
            self.versions,
        ):
            step()
        return self.rows


def generate(shape: Shape) -> dict[str, list[Row]]:
    """The rows of a company by entity, in the order of arrival."""
    return Generator(shape).make()


SHAPES = [
    Shape(
        "leap",
        seed=11,
        start=date(2023, 7, 1),
        as_of=date(2024, 12, 31),
        leads=100,
    ),
    Shape(
        "tehran",
        seed=22,
        start=date(2023, 1, 1),
        as_of=date(2025, 2, 14),
        time_zone="Asia/Tehran",
        week_start=6,
        leads=240,
        grains=("day", "week", "month", "year"),
    ),
    Shape(
        "saigon",
        seed=33,
        start=date(2024, 1, 1),
        as_of=date(2025, 3, 31),
        time_zone="Asia/Ho_Chi_Minh",
        currency="EUR",
        pipelines=("standard", "main"),
        leads=160,
        grains=("day", "month", "quarter"),
    ),
    Shape(
        "new_york",
        seed=44,
        start=date(2022, 6, 1),
        as_of=date(2025, 6, 30),
        time_zone="America/New_York",
        week_start=7,
        leads=320,
        grains=("day", "month", "quarter", "year"),
    ),
]

#: small enough to be built several times
SMALL = Shape("small", seed=55, start=date(2024, 3, 1), as_of=date(2025, 2, 28), leads=40)
