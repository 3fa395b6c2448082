"""The company itself, Zarvand Software: teams, people, products, money. Nothing here is real."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demo import names, writing
from demo.timeline import (
    AS_OF_DAY,
    DAY,
    END_DAY,
    FIRST_DAY,
    HOUR,
    MONTH_STARTS,
    N_MONTHS,
    NONE,
    Flags,
    Floats,
    Ints,
    day_number,
    gamma_spread,
    group_draw,
    lognormal_spread,
    month_of,
    weekday,
)
from demo.writing import Table

# --- Probabilities that the truths state --------------------------------------------------------

CHANNELS = (
    "organic_search",
    "paid_search",
    "social",
    "referral",
    "event",
    "partner",
    "cold_email",
    "cold_call",
)
CHANNEL_SHARES = np.array([0.24, 0.20, 0.12, 0.08, 0.08, 0.06, 0.14, 0.08])
MQL_CHANCES = np.array([0.42, 0.34, 0.24, 0.58, 0.38, 0.50, 0.16, 0.20])
"""That a lead of the channel ever becomes an MQL."""
WIN_CHANCES = np.array([0.40, 0.32, 0.28, 0.52, 0.38, 0.46, 0.24, 0.27])
"""That a new-business deal of the channel is won by a rep of average skill."""
FIRST_OUTBOUND = 6  # channels from here on are outbound
COLD_CALL = 7
CAMPAIGN_CHANNELS = (1, 2, 4, 6)  # those that have a campaign each quarter
MQL_WITHIN_90_DAYS = 0.93
"""Of the leads that become MQLs; the others need 95 to 150 days."""
SQL_CHANCE = 0.52
OPPORTUNITY_CHANCE = 0.55
EXPANSION_WIN_CHANCE = 0.55
CHURN_HAZARD = 0.015
"""That a customer who is active on the first of a month ends on the last day of that month."""

# --- Segments -----------------------------------------------------------------------------------

SEGMENTS = ("smb", "mid_market", "enterprise")
SEGMENT_SHARES = np.array([0.6, 0.3, 0.1])
CYCLES = (
    gamma_spread(2.4, 15, 10, 150, DAY),
    gamma_spread(2.6, 23, 14, 220, DAY),
    gamma_spread(3.0, 31, 21, 300, DAY),
)
"""Seconds from the first two-way contact to the close, by segment, the same for won and lost."""
LONGEST_CYCLE_DAYS = 300
EXPANSION_CYCLE = gamma_spread(2.2, 12, 7, 75, DAY)
DEAL_SIZES = (
    lognormal_spread(9_000, 0.6),
    lognormal_spread(24_000, 0.6),
    lognormal_spread(70_000, 0.65),
)
"""USD by segment."""
EXPANSION_SHARE = 0.4  # an expansion is worth this part of a new deal
UNKNOWN_AMOUNT_SHARE = 0.04
ZERO_AMOUNT_SHARE = 0.01

# --- Reference data -----------------------------------------------------------------------------

COUNTRY_SHARES = np.array([0.35, 0.25, 0.25, 0.15])
REGIONS = ("Iran", "Gulf", "Southeast Asia", "Europe")
CURRENCIES = ("IRR", "SAR", "VND", "GBP", "EUR", "USD")
CURRENCY_SHARES = np.array(
    [
        [0.8, 0, 0, 0, 0.2, 0],
        [0, 0.75, 0, 0, 0, 0.25],
        [0, 0, 0.85, 0, 0, 0.15],
        [0, 0, 0, 0.8, 0.15, 0.05],
    ]
)
USD = 5
RATES_FROM = day_number("2022-12-26")

PRODUCTS = (  # name, family, bundle, rank, yearly list price in USD
    ("Zarvand CRM Start", "crm", "core", 1, 6_000),
    ("Zarvand CRM Team", "crm", "core", 2, 14_000),
    ("Zarvand CRM Enterprise", "crm", "core", 3, 48_000),
    ("Zarvand Insight", "analytics", "core", 1, 5_000),
    ("Zarvand Insight Plus", "analytics", "", 2, 11_000),
    ("Zarvand Desk", "service_desk", "", 1, 4_500),
    ("Zarvand Desk Pro", "service_desk", "", 2, 9_500),
    ("Setup service", "services", "", None, 2_500),
    ("Training day", "services", "", None, 900),
    ("Desk phone", "hardware", "", None, 180),
)
ONE_OFF_FROM = 7  # products from here on are sold once
PRICE_YEARS = (("2022-01-01", 0.92), ("2024-01-01", 0.96), ("2025-01-01", 1.0))
"""First days of list prices, and their part of the price above."""
CROSS_SELL_PRODUCTS = (3, 4, 5, 6)
LOCATIONS = (  # name, kind, region, zone
    ("دفتر تهران", "field", "Iran", "Asia/Tehran"),
    ("مكتب الرياض", "field", "Gulf", "Asia/Riyadh"),
    ("Văn phòng Hà Nội", "field", "Southeast Asia", "Asia/Ho_Chi_Minh"),
    ("London office", "field", "Europe", "Europe/London"),
    ("فروشگاه اصفهان", "store", "Iran", "Asia/Tehran"),
    ("Online shop", "online", "Europe", "Europe/London"),
    ("فروشگاه تبریز", "store", "Iran", "Asia/Tehran"),
)
CONTROL, ONLINE, TREATED = 4, 5, 6
"""The stores of the promotion experiment, and the online shop."""
CONTROL_CLOSED = day_number("2025-09-23")
PIPELINES = ("new_business", "expansion")
STAGES = (  # pipeline, id, name, order, category, required, expected days
    (0, "nb_qualification", "Qualification", 1, "open", True, 10),
    (0, "nb_discovery", "کشف نیاز", 2, "open", True, 14),
    (0, "nb_demo", "Demo", 3, "open", False, 14),
    (0, "nb_proposal", "Đề xuất", 4, "open", True, 21),
    (0, "nb_negotiation", "تفاوض", 5, "open", False, 21),
    (0, "nb_won", "Won", 6, "won", False, None),
    (0, "nb_lost", "از دست رفته", 7, "lost", False, None),
    (1, "ex_need", "Need found", 1, "open", True, 10),
    (1, "ex_quote", "Quote", 2, "open", True, 14),
    (1, "ex_negotiation", "Negotiation", 3, "open", False, 14),
    (1, "ex_won", "Won", 4, "won", False, None),
    (1, "ex_lost", "Lost", 5, "lost", False, None),
)
STAGE_IDS = tuple(stage[1] for stage in STAGES)
FIRST_STAGE = np.array([0, 7])
OPEN_STAGES = np.array([5, 3])

ROLES = ("bdr", "sdr", "ae", "am", "manager")
PROSPECTING, CLOSING, MANAGING = range(3)
_DUTY = np.array([PROSPECTING, PROSPECTING, CLOSING, MANAGING, 3])
FOREVER = 10**7


@dataclass(frozen=True)
class Roster:
    """The sales people, by number."""

    country: Ints
    role: Ints
    team: Ints
    hired: Ints
    terminated: Ints  # FOREVER while employed
    skill: Floats  # added to the chance of winning
    dubai: Flags
    moved_on: Ints  # day of the only team move, NONE without
    earlier_team: Ints
    _chances: Floats  # duty × country × month, by rep

    def pick(self, rng: Generator, duty: int | Ints, country: Ints, seconds: Ints) -> Ints:
        """Someone with the duty in the country, employed all through the month of the moment.

        New reps get less work in their first six months.
        """
        month = np.clip(month_of(seconds // DAY), 0, N_MONTHS - 1)
        return group_draw(rng, self._chances, (duty * 4 + country) * N_MONTHS + month)

    def employed(self, rep: Ints, seconds: Ints) -> Flags:
        """Whether the rep (not NONE) is employed at the moment, with days to spare for zones."""
        day = seconds // DAY
        known = np.maximum(rep, 0)
        return (rep >= 0) & (self.hired[known] < day) & (day + 1 < self.terminated[known])


def n_teams(n_reps: int) -> int:
    """Five (one for each country and one for accounts) for every 40 people, at most sixty."""
    return 5 * min(12, max(1, n_reps // 40))


def build_roster(rng: Generator, scale: float) -> Roster:
    """About 40 people at scale 1, at least 24, at most 4,000."""
    n = int(min(4_000, max(24, round(40 * scale))))
    # Founders, one for each country and duty, stay the whole time: work always has a doer.
    country = np.concatenate((np.tile(np.arange(4), 4), rng.choice(4, n - 16, p=COUNTRY_SHARES)))
    role = np.concatenate(
        (np.repeat([1, 2, 3, 4], 4), rng.choice(5, n - 16, p=[0.2, 0.13, 0.48, 0.13, 0.06]))
    )
    founder = np.arange(n) < 16
    early = rng.random(n) < 0.5
    hired = np.where(
        founder | early, FIRST_DAY - rng.integers(40, 1_400, n), FIRST_DAY + rng.integers(5, 950, n)
    )
    leaves = (rng.random(n) < 0.22) & ~founder
    terminated = np.maximum(hired, FIRST_DAY) + rng.integers(120, 900, n)
    terminated = np.where(leaves & (terminated < END_DAY), terminated, FOREVER)

    teams = n_teams(n)
    regional = country + 5 * rng.integers(0, max(1, teams // 5), n)
    account_team = 4 + 5 * rng.integers(0, max(1, teams // 5), n)
    team = np.minimum(np.where(role == 3, account_team, regional), teams - 1)
    moves = (rng.random(n) < 0.2) & ~((role == 3) | founder)
    moved_on = np.maximum(hired, FIRST_DAY) + rng.integers(60, 500, n)
    moves &= (moved_on < END_DAY - 10) & (moved_on < terminated - 10)
    earlier = (team + rng.integers(1, 4, n)) % 4  # another regional team
    moves &= earlier != team

    chances = np.zeros((3, 4, N_MONTHS, n))
    starts, ends = MONTH_STARTS[:N_MONTHS], MONTH_STARTS[1 : N_MONTHS + 1]
    present = (hired[None, :] < starts[:, None]) & (terminated[None, :] > ends[:, None])
    ramp = np.clip((starts[:, None] - hired[None, :]) / 180, 0.15, 1.0)
    effort = rng.uniform(0.6, 1.4, n)
    for duty in range(3):
        for land in range(4):
            fits = (_DUTY[role] == duty) & (country == land)
            chances[duty, land] = present * ramp * effort * fits
    return Roster(
        country=country, role=role, team=team, hired=hired, terminated=terminated,
        skill=np.clip(rng.normal(0, 0.05, n), -0.12, 0.12),
        dubai=(country == 1) & (rng.random(n) < 0.2),
        moved_on=np.where(moves, moved_on, NONE), earlier_team=earlier,
        _chances=chances.reshape(-1, n),
    )  # fmt: skip


@dataclass(frozen=True)
class Money:
    """Exchange rates as published: eight decimals, weekdays only."""

    published: Floats  # currency × day from RATES_FROM; NaN on weekends
    known: Floats  # the last published rate

    def to_usd(self, currency: Ints, seconds: Ints) -> Floats:
        """US dollars for one unit at the UTC date of a moment (of the last day where later)."""
        day = np.minimum(seconds // DAY, AS_OF_DAY) - RATES_FROM
        rates: Floats = self.known[currency, day]
        return rates


def build_money(rng: Generator) -> Money:
    """Daily rates as random walks; the rial falls by about a quarter in three years."""
    days = np.arange(RATES_FROM, END_DAY, dtype=np.int64)
    start = np.array([1 / 420_000, 1 / 3.75, 1 / 23_600, 1.21, 1.06, 1.0])
    drift = np.array([-0.00028, 0, -0.00008, 0.00008, 0.00006, 0])
    wobble = np.array([0.004, 0, 0.0008, 0.004, 0.004, 0])
    steps = drift[:, None] + wobble[:, None] * rng.normal(0, 1, (6, len(days)))
    steps[:, 0] = 0
    rates = np.round(start[:, None] * np.exp(np.cumsum(steps, axis=1)), 8)
    rates[:, weekday(days) > 5] = np.nan
    last = np.maximum.accumulate(np.where(weekday(days) <= 5, np.arange(len(days)), 0))
    return Money(published=rates, known=rates[:, last])


@dataclass(frozen=True)
class Company:
    """What all blocks share."""

    roster: Roster
    money: Money
    scale: float
    budgets: Floats  # of the campaigns, in USD


def build_company(scale: float, seed: int) -> Company:
    """People and exchange rates for a scale."""
    return Company(
        roster=build_roster(np.random.default_rng([seed, 1]), scale),
        money=build_money(np.random.default_rng([seed, 2])),
        scale=scale,
        budgets=_budgets(np.random.default_rng([seed, 6]), scale),
    )


def _budgets(rng: Generator, scale: float) -> Floats:
    """A quarter's budget of each campaign, in proportion to the leads it brings."""
    shares = np.tile(CHANNEL_SHARES[list(CAMPAIGN_CHANNELS)], 12)
    budgets: Floats = np.round(rng.uniform(180_000, 320_000, len(shares)) * shares * scale, -2)
    return np.maximum(budgets, 100.0)


