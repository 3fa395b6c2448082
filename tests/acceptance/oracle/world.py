"""The rows as of one day: current versions, business dates, and what counts at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from .identity import chain_survivors
from .money import Rates
from .periods import MILLIONTH as MILLIONTH

Row = dict[str, Any]
EARLIEST = datetime.min.replace(tzinfo=UTC)

KEYS: dict[str, tuple[str, ...]] = {
    "rep_assignment_history": ("rep_id", "valid_from"),
    "lead_stage_history": ("lead_id", "stage", "entered_at"),
    "opportunity_stage_history": ("opportunity_id", "stage_id", "entered_at"),
    "pipeline_stages": ("pipeline_id", "stage_id"),
    "subscription_periods": ("subscription_id", "period_start"),
    "exchange_rates": ("rate_on", "from_currency", "to_currency"),
    "teams": ("team_id",),
    "territories": ("territory_id",),
    "reps": ("rep_id",),
    "locations": ("location_id",),
    "products": ("product_id",),
    "accounts": ("account_id",),
    "contacts": ("contact_id",),
    "leads": ("lead_id",),
    "opportunities": ("opportunity_id",),
    "activities": ("activity_id",),
    "campaigns": ("campaign_id",),
    "marketing_touchpoints": ("touchpoint_id",),
    "invoices": ("invoice_id",),
    "invoice_lines": ("invoice_line_id",),
    "targets": ("target_id",),
    "onboardings": ("onboarding_id",),
    "product_price_history": ("product_id", "valid_from"),
    "opportunity_products": ("opportunity_id", "product_id"),
    "opportunity_competitors": ("opportunity_id", "competitor_id"),
    "proposals": ("proposal_id",),
    "campaign_spend": ("campaign_id", "spend_on"),
    "email_sends": ("email_send_id",),
    "email_events": ("email_event_id",),
    "ctas": ("cta_id",),
    "cta_events": ("cta_event_id",),
    "collateral": ("collateral_id",),
    "collateral_events": ("collateral_event_id",),
    "expenses": ("expense_id",),
    "nps_surveys": ("survey_id",),
    "employee_surveys": ("answer_id",),
    "competitors": ("competitor_id",),
    "competitor_prices": ("competitor_id", "product_id", "region", "observed_on"),
    "competitor_offerings": ("competitor_id", "capability", "observed_on"),
    "promotions": ("promotion_id",),
    "promo_experiments": ("experiment_id",),
    "business_calendars": ("calendar_id", "weekday_iso"),
    "calendar_holidays": ("calendar_id", "holiday_on"),
}

DEFAULT_STAGES = [
    ("qualification", 1, "open", 14),
    ("discovery", 2, "open", 21),
    ("proposal", 3, "open", 21),
    ("negotiation", 4, "open", 14),
    ("won", 5, "won", None),
    ("lost", 6, "lost", None),
]


@dataclass(frozen=True)
class Options:
    """The project's variables that change a number, with their defaults."""

    reporting_currency: str = "USD"
    reporting_time_zone: str = "UTC"
    week_start: int = 1
    kpi_grains: tuple[str, ...] = ("day", "week", "month", "quarter", "year")
    conversion_horizon_days: int = 90
    churn_grace_days: int = 30
    inactivity_days: int = 180
    fx_stale_days: int = 7
    velocity_window_days: int = 90
    excluded_loss_reasons: tuple[str, ...] = ("duplicate",)
    include_leavers: bool = False
    closing_roles: tuple[str, ...] = ("ae", "am")
    working_calendar: str = "mon_fri"
    goal_measures: tuple[str, ...] = (
        "bookings_amount",
        "customer_churn_rate",
        "customers_acquired",
        "deals_won",
        "enps",
        "lead_response_time",
        "lead_to_customer_rate",
        "net_sales_revenue",
        "new_leads",
        "new_opportunities",
        "nps",
        "open_pipeline_value",
        "outreach_activities_completed",
        "units_sold",
        "win_rate",
    )
    follow_up_days: int = 7
    follow_up_grace_hours: int = 24
    touch_gap_minutes: int = 60
    max_touches: int = 12
    min_n: int = 5
    acquisition_type: str = "closed_deal"
    price_stale_days: int = 30
    price_match_tolerance: Decimal = Decimal("0.05")
    promo_similarity: Decimal = Decimal("0.10")
    nps_min_age_days: int = 90
    nps_resend_days: int = 90
    clv_cap_months: int = 60
    clv_min_customers: int = 20
    process_min_dwell_seconds: int = 60


def current_rows(rows: list[Row], key: tuple[str, ...]) -> dict[tuple[Any, ...], Row]:
    """G15: of the versions of one key the latest `updated_at` wins, then the last to arrive."""
    current: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        identity = tuple(row[column] for column in key)
        known = current.get(identity)
        if known is None or (row.get("updated_at") or EARLIEST) >= (
            known.get("updated_at") or EARLIEST
        ):
            current[identity] = row
    return current


@dataclass
class Team:
    """Where a rep belongs on some day."""

    team_id: str | None = None
    territory_id: str | None = None
    region: str | None = None
    role: str | None = None


