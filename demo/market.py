"""The market around the company: prices, competitors, promotions, and what it all costs."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from demo import audience as au
from demo import company as co
from demo import writing
from demo.company import Company
from demo.offers import COMPETITORS
from demo.timeline import AS_OF_DAY, DAY, HOUR, MONTH_STARTS, N_MONTHS, NONE, Floats, Ints
from demo.timeline import day_number as day
from demo.writing import Table

GAPS = (-0.1, -0.07, -0.03, 0.0, 0.02, 0.04, 0.08, 0.12, 0.15)
"""How much dearer the company is than a competitor; none lies near the tolerance of 5 %."""
_TAXES = (0.1, 0.15, 0.1, 0.2)  # of the competitors' countries
_LAST_SEEN = (AS_OF_DAY, day("2025-10-15"), AS_OF_DAY, AS_OF_DAY)
PRICED = 7  # products from here on no competitor sells

PROMOTIONS = (  # type, location, product, first day, last day
    ("promo_sale", co.ONLINE, None, "2023-11-20", "2023-11-30"),
    ("coupon", co.ONLINE, 9, "2024-03-01", "2024-03-31"),
    ("promo_sale", co.ONLINE, None, "2024-11-18", "2024-11-30"),
    ("shelf_display", co.TREATED, 9, "2025-02-01", "2025-02-28"),
    ("discount", co.ONLINE, 8, "2025-06-01", "2025-06-30"),
    ("promo_sale", co.ONLINE, None, "2025-11-17", "2025-11-30"),
)
EXPERIMENT = 3  # the promotion that is tried against a store without one


def promotion_of(location: Ints, product: Ints, on: Ints) -> Ints:
    """The promotion that a line was sold in; NONE without. Subscriptions are never in one."""
    found = np.full(len(location), NONE)
    for number, (_, place, item, first, last) in enumerate(PROMOTIONS):
        here = (location == place) & (on >= day(first)) & (on <= day(last))
        here &= product >= co.ONE_OFF_FROM if item is None else product == item
        found = np.where(here, number, found)
    return found


def market_tables(company: Company, seed: int) -> dict[str, Table]:
    """Tables that do not grow with the customers; each has random numbers of its own."""
    made: tuple[tuple[str, Callable[[Company, Generator], Table]], ...] = (
        ("product_price_history", _price_history),
        ("competitors", _competitors),
        ("competitor_prices", competitor_prices),
        ("competitor_offerings", _offerings),
        ("promotions", _promotions),
        ("promo_experiments", _experiments),
        ("campaign_spend", _campaign_spend),
        ("expenses", _expenses),
        ("ctas", _ctas),
        ("collateral", _collateral),
        ("employee_surveys", _employee_surveys),
    )
    return {
        entity: make(company, np.random.default_rng([seed, 5, number]))
        for number, (entity, make) in enumerate(made)
    }


def _price_history(company: Company, rng: Generator) -> Table:
    n, years = len(co.PRODUCTS), len(co.PRICE_YEARS)
    product, year = np.repeat(np.arange(n), years), np.tile(np.arange(years), n)
    starts = np.array([day(first) for first, _ in co.PRICE_YEARS])
    return {
        "product_id": writing.ids("P", product, 3),
        "valid_from": writing.on(starts[year]),
        "valid_to": writing.on(np.append(starts[1:], NONE)[year]),
        "list_price": writing.number(co.list_price(product, starts[year])),
        "currency": writing.fixed("USD", len(product)),
    }


def _competitors(company: Company, rng: Generator) -> Table:
    return {
        "competitor_id": writing.ids("CO", np.arange(len(COMPETITORS)), 2),
        "competitor_name": writing.texts(COMPETITORS),
    }


def observations(rng: Generator) -> tuple[Ints, Ints, Ints, Floats]:
    """Competitor, product, day and gap of every price seen: on the 20th of each month."""
    seen = MONTH_STARTS[:N_MONTHS] + 19
    sells = rng.random((len(COMPETITORS), PRICED)) < 0.75
    sells[0] = True
    gaps = rng.choice(len(GAPS), (len(COMPETITORS), PRICED))
    moves = rng.random((len(COMPETITORS), PRICED, N_MONTHS)) < 0.08
    shift = np.cumsum(moves * rng.integers(1, len(GAPS), moves.shape), axis=2)
    gap = np.array(GAPS)[(gaps[:, :, None] + shift) % len(GAPS)]
    who, what, month = np.nonzero(np.broadcast_to(sells[:, :, None], gap.shape))
    kept = seen[month] <= np.array(_LAST_SEEN)[who]
    who, what, month = who[kept], what[kept], month[kept]
    return who, what, seen[month], gap[who, what, month]


def competitor_prices(company: Company, rng: Generator) -> Table:
    """In the currency and with the tax of the competitor's country; the first two sell anywhere."""
    who, product, seen, gap = observations(rng)
    currency = np.array([co.USD, 1, co.USD, 3])[who]  # dollars, riyals, dollars, pounds
    taxed = np.isin(who, (1, 3))
    tax = np.array(_TAXES)[who]
    usd = co.list_price(product, seen) / (1 + gap)
    price = usd / company.money.to_usd(currency, seen * DAY) * np.where(taxed, 1 + tax, 1)
    return {
        "competitor_id": writing.ids("CO", who, 2),
        "product_id": writing.ids("P", product, 3),
        "region": writing.codes(co.REGIONS, np.where(who < 2, NONE, who)),
        "price": writing.number(np.round(price, 4)),
        "currency": writing.codes(co.CURRENCIES, currency),
        "tax_included": writing.flag(taxed),
        "tax_rate": writing.number(np.where(taxed, tax, np.nan)),
        "observed_on": writing.on(seen),
    }