def list_price(product: Ints, on: Ints) -> Floats:
    """The list price in USD on a day: of a year, or of a piece of what is sold once."""
    starts = np.array([day_number(first) for first, _ in PRICE_YEARS])
    factors = np.array([factor for _, factor in PRICE_YEARS])
    base = np.array([row[4] for row in PRODUCTS], dtype=float)
    prices: Floats = base[product] * factors[np.searchsorted(starts, on, side="right") - 1]
    return prices


# --- Reference tables ---------------------------------------------------------------------------


def reference_tables(company: Company, seed: int) -> dict[str, Table]:
    """Every table that does not grow with the customers."""
    rng = np.random.default_rng([seed, 3])
    return {
        "teams": _teams(company.roster),
        "territories": _territories(),
        "reps": _reps(company.roster, rng),
        "rep_assignment_history": _assignments(company.roster),
        "locations": _locations(),
        "products": _products(),
        "pipeline_stages": _pipeline_stages(),
        "campaigns": _campaigns(company.budgets),
        "exchange_rates": _exchange_rates(company.money),
        "targets": _targets(company, rng),
    }


def _teams(roster: Roster) -> Table:
    number = np.arange(n_teams(len(roster.role)))
    labels = (
        "تیم فروش ایران",
        "فريق مبيعات الخليج",
        "Nhóm bán hàng Việt Nam",
        "UK Sales",
        "Customer Success",
    )
    kinds = ("sales", "account_management")
    return {
        "team_id": writing.ids("T", number, 2),
        "team_name": writing.texts(
            [labels[i % 5] + (f" {i // 5 + 1}" if i >= 5 else "") for i in number]
        ),
        "department": writing.codes(kinds, (number % 5 == 4).astype(np.int8)),
    }