@dataclass
class World:
    """Everything the KPIs share: rows by entity, and the few rules that all of them follow."""

    raw: dict[str, list[Row]]
    as_of: date
    options: Options
    _teams: dict[tuple[str | None, date], Team] = field(default_factory=dict)

    @cached_property
    def current(self) -> dict[str, list[Row]]:
        """Current rows of each entity, deleted ones included."""
        return {
            entity: list(current_rows(self.raw.get(entity, []), key).values())
            for entity, key in KEYS.items()
        }

    def alive(self, entity: str) -> list[Row]:
        """Current rows that were not deleted."""
        return [row for row in self.current[entity] if not row.get("_deleted")]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.options.reporting_time_zone)

    def business_date(self, moment: datetime) -> date:
        """G6: the date of a moment where the company reports."""
        return moment.astimezone(self.zone).date()

    def has_happened(self, moment: datetime | None) -> bool:
        """G5: nothing after as_of_date is known, whatever a row says."""
        return moment is not None and self.business_date(moment) <= self.as_of

    @cached_property
    def locations(self) -> dict[str, Row]:
        return {row["location_id"]: row for row in self.current["locations"]}

    def local_date(self, moment: datetime, location_id: str | None) -> date:
        """The date of a moment where a location is; the company's where that is unknown."""
        place = self.locations.get(location_id or "")
        zone = ZoneInfo(place["time_zone"]) if place else self.zone
        return moment.astimezone(zone).date()

    @cached_property
    def rates(self) -> Rates:
        return Rates(
            self.alive("exchange_rates"),
            self.options.reporting_currency,
            self.options.fx_stale_days,
        )

    # accounts

    @cached_property
    def account_survivors(self) -> dict[str, str]:
        return chain_survivors(self.current["accounts"], "account_id", "merged_into_account_id")

    @cached_property
    def accounts(self) -> dict[str, Row]:
        return {row["account_id"]: row for row in self.current["accounts"]}

    def account_of(self, account_id: str | None) -> str | None:
        """G10: the surviving account."""
        if account_id is None:
            return None
        return self.account_survivors.get(account_id, account_id)

    def account(self, account_id: str | None) -> Row:
        """Attributes of the surviving account as they are today."""
        return self.accounts.get(self.account_of(account_id) or "", {})

    def is_test(self, account_id: str | None) -> bool:
        return bool(self.account(account_id).get("is_test"))

    # reps

    @cached_property
    def reps(self) -> dict[str, Row]:
        return {row["rep_id"]: row for row in self.current["reps"]}

    @cached_property
    def _regions(self) -> dict[str, str]:
        return {row["territory_id"]: row["region"] for row in self.current["territories"]}

    def region(self, territory_id: str | None) -> str | None:
        return self._regions.get(territory_id or "")

    @cached_property
    def _assignments(self) -> dict[str, list[Row]]:
        history: dict[str, list[Row]] = {}
        for row in sorted(self.alive("rep_assignment_history"), key=lambda row: row["valid_from"]):
            history.setdefault(row["rep_id"], []).append(row)
        return history

    def team(self, rep_id: str | None, day: date) -> Team:
        """Team of a rep on a day: the last assignment that had begun; the first reaches back."""
        if (rep_id, day) not in self._teams:
            history = self._assignments.get(rep_id or "", [])
            begun = [row for row in history if self.business_date(row["valid_from"]) <= day]
            row = (begun or history[:1] or [self.reps.get(rep_id or "", {})])[-1]
            territory = row.get("territory_id")
            self._teams[rep_id, day] = Team(
                row.get("team_id"), territory, self.region(territory), row.get("role")
            )
        return self._teams[rep_id, day]

    def team_changes(self, rep_id: str | None) -> list[date]:
        """Days on which a rep's team may change."""
        history = self._assignments.get(rep_id or "", [])
        return [self.business_date(row["valid_from"]) for row in history[1:]]

    @cached_property
    def members_active(self) -> dict[str, list[tuple[str, date | None, date | None]]]:
        """Reps while employed, locations while open: the days on which 0 is a number.

        Collateral is there from the first use of any.
        """
        used_on = [
            self.business_date(row["occurred_at"])
            for row in self.alive("collateral_events")
            if self.has_happened(row["occurred_at"])
        ]
        return {
            "rep": [
                (row["rep_id"], row["hired_on"], row["terminated_on"]) for row in self.alive("reps")
            ],
            "location": [
                (row["location_id"], row["opened_on"], row["closed_on"])
                for row in self.alive("locations")
            ],
            "collateral": [
                (row["collateral_id"], min(used_on), None)
                for row in self.alive("collateral")
                if used_on
            ],
        }


def in_days(length: timedelta) -> Decimal:
    """G2: durations in decimal days, kept to a millionth (less than a tenth of a second)."""
    seconds = Decimal(round(length / timedelta(seconds=1)))
    return (seconds / 86400).quantize(MILLIONTH, ROUND_HALF_UP)


def decimal_days(start: datetime, end: datetime) -> Decimal:
    """The time between two moments."""
    return in_days(end - start)