def price_match(seed: int) -> tuple[int, int]:
    """On the last day: products within 5 % of the cheapest competitor, and products with a price
    of a competitor that is not older than 30 days."""
    rng = np.random.default_rng([seed, 5, 2])
    _, product, seen, gap = observations(rng)
    fresh = seen >= AS_OF_DAY - 30
    close = known = 0
    for item in range(PRICED):
        rows = fresh & (product == item)
        if rows.any():
            known += 1
            # The cheapest competitor is the one against whom we are dearest.
            close += int(abs(gap[rows].max()) <= 0.05)
    return close, known


def _offerings(company: Company, rng: Generator) -> Table:
    capabilities = ("mobile app", "Persian interface", "offline mode", "open API", "telephony")
    who = np.repeat(np.arange(-1, len(COMPETITORS)), len(capabilities))
    what = np.tile(np.arange(len(capabilities)), len(COMPETITORS) + 1)
    ours = who < 0  # all but the telephony
    offered = np.where(ours, what < 4, rng.random(len(who)) < 0.55)
    later = np.flatnonzero(~offered & ~ours & (rng.random(len(who)) < 0.4))
    return {
        "competitor_id": writing.ids("CO", np.concatenate((who, who[later])), 2),
        "capability": writing.codes(capabilities, np.concatenate((what, what[later]))),
        "is_offered": writing.flag(np.concatenate((offered, np.ones(len(later), dtype=bool)))),
        "observed_on": writing.on(
            np.concatenate((np.full(len(who), day("2024-01-15")),
                            np.full(len(later), day("2025-03-12"))))
        ),
    }  # fmt: skip


def _promotions(company: Company, rng: Generator) -> Table:
    return {
        "promotion_id": writing.ids("PR", np.arange(len(PROMOTIONS)), 3),
        "promotion_type": writing.texts([row[0] for row in PROMOTIONS]),
        "location_id": writing.ids("LOC", np.array([row[1] for row in PROMOTIONS]), 2),
        "product_id": writing.ids(
            "P", np.array([NONE if row[2] is None else row[2] for row in PROMOTIONS]), 3
        ),
        "starts_on": writing.on(np.array([day(row[3]) for row in PROMOTIONS])),
        "ends_on": writing.on(np.array([day(row[4]) for row in PROMOTIONS])),
    }


def _experiments(company: Company, rng: Generator) -> Table:
    borders = [writing.on(np.array([MONTH_STARTS[month]])) for month in (24, 25, 25, 26)]
    return {
        "experiment_id": writing.ids("EX", np.zeros(1, dtype=np.int64), 2),
        "promotion_id": writing.ids("PR", np.array([EXPERIMENT]), 3),
        "treated_location_id": writing.ids("LOC", np.array([co.TREATED]), 2),
        "control_location_id": writing.ids("LOC", np.array([co.CONTROL]), 2),
        **dict(zip(("pre_start", "pre_end", "post_start", "post_end"), borders, strict=True)),
    }