TERRITORIES = (
    "Tehran", "Isfahan and south", "Riyadh", "Jeddah and west", "Hà Nội", "Sài Gòn", "London",
    "UK north",
)  # fmt: skip


def _territories() -> Table:
    number = np.arange(8)
    return {
        "territory_id": writing.ids("TER", number, 2),
        "territory_name": writing.texts(TERRITORIES),
        "region": writing.codes(REGIONS, number // 2),
    }


def _reps(roster: Roster, rng: Generator) -> Table:
    n = len(roster.role)
    full_names = [
        f"{names.GIVEN_NAMES[c][g]} {names.FAMILY_NAMES[c][f]}"
        for c, g, f in zip(
            roster.country, rng.integers(0, 10, n), rng.integers(0, 8, n), strict=True
        )
    ]
    zones = ("Asia/Tehran", "Asia/Riyadh", "Asia/Ho_Chi_Minh", "Europe/London", "Asia/Dubai")
    calendars = ("ir", "sa", "vn", "mon_fri", "ae")
    place = np.where(roster.dubai, 4, roster.country)
    return {
        "rep_id": writing.ids("R", np.arange(n), 4),
        "full_name": writing.texts(full_names),
        "role": writing.codes(ROLES, roster.role),
        "team_id": writing.ids("T", roster.team, 2),
        "territory_id": writing.ids("TER", roster.country * 2 + np.arange(n) % 2, 2),
        "hired_on": writing.on(roster.hired),
        "terminated_on": writing.on(
            np.where(roster.terminated == FOREVER, NONE, roster.terminated)
        ),
        "time_zone": writing.codes(zones, place),
        "calendar_id": writing.codes(calendars, place),
    }


def _assignments(roster: Roster) -> Table:
    n = len(roster.role)
    moved = np.flatnonzero(roster.moved_on >= 0)
    rep = np.concatenate((np.arange(n), moved))
    start = np.where(roster.moved_on >= 0, roster.moved_on, roster.hired) * DAY
    start = np.concatenate((start, roster.hired[moved] * DAY))
    end = np.where(roster.terminated == FOREVER, NONE, roster.terminated * DAY)
    end = np.concatenate((end, roster.moved_on[moved] * DAY))
    team = np.concatenate((roster.team, roster.earlier_team[moved]))
    order = np.lexsort((start, rep))
    return writing.take(
        {
            "rep_id": writing.ids("R", rep, 4),
            "team_id": writing.ids("T", team, 2),
            "territory_id": writing.ids("TER", roster.country[rep] * 2 + rep % 2, 2),
            "role": writing.codes(ROLES, roster.role[rep]),
            "valid_from": writing.at(start),
            "valid_to": writing.at(end),
        },
        order,
    )


def _locations() -> Table:
    n = len(LOCATIONS)
    opened = np.full(n, day_number("2019-03-21"))
    closed = np.full(n, NONE)
    closed[CONTROL] = CONTROL_CLOSED
    return {
        "location_id": writing.ids("LOC", np.arange(n), 2),
        "location_name": writing.texts([row[0] for row in LOCATIONS]),
        "location_kind": writing.texts([row[1] for row in LOCATIONS]),
        "region": writing.texts([row[2] for row in LOCATIONS]),
        "time_zone": writing.texts([row[3] for row in LOCATIONS]),
        "opened_on": writing.on(opened),
        "closed_on": writing.on(closed),
    }


def _products() -> Table:
    return {
        "product_id": writing.ids("P", np.arange(len(PRODUCTS)), 3),
        "product_name": writing.texts([row[0] for row in PRODUCTS]),
        "product_family": writing.texts([row[1] for row in PRODUCTS]),
        "bundle_id": writing.texts([row[2] or None for row in PRODUCTS]),
        "tier_rank": writing.number(np.array([row[3] or np.nan for row in PRODUCTS], dtype=float)),
    }


def _pipeline_stages() -> Table:
    return {
        "pipeline_id": writing.texts([PIPELINES[row[0]] for row in STAGES]),
        "stage_id": writing.texts([row[1] for row in STAGES]),
        "stage_name": writing.texts([row[2] for row in STAGES]),
        "stage_order": writing.number(np.array([row[3] for row in STAGES], dtype=float)),
        "stage_category": writing.texts([row[4] for row in STAGES]),
        "is_required": writing.flag(np.array([row[5] for row in STAGES])),
        "expected_days": writing.number(
            np.array([np.nan if row[6] is None else row[6] for row in STAGES], dtype=float)
        ),
    }


def campaign_of(channel: Ints, seconds: Ints) -> Ints:
    """The campaign of a channel in the quarter of a moment; NONE where the channel has none."""
    place = np.full(len(CHANNELS), NONE)
    place[list(CAMPAIGN_CHANNELS)] = np.arange(len(CAMPAIGN_CHANNELS))
    quarter = np.clip(month_of(seconds // DAY) // 3, 0, 11)
    return np.where(place[channel] < 0, NONE, quarter * len(CAMPAIGN_CHANNELS) + place[channel])


def _campaigns(budgets: Floats) -> Table:
    number = np.arange(12 * len(CAMPAIGN_CHANNELS))
    quarter = number // len(CAMPAIGN_CHANNELS)
    channel = np.array(CAMPAIGN_CHANNELS)[number % len(CAMPAIGN_CHANNELS)]
    titles = ("بهار نو", "Mùa mới", "انطلاقة", "Open house")
    return {
        "campaign_id": writing.ids("C", number, 3),
        "campaign_name": writing.texts(
            [
                f"{titles[c]} {2023 + q // 4} Q{q % 4 + 1}"
                for c, q in zip(number % 4, quarter, strict=True)
            ]
        ),
        "channel": writing.codes(CHANNELS, channel),
        "motion": writing.codes(
            ("inbound", "outbound"), (channel >= FIRST_OUTBOUND).astype(np.int8)
        ),
        "budget_amount": writing.number(budgets),
        "currency": writing.fixed("USD", len(number)),
        "start_on": writing.on(MONTH_STARTS[quarter * 3]),
        "end_on": writing.on(MONTH_STARTS[quarter * 3 + 3] - 1),
    }


def _exchange_rates(money: Money) -> Table:
    currency, day = np.nonzero(~np.isnan(money.published[:USD]))
    return {
        "rate_on": writing.on(day + RATES_FROM),
        "from_currency": writing.codes(CURRENCIES, currency),
        "to_currency": writing.fixed("USD", len(day)),
        "rate": writing.number(money.published[currency, day]),
    }


def _targets(company: Company, rng: Generator) -> Table:
    """Bookings quotas: most monthly, some quarterly, some sellers have none; yearly goals."""
    roster = company.roster
    sellers = np.flatnonzero((roster.role == 2) | (roster.role == 3))
    sellers = sellers[rng.random(len(sellers)) < 0.88]
    quarterly = rng.random(len(sellers)) < 0.12
    load = max(1.0, company.scale * 40 / len(roster.role))
    level = np.where(roster.role[sellers] == 2, 32_000, 4_000) * load
    level = level * rng.uniform(0.8, 1.25, len(sellers))
    rep, start, end, value, kind = [], [], [], [], []
    for length, chosen in ((1, ~quarterly), (3, quarterly)):
        for month in range(0, N_MONTHS, length):
            first, after = MONTH_STARTS[month], MONTH_STARTS[month + length]
            here = chosen & (roster.hired[sellers] < after) & (roster.terminated[sellers] > first)
            growth = (1 + np.where(roster.role[sellers[here]] == 2, 0.03, 0.2) * month) * length
            rep.append(sellers[here])
            start.append(np.full(here.sum(), first))
            end.append(np.full(here.sum(), after))
            value.append(np.round(level[here] * growth, -3))
            kind.append(np.full(here.sum(), 0 if length == 1 else 1))
    years = MONTH_STARTS[[0, 12, 24]]
    rep.append(np.full(3, NONE))
    start.append(years)
    end.append(MONTH_STARTS[[12, 24, 36]])
    value.append(np.round(level.sum() * 12 * np.array([0.8, 1.5, 2.5]), -4))
    kind.append(np.full(3, 2))
    reps, kinds = np.concatenate(rep), np.concatenate(kind)
    n = len(reps)
    goal = (kinds == 2).astype(np.int8)
    return {
        "target_id": writing.ids("Q", np.arange(n), 6),
        "target_kind": writing.codes(("quota", "goal"), goal),
        "scope_type": writing.codes(("rep", "company"), goal),
        "scope_id": writing.text(
            "case when {0} >= 0 then 'R' || lpad({0}::varchar, 4, '0') else 'company' end", reps
        ),
        "measure_id": writing.fixed("bookings_amount", n),
        "value_type": writing.fixed("currency", n),
        "period_type": writing.codes(("month", "quarter", "year"), kinds),
        "period_start": writing.on(np.concatenate(start)),
        "period_end": writing.on(np.concatenate(end)),
        "target_value": writing.number(np.concatenate(value)),
        "currency": writing.fixed("USD", n),
    }


def rep_onboardings(roster: Roster, rng: Generator) -> tuple[Ints, Ints, Ints]:
    """Reps hired in the period, when their onboarding started and ended (NONE while it lasts)."""
    rep = np.flatnonzero(roster.hired >= FIRST_DAY)
    start = roster.hired[rep] * DAY + 7 * HOUR
    end = start + rng.integers(25, 75, len(rep)) * DAY
    return rep, start, np.where(end < END_DAY * DAY, end, NONE)
