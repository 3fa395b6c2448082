"""What the generator planted, and how to compare it with the KPIs of the warehouse.

`expected` is the mean of the random model, `se` its standard error for the rows that were drawn,
so a correct KPI lies within four `se` nearly always. `realised` is what the draw came to, counted
from the generator's own state before any duplicate, merge or bad row was added: a correct
warehouse finds it exactly. Test accounts are outside of both.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo import company as co
from demo import customers as cu
from demo import deals as dl
from demo import market_truths
from demo import marketing as mk
from demo.block import Block
from demo.company import Company
from demo.timeline import (
    AS_OF_DAY,
    DAY,
    END,
    END_DAY,
    MONTH_STARTS,
    NONE,
    Flags,
    Floats,
    Ints,
    add_months,
    day_number,
)

YEARS = (2023, 2024, 2025)
NEVER = int(np.iinfo(np.int64).max)
CHURN_MONTHS = (5, 33)  # 2023-06 to 2025-10, by months since January 2023


@dataclass(frozen=True)
class Truths:
    """The planted truths, and the file that holds them."""

    path: Path
    values: dict[str, Any]


def _year(seconds: Ints) -> Ints:
    return np.searchsorted(MONTH_STARTS[[0, 12, 24, 36]], seconds // DAY, side="right") + 2022


def tally(company: Company, block: Block) -> Counter[str]:
    """The sums of one block. Sums of blocks add up to those of the company."""
    sums: Counter[str] = Counter()
    _tally_funnel(sums, block)
    _tally_deals(sums, company, block)
    _tally_customers(sums, company, block)
    _tally_first_impressions(sums, block)
    _tally_records(sums, block)
    market_truths.tally(sums, company, block)
    return sums


def _add(sums: Counter[str], key: str, **values: float) -> None:
    for name, value in values.items():
        sums[f"{key}.{name}"] += float(value)  # type: ignore[assignment]


def _tally_funnel(sums: Counter[str], block: Block) -> None:
    leads = block.leads
    real = ~leads.is_test
    day = leads.created // DAY
    early = real & (day < day_number("2025-07-01"))
    soon = (leads.mql >= 0) & (leads.mql - leads.created <= 90 * DAY)
    for number, channel in enumerate(co.CHANNELS):
        here = early & (leads.channel == number)
        _add(sums, f"mql.{channel}", d=here.sum(), n=(here & (leads.mql >= 0)).sum(),
             n90=(here & soon).sum())  # fmt: skip
    mqls = real & (leads.mql >= 0) & (day < day_number("2025-06-01"))
    _add(sums, "sql", d=mqls.sum(), n=(mqls & (leads.sql >= 0)).sum())
    sqls = real & (leads.sql >= 0) & (day < day_number("2025-04-01"))
    _add(sums, "opportunity", d=sqls.sum(), n=(sqls & (leads.opportunity >= 0)).sum())
    for year in YEARS:
        _add(sums, f"leads_created.{year}", n=(real & (_year(leads.created) == year)).sum())


def _tally_deals(sums: Counter[str], company: Company, block: Block) -> None:
    deals = block.deals
    scope = deals.decided & (deals.kind != dl.RENEWAL) & ~deals.is_test
    known = ~np.isnan(deals.amount)
    usd = np.where(known, np.nan_to_num(deals.amount), 0.0) * company.money.to_usd(
        deals.currency, deals.close
    )
    cycle = (deals.close - deals.first_touch) / DAY
    year = _year(deals.close)

    def cell(key: str, rows: Flags) -> None:
        chance = deals.win_chance[rows]
        won = rows & deals.won
        sized = won & known
        _add(sums, f"deals.{key}", decided=rows.sum(), won=won.sum(), chance=chance.sum(),
             variance=(chance * (1 - chance)).sum(), sized=sized.sum(), usd=usd[sized].sum(),
             usd_mean=deals.usd_mean[sized].sum(), usd_variance=(deals.usd_sd[sized] ** 2).sum(),
             cycle=cycle[won].sum())  # fmt: skip

    cell("all", scope)
    for each in YEARS:
        cell(str(each), scope & (year == each))
    cell("last_90_days", scope & (deals.close >= END - 90 * DAY))
    for number, kind in enumerate(dl.KINDS[:3]):
        cell(kind, scope & (deals.kind == number))
    for number, channel in enumerate(co.CHANNELS):
        cell(channel, scope & (deals.channel == number) & (deals.kind == dl.NEW_BUSINESS))

    # Cohorts whose longest cycle is over by the last day.
    cohort = (deals.kind == dl.NEW_BUSINESS) & ~deals.is_test & deals.won
    cohort &= deals.first_touch < END - (co.LONGEST_CYCLE_DAYS + 10) * DAY
    for number, segment in enumerate(co.SEGMENTS):
        rows = cohort & (deals.segment == number)
        _add(sums, f"cycle.{segment}", n=rows.sum(), days=cycle[rows].sum())

    is_open = ~deals.decided & ~deals.is_test
    for key, rows in (("open", is_open), ("open_without_renewals",
                                          is_open & (deals.kind != dl.RENEWAL))):  # fmt: skip
        _add(sums, key, n=rows.sum(), usd=usd[rows].sum())
    _add(sums, "reopened", n=(deals.reopened > 0).sum())
    for number, kind in enumerate(dl.KINDS):
        _add(sums, f"opportunities.{kind}", n=(deals.kind == number).sum())


def _tally_customers(sums: Counter[str], company: Company, block: Block) -> None:
    spells, deals = block.spells, block.deals
    real = ~deals.is_test[spells.deal]
    first, last = CHURN_MONTHS
    risk = np.searchsorted(MONTH_STARTS, spells.start, side="left")
    final = np.searchsorted(MONTH_STARTS, spells.end, side="left") - 1  # the month of the loss
    months = np.minimum(final, last) - np.maximum(risk, first) + 1
    lost = real & (final >= first) & (final <= last)
    _add(sums, "churn", d=months[real & (months > 0)].sum(), n=lost.sum())
    lost_year = final // 12 + 2023
    known = final <= last
    for year in YEARS:
        _add(sums, f"lost.{year}", n=(real & known & (lost_year == year)).sum())

    new = real & ~spells.is_return
    close = deals.close[spells.deal]
    late_starts = (deals.kind == dl.NEW_BUSINESS) & deals.won & deals.decided & ~deals.is_test
    for year in YEARS:
        _add(sums, f"acquired.{year}", n=(late_starts & (_year(deals.close) == year)).sum())
    anchor = close // DAY
    for horizon in (6, 9):
        limit = add_months(anchor, horizon)
        rows = new & (add_months(anchor, 9) + 31 < AS_OF_DAY)
        at_risk = np.searchsorted(MONTH_STARTS, limit + 1, side="right") - 1 - risk
        chance = 1 - (1 - co.CHURN_HAZARD) ** np.maximum(at_risk, 0)
        churned = rows & (spells.end - 1 <= limit)
        _add(sums, f"post_close.{horizon}", d=rows.sum(), n=churned.sum(), p=chance[rows].sum(),
             variance=(chance * (1 - chance))[rows].sum())  # fmt: skip

    bills = block.invoices
    known_deal = np.maximum(bills.deal, 0)
    counts = (bills.status != cu.VOID) & ~((bills.deal >= 0) & deals.is_test[known_deal])
    usd: Floats = bills.net * company.money.to_usd(bills.currency, bills.issued)
    for year in YEARS:
        rows = counts & (_year(bills.issued) == year)
        _add(sums, f"net_sales.{year}", usd=usd[rows].sum(), n=rows.sum())
    active = real & (spells.start < END_DAY) & (spells.end >= END_DAY)
    _add(sums, "active_at_end", n=active.sum())


def _earliest(moment: Ints, member: Ints, size: int) -> Ints:
    """The earliest moment of each member up to `size`; NEVER where there is none."""
    first = np.full(size, NEVER)
    known = member >= 0
    np.minimum.at(first, member[known], moment[known])
    return first


def _tally_first_impressions(sums: Counter[str], block: Block) -> None:
    leads, deals, bills, points = block.leads, block.deals, block.invoices, block.touchpoints
    size = len(block.accounts.country)
    account = np.where(leads.is_test, NONE, block.lead_account)
    # The first touch that anybody can give to an account, else the creation of its first lead.
    touched = np.where(points.survivor < 0, NONE, account[points.survivor])
    impression = _earliest(points.moment, touched, size)
    created = _earliest(leads.created, account, size)
    impression = np.where(impression == NEVER, created, impression)

    won = deals.won & deals.decided & (deals.kind != dl.RENEWAL)
    purchase = _earliest(deals.close[won], deals.account[won], size)
    # An invoice makes a purchase unless its credit notes paid it back; each has one line.
    net = bills.net.copy()
    note = np.flatnonzero((bills.original >= 0) & (bills.status != cu.VOID))
    np.add.at(net, bills.original[note], bills.net[note])
    paid = (bills.original < 0) & (bills.status != cu.VOID) & (np.round(net, 2) > 0)
    purchase = np.minimum(purchase, _earliest(bills.issued[paid], bills.account[paid], size))

    bought = (purchase < END) & (created < NEVER)  # a lead is known
    rows = bought & (purchase >= impression)
    _add(sums, "impression", n=rows.sum(), early=(bought & ~rows).sum(),
         days=((purchase - impression)[rows] / DAY).sum())  # fmt: skip

    n = len(leads)
    form = points.kind == mk.FORM_FILL
    first = _earliest(points.moment[~form], points.survivor[~form], n)
    own = form & (points.lead == points.survivor)
    filled = _earliest(points.moment[own], points.lead[own], n)
    tracked = filled < NEVER
    _add(sums, "lead_in", n=tracked.sum(), days=((filled - first)[tracked] / DAY).sum())


def _tally_records(sums: Counter[str], block: Block) -> None:
    leads, merged = block.leads, block.merged
    second = (merged.into >= len(leads)).sum()
    kept = {
        "surviving_leads": len(leads), "merged_leads": len(merged.into),
        "merged_leads_by_way_of_another": second,
        "test_leads": leads.is_test.sum(), "leads_without_owner": (leads.owner < 0).sum(),
        "leads_that_skipped_mql": (leads.mql_skipped & (leads.sql < END)).sum(),
        "leads_that_went_back": ((leads.relapse >= 0) & (leads.relapse < END)).sum(),
        "leads_disqualified": ((leads.disqualified >= 0) & (leads.disqualified < END)).sum(),
        "mql_entries_on_a_merged_lead": merged.takes_mql.sum(),
        "merged_accounts": (block.accounts.merged_into >= 0).sum(),
        "test_accounts": (block.accounts.is_test & (block.accounts.merged_into < 0)).sum(),
        "merged_contacts": (block.contacts.merged_into >= 0).sum(),
        "unmerged_twin_contacts": (
            (block.contacts.same_email_as >= 0) & (block.contacts.merged_into < 0)
        ).sum(),
        "deals_won_without_amount": (np.isnan(block.deals.amount) & block.deals.won
                                     & block.deals.decided).sum(),
        "customers_back_after_grace": block.spells.is_return.sum(),
        "subscriptions_lapsed_within_grace": block.lapses,
        "void_invoices": (block.invoices.status == cu.VOID).sum(),
        "credit_notes": (block.invoices.original >= 0).sum(),
        "accounts_refunded_in_full": len(block.strays),
    }  # fmt: skip
    _add(sums, "records", **kept)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _ratio(numerator: float, denominator: float) -> dict[str, Any]:
    value = _share(numerator, denominator)
    return {"numerator": numerator, "denominator": denominator, "value": value}


def _cell(
    numerator: float, denominator: float, expected: float | None, variance: float
) -> dict[str, Any]:
    """What was planted and what was drawn; `variance` is that of the numerator."""
    return {
        "expected": expected,
        "se": _share(float(np.sqrt(variance)), denominator),
        "realised": _ratio(numerator, denominator),
    }


def describe(
    sums: Counter[str], facts: dict[str, Any], company: Company, seed: int
) -> dict[str, Any]:
    """The content of the truths file."""
    value = {key: float(total) for key, total in sums.items()}

    def rate(key: str, p: float, n: str = "n") -> dict[str, Any]:
        d = value[f"{key}.d"]
        return _cell(value[f"{key}.{n}"], d, p, p * (1 - p) * d)

    def wins(key: str) -> dict[str, Any]:
        deals = f"deals.{key}"
        d = value[f"{deals}.decided"]
        chance = _share(value[f"{deals}.chance"], d)
        return _cell(value[f"{deals}.won"], d, chance, value[f"{deals}.variance"])

    def sizes(key: str) -> dict[str, Any]:
        deals = f"deals.{key}"
        d = value[f"{deals}.sized"]
        mean = _share(value[f"{deals}.usd_mean"], d)
        return _cell(round(value[f"{deals}.usd"], 2), d, mean, value[f"{deals}.usd_variance"])

    def lengths(key: str) -> dict[str, Any]:
        return {"realised": _ratio(value[f"deals.{key}.cycle"], value[f"deals.{key}.won"])}

    def later(horizon: int) -> dict[str, Any]:
        key = f"post_close.{horizon}"
        d = value[f"{key}.d"]
        return _cell(value[f"{key}.n"], d, _share(value[f"{key}.p"], d), value[f"{key}.variance"])

    def yearly(key: str, what: str = "n") -> dict[str, Any]:
        return {str(year): {"realised": round(value[f"{key}.{year}.{what}"], 2)} for year in YEARS}

    cycles: dict[str, Any] = {}
    for segment, spread in zip(co.SEGMENTS, co.CYCLES, strict=True):
        n, days = value[f"cycle.{segment}.n"], value[f"cycle.{segment}.days"]
        cycles[segment] = {"sd": spread.sd / DAY} | _cell(
            days, n, spread.mean / DAY, n * (spread.sd / DAY) ** 2
        )
    periods = ("all", *map(str, YEARS), "last_90_days")
    truths: dict[str, Any] = {
        "lead_to_mql_rate": {
            "compare": "Sum n and d over the cohorts of leads created 2023-01 to 2025-06, by "
            "channel of the survivor; every MQL of these is in the data.",
            "time_basis": "cohort", "dimension": "channel", "model": "binomial",
            "cells": {c: rate(f"mql.{c}", float(p)) for c, p in
                      zip(co.CHANNELS, co.MQL_CHANCES, strict=True)},
        },
        "lead_to_mql_rate_within_90_days": {
            "compare": "As above, MQL entered within 90 days of creation. No MQL is entered "
            "between day 81 and day 94, so the rounding of a day does not matter; a skipped MQL "
            "that is dated by its SQL lies on the same side of the 90 days.",
            "time_basis": "cohort", "dimension": "channel", "model": "binomial",
            "cells": {c: rate(f"mql.{c}", float(p) * co.MQL_WITHIN_90_DAYS, "n90") for c, p in
                      zip(co.CHANNELS, co.MQL_CHANCES, strict=True)},
        },
        "mql_to_sql_rate": {
            "compare": "Leads created 2023-01 to 2025-05 that reached MQL (skipped MQLs imputed), "
            "or, for `expected` only, MQL entries 2023-01 to 2025-10.",
            "time_basis": "cohort", "dimension": "all", "model": "binomial",
            "cells": {"all": rate("sql", co.SQL_CHANCE)},
        },
        "sql_to_opportunity_rate": {
            "compare": "Leads created 2023-01 to 2025-03 that reached SQL (skipped SQLs imputed), "
            "or, for `expected` only, SQL entries 2023-01 to 2025-09.",
            "time_basis": "cohort", "dimension": "all", "model": "binomial",
            "cells": {"all": rate("opportunity", co.OPPORTUNITY_CHANCE)},
        },
        "win_rate": {
            "compare": "Non-renewal deals decided in the period, by last close. Every deal has a "
            "chance of its own (channel plus skill of the owner, or an expansion's); expected is "
            "their mean over the decided deals. By channel: new business only, while the KPI's "
            "channel cells hold new business only too, as expansions have no channel.",
            "time_basis": "event", "dimension": "period, channel, opportunity type",
            "model": "sum of independent Bernoulli draws",
            "cells": {k: wins(k) for k in (*periods, *dl.KINDS[:3], *co.CHANNELS)},
        },
        "avg_deal_size": {
            "compare": "Won non-renewal deals with a known amount, by close, USD at the rate of "
            "the UTC date of the close (last known rate). Expected is the mean of the deals' "
            "segment means, zero amounts (1 %) included.",
            "time_basis": "event", "dimension": "period, opportunity type",
            "model": "mean of independent draws",
            "cells": {k: sizes(k) for k in (*periods, *dl.KINDS[:3])},
        },
        "sales_cycle_length": {
            "compare": "Days from the first two-way contact to the last close of won non-renewal "
            "deals, by close: realised is exact to a second a deal.",
            "time_basis": "event", "dimension": "period, opportunity type", "model": "none",
            "cells": {k: lengths(k) for k in (*periods, *dl.KINDS[:3])},
        },
        "sales_cycle_length_by_segment": {
            "compare": "Won new-business deals whose first two-way contact was at least 310 days "
            "before 2026-01-01 (all are decided by then): gamma distributions cut off at both "
            "ends, the same for won and lost deals. A few accounts have no segment in the data.",
            "time_basis": "cohort on first contact", "dimension": "segment",
            "model": "mean of independent draws", "cells": cycles,
        },
        "customer_churn_rate": {
            "compare": "Sum n and d over the months 2023-06 to 2025-10: customers active on the "
            "first of the month, and those of them whose last day is the last of that month. "
            "Gaps within grace (3 to 24 days) are not churn; whether such a customer counts as "
            "active on a first of a month within the gap changes d by less than 1 in 300 and the "
            "expectation not at all; realised counts them as active.",
            "time_basis": "cohort", "dimension": "all", "model": "binomial",
            "cells": {"all": rate("churn", co.CHURN_HAZARD)},
        },
        "post_close_churn_rate_6m": {
            "compare": "Customers by the close of their first won deal, of cohorts that are "
            "mature for 9 months plus grace; churned: last day at most 6 months after the close.",
            "time_basis": "cohort", "dimension": "all",
            "model": "sum of independent Bernoulli draws", "cells": {"all": later(6)},
        },
        "post_close_churn_rate_9m": {
            "compare": "The same cohorts as for 6 months, 9 months after the close.",
            "time_basis": "cohort", "dimension": "all",
            "model": "sum of independent Bernoulli draws", "cells": {"all": later(9)},
        },
        "deals_won": {
            "compare": "Non-renewal deals won, by year of the last close.",
            "time_basis": "event", "dimension": "year", "model": "none",
            "cells": {str(y): {"realised": value[f"deals.{y}.won"]} for y in YEARS},
        },
        "bookings_amount": {
            "compare": "USD of the deals of deals_won; unknown amounts count nothing. To a cent a "
            "deal.",
            "time_basis": "event", "dimension": "year", "model": "none",
            "cells": {str(y): {"realised": round(value[f"deals.{y}.usd"], 2)} for y in YEARS},
        },
        "customers_acquired": {
            "compare": "Accounts by the year of their first won deal. Accounts whose only invoice "
            "was refunded in full are none.",
            "time_basis": "event", "dimension": "year", "model": "none",
            "cells": yearly("acquired"),
        },
        "customers_lost": {
            "compare": "Losses by the year of the last active day; 2025 to the end of October, as "
            "later ones are provisional.",
            "time_basis": "event", "dimension": "year", "model": "none", "cells": yearly("lost"),
        },
        "net_sales_revenue": {
            "compare": "Signed lines of documents that are not void, by year of their own UTC "
            "date, USD at that date. To a cent a line.",
            "time_basis": "event", "dimension": "year", "model": "none",
            "cells": yearly("net_sales", "usd"),
        },
        "open_pipeline_value": {
            "compare": "Deals open at the end of 2025-12-31, USD at that date's rate; unknown "
            "amounts count nothing.",
            "time_basis": "snapshot", "dimension": "all", "model": "none",
            "cells": {k: {"realised": {"numerator": round(value[f"{k}.usd"], 2),
                                       "count": value[f"{k}.n"]}}
                      for k in ("open", "open_without_renewals")},
        },
        "customer_lifecycle_time": {
            "compare": "Days from the first impression of an account to its first purchase: the "
            "earliest touchpoint of any of its leads (an anonymous one counts once its visitor is "
            "named), without one the creation of its first lead; the first won deal or invoice "
            "that was not paid back. Accounts without a lead, and purchases before the impression "
            "(`early`), are left out. To a tenth of a second an account.",
            "time_basis": "event", "dimension": "all", "model": "none",
            "cells": {"all": {"realised": _ratio(value["impression.days"], value["impression.n"])
                                          | {"early": value["impression.early"]}}},
        },
        "first_touch_to_form": {
            "compare": "Leads of which a touch of their visitor before their own form is known: "
            "days from the first touch to the form.",
            "time_basis": "cohort", "dimension": "all", "model": "mean of independent draws",
            "cells": {"all": _cell(value["lead_in.days"], value["lead_in.n"],
                                   mk.LEAD_IN.mean / DAY,
                                   value["lead_in.n"] * (mk.LEAD_IN.sd / DAY) ** 2)},
        },
        "leads_created": {
            "compare": "Surviving leads by year of creation, leads of test accounts left out.",
            "time_basis": "event", "dimension": "year", "model": "none",
            "cells": yearly("leads_created"),
        },
    }  # fmt: skip
    truths |= market_truths.cells(value, company, seed)
    return {
        **facts,
        "as_of_date": "2025-12-31",
        "reporting_currency": "USD",
        "parameters": {
            "mql_chance_by_channel": dict(zip(co.CHANNELS, co.MQL_CHANCES.tolist(), strict=True)),
            "mql_within_90_days_share": co.MQL_WITHIN_90_DAYS,
            "sql_chance": co.SQL_CHANCE,
            "opportunity_chance": co.OPPORTUNITY_CHANCE,
            "win_chance_by_channel": dict(zip(co.CHANNELS, co.WIN_CHANCES.tolist(), strict=True)),
            "expansion_win_chance": co.EXPANSION_WIN_CHANCE,
            "monthly_churn_hazard": co.CHURN_HAZARD,
        },
        "truths": truths,
        "records": {
            key.split(".", 1)[1]: int(total)
            for key, total in sorted(value.items())
            if key.startswith("records.")
        }
        | {
            "opportunities_by_type": {k: int(value[f"opportunities.{k}.n"]) for k in dl.KINDS},
            "reopened_deals": int(value["reopened.n"]),
            "customers_active_after_2025_12_31": int(value["active_at_end.n"]),
        },
    }


def save(path: Path, values: dict[str, Any]) -> Truths:
    """Write the truths file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    return Truths(path, values)