def _campaign_spend(company: Company, rng: Generator) -> Table:
    """Weekly, a little less or more than the budget in all."""
    n, weeks = len(company.budgets), 13
    campaign, week = np.repeat(np.arange(n), weeks), np.tile(np.arange(weeks), n)
    spent = company.budgets * rng.uniform(0.85, 1.06, n)
    share = rng.dirichlet(np.full(weeks, 12.0), n)
    first = MONTH_STARTS[campaign // len(co.CAMPAIGN_CHANNELS) * 3]
    return {
        "campaign_id": writing.ids("C", campaign, 3),
        "spend_on": writing.on(first + 7 * week + 3),
        "amount": writing.number(np.round(spent[campaign] * share.ravel(), 2)),
        "currency": writing.fixed("USD", n * weeks),
    }


EXPENSES = ("marketing", "advertising", "salary", "commission", "tools", "hidden")
_LINES = (  # category, motion, channel, USD a month at scale 1, share spent on new customers
    (0, 0, 4, 9_000, 0.9),
    (0, 0, 0, 5_000, 0.8),
    (1, 0, 1, 14_000, 1.0),
    (1, 0, 2, 7_000, 1.0),
    (1, 1, 6, 3_000, 1.0),
    (2, 0, NONE, 38_000, 0.7),
    (2, 1, NONE, 46_000, 0.85),
    (2, NONE, NONE, 24_000, 0.3),
    (3, 0, NONE, 9_000, 0.8),
    (3, 1, NONE, 6_000, 0.9),
    (4, NONE, NONE, 6_500, 0.5),
    (5, NONE, NONE, 4_000, 0.4),
)


def _expenses(company: Company, rng: Generator) -> Table:
    """The same lines every month, growing by a tenth a year; ads are paid back at times."""
    months = np.repeat(np.arange(N_MONTHS), len(_LINES))
    line = np.tile(np.arange(len(_LINES)), N_MONTHS)
    category, motion, channel = (np.array([row[k] for row in _LINES])[line] for k in range(3))
    amount = np.array([row[3] for row in _LINES])[line] * company.scale
    amount = amount * rng.uniform(0.9, 1.1, len(line)) * 1.1 ** (months / 12)
    refunds = np.flatnonzero((category == 1) & (rng.random(len(line)) < 0.08))
    row = np.concatenate((np.arange(len(line)), refunds))
    amount = np.concatenate((amount, -0.12 * amount[refunds]))
    on = MONTH_STARTS[months[row]] + rng.integers(0, 28, len(row))
    of_campaign = np.isin(channel[row], co.CAMPAIGN_CHANNELS)
    campaign = co.campaign_of(np.maximum(channel[row], 0), on * DAY)
    in_pounds = (category[row] == 2) & (motion[row] < 0)
    currency = np.where(in_pounds, 3, co.USD)
    return {
        "expense_id": writing.ids("E", np.arange(len(row)), 6),
        "expense_on": writing.on(on),
        "category": writing.codes(EXPENSES, category[row]),
        "motion": writing.codes(("inbound", "outbound"), motion[row]),
        "channel": writing.codes(co.CHANNELS, channel[row]),
        "campaign_id": writing.ids("C", np.where(of_campaign, campaign, NONE), 3),
        "amount": writing.number(np.round(amount / company.money.to_usd(currency, on * DAY), 2)),
        "currency": writing.codes(co.CURRENCIES, currency),
        "acquisition_share": writing.number(np.array([row[4] for row in _LINES])[line][row]),
    }


def _ctas(company: Company, rng: Generator) -> Table:
    return {
        "cta_id": writing.ids("CTA", np.arange(len(au.CTAS)), 2),
        "cta_name": writing.texts([row[0] for row in au.CTAS]),
        "placement": writing.texts([row[1] for row in au.CTAS]),
    }


def _collateral(company: Company, rng: Generator) -> Table:
    return {
        "collateral_id": writing.ids("COL", np.arange(len(au.COLLATERAL)), 3),
        "title": writing.texts([row[0] for row in au.COLLATERAL]),
        "collateral_type": writing.texts([row[1] for row in au.COLLATERAL]),
    }


QUESTIONS = ("enps", "belonging", "method_agreement", "motivation")
_ANSWERS = np.array([0.01, 0.01, 0.01, 0.02, 0.03, 0.06, 0.08, 0.16, 0.21, 0.24, 0.17])


def _employee_surveys(company: Company, rng: Generator) -> Table:
    """A wave each quarter; six in seven of those employed answer, one in fifty answers again."""
    roster = company.roster
    quarter, rep = np.nonzero(
        (roster.hired[None, :] < MONTH_STARTS[2:N_MONTHS:3, None])
        & (roster.terminated[None, :] > MONTH_STARTS[2:N_MONTHS:3, None] + 25)
    )
    answers = rng.random(len(rep)) < 6 / 7
    quarter, rep = quarter[answers], rep[answers]
    again = rng.random(len(rep)) < 0.02
    quarter = np.concatenate((quarter, quarter[again]))
    rep_of = np.concatenate((rep, rep[again]))
    turn = np.concatenate((np.zeros(len(rep)), np.ones(again.sum()))).astype(np.int64)
    n = len(rep_of)
    on = MONTH_STARTS[quarter * 3 + 2] + 8 + rep_of % 9 + turn * 3
    day_of = np.repeat(on, len(QUESTIONS))
    question = np.tile(np.arange(len(QUESTIONS)), n)
    moved = roster.moved_on[rep_of]
    team = np.where((moved >= 0) & (on < moved), roster.earlier_team[rep_of], roster.team[rep_of])
    return {
        "answer_id": writing.ids("EA", np.arange(n * len(QUESTIONS)), 7),
        "survey_wave": writing.text(
            "(2023 + {0} // 4)::varchar || '-Q' || ({0} % 4 + 1)::varchar",
            np.repeat(quarter, len(QUESTIONS)),
        ),
        "respondent_key": writing.text(
            "left(md5('respondent ' || {0}::varchar), 12)", np.repeat(rep_of, len(QUESTIONS))
        ),
        "team_id": writing.ids("T", np.repeat(team, len(QUESTIONS)), 2),
        "question_kind": writing.codes(QUESTIONS, question),
        "score": writing.number(rng.choice(11, n * len(QUESTIONS), p=_ANSWERS)),
        "responded_at": writing.at(day_of * DAY + 10 * HOUR + question * 30),
    }
