"""The planted truths of offers, outreach, marketing and prices, for `demo.truths`.

All are counted from what the generator drew. Records of test accounts are left out, where the
records of an entity can be of one at all.
"""

from collections import Counter
from typing import Any

import numpy as np

from demo import activities as act
from demo import audience as au
from demo import company as co
from demo import customers as cu
from demo import deals as dl
from demo import market
from demo import marketing as mk
from demo import offers as of
from demo.block import Block
from demo.company import Company
from demo.timeline import DAY, END, MONTH_STARTS, NONE, Flags, Ints

YEARS = (2023, 2024, 2025)


def _year(seconds: Ints) -> Ints:
    return np.searchsorted(MONTH_STARTS[[0, 12, 24, 36]], seconds // DAY, side="right") + 2022


def _add(sums: Counter[str], key: str, **values: float) -> None:
    for name, value in values.items():
        sums[f"{key}.{name}"] += float(value)  # type: ignore[assignment]


def tally(sums: Counter[str], company: Company, block: Block) -> None:
    """Add the sums of one block."""
    _tally_offers(sums, block)
    _tally_touches(sums, block)
    _tally_audience(sums, block)
    _tally_prices(sums, company, block)
    _tally_leads(sums, block)


def _tally_offers(sums: Counter[str], block: Block) -> None:
    deals, proposals, rivals = block.deals, block.proposals, block.rivals
    real = ~deals.is_test[proposals.deal]
    first = np.full(len(deals), END)
    opening = real & (proposals.version == 1)
    first[proposals.deal[opening]] = proposals.sent[opening]
    signed = np.zeros(len(deals), dtype=bool)
    signed[proposals.deal[real & (proposals.signed >= 0)]] = True
    for year in YEARS:
        here = (first < END) & (_year(first) == year)
        versions = real & (_year(proposals.sent) == year)
        _add(sums, f"proposals.{year}", n=here.sum(), signed=(here & signed).sum(),
             versions=versions.sum())  # fmt: skip
    decided = (deals.decided & ~deals.is_test & (deals.kind != dl.RENEWAL))[rivals.deal]
    won = decided & deals.won[rivals.deal]
    for number in range(len(of.COMPETITORS)):
        here = rivals.competitor == number
        _add(sums, f"rival.{number}", d=(here & decided).sum(), n=(here & won).sum())


def _tally_touches(sums: Counter[str], block: Block) -> None:
    touches = block.touches
    done = touches.status == act.COMPLETED
    cold = done & touches.cold & (touches.direction == act.OUT) & ~touches.automated
    is_test = (touches.lead >= 0) & block.leads.is_test[touches.lead]
    is_test |= (touches.account >= 0) & block.accounts.is_test[touches.account]
    human = done & ~touches.auto_reply & ~touches.automated
    inbound = human & (touches.direction == act.IN)
    told = human & (touches.direction == act.OUT) & (touches.kind == act.CALL)
    told &= touches.sentiment >= 0
    for year in YEARS:
        here = _year(touches.moment) == year
        _add(sums, f"touches.{year}",
             cold_calls=(here & cold & (touches.kind == act.CALL)).sum(),
             cold_emails=(here & cold & (touches.kind == act.EMAIL)).sum(),
             cold=(here & cold).sum(),
             inbound=(here & inbound & ~is_test).sum(),
             inbound_with_tests=(here & inbound).sum(),
             answers=(here & inbound & ~is_test & (touches.reply_to >= 0)).sum(),
             told=(here & told & ~is_test).sum())  # fmt: skip


def _tally_audience(sums: Counter[str], block: Block) -> None:
    mails, events, surveys = block.mailing, block.cta_events, block.surveys

    def mail_cell(key: str, rows: Flags) -> None:
        delivered = rows & mails.is_delivered
        chance = au.OPEN_CHANCES[mails.variant[delivered]]
        _add(sums, f"mail.{key}", sent=rows.sum(), d=delivered.sum(),
             n=(rows & mails.is_opened).sum(), p=chance.sum(),
             variance=(chance * (1 - chance)).sum())  # fmt: skip

    for year in YEARS:
        mail_cell(str(year), _year(mails.sent) == year)
    for number, variant in enumerate(au.VARIANTS):
        mail_cell(variant, mails.variant == number)
    clicks = (events.kind == au.CLICK) & ~events.is_bot
    shown = (events.kind == au.IMPRESSION) & ~events.is_bot
    for year in YEARS:
        here = _year(events.moment) == year
        _add(sums, f"cta.{year}", impressions=(here & shown).sum(), clicks=(here & clicks).sum(),
             converts=(here & clicks & events.converts).sum())  # fmt: skip
    for year in YEARS:
        rows = (surveys.answered >= 0) & (_year(np.maximum(surveys.answered, 0)) == year)
        counted = surveys.score[rows & ~surveys.is_early]
        _add(sums, f"nps.{year}", d=len(counted), promoters=(counted >= 9).sum(),
             detractors=(counted <= 6).sum(), early=(rows & surveys.is_early).sum())  # fmt: skip


def _tally_prices(sums: Counter[str], company: Company, block: Block) -> None:
    bills, deals = block.invoices, block.deals
    is_test = (bills.deal >= 0) & deals.is_test[bills.deal]
    rows = (bills.status != cu.VOID) & ~is_test & ~np.isnan(bills.list_price)
    usd = company.money.to_usd(bills.currency, bills.issued)
    listed = np.nan_to_num(bills.list_price) * bills.quantity
    for year in YEARS:
        here = rows & (_year(bills.issued) == year)
        _add(sums, f"discount.{year}", d=(listed * usd)[here].sum(),
             n=((listed - bills.net) * usd)[here].sum())  # fmt: skip
    for name, (store, month, _) in zip(("treated_pre", "control_pre", "treated_post",
                                        "control_post"), cu.EXPERIMENT, strict=True):  # fmt: skip
        day = bills.issued // DAY
        here = (bills.location == store) & (bills.status != cu.VOID)
        here &= (day >= MONTH_STARTS[month]) & (day < MONTH_STARTS[month + 1])
        _add(sums, "experiment", **{f"{name}_units": bills.quantity[here].sum(),
                                    f"{name}_usd": (bills.net * usd)[here].sum()})  # fmt: skip


def _tally_leads(sums: Counter[str], block: Block) -> None:
    """Leads by the campaign on the surviving record."""
    leads = block.leads
    campaign = mk.lead_campaign(np.arange(len(leads)), leads.channel, leads.created)
    campaign = np.where(leads.is_test, NONE, campaign)
    counts = np.bincount(campaign[campaign >= 0], minlength=12 * len(co.CAMPAIGN_CHANNELS))
    for year in YEARS:
        first = (year - YEARS[0]) * 4 * len(co.CAMPAIGN_CHANNELS)
        _add(sums, f"campaign.{year}", leads=counts[first : first + 16].sum())


def cells(value: dict[str, float], company: Company, seed: int) -> dict[str, Any]:
    """The truths by name."""

    def ratio(n: float, d: float, **more: float) -> dict[str, Any]:
        return {
            "realised": {"numerator": n, "denominator": d, "value": n / d if d else None} | more
        }

    def count(key: str, what: str, **more: str) -> dict[str, Any]:
        return {
            str(year): {"realised": value[f"{key}.{year}.{what}"]}
            | {name: value[f"{key}.{year}.{other}"] for name, other in more.items()}
            for year in YEARS
        }

    def by_year(key: str, n: str, d: str) -> dict[str, Any]:
        return {
            str(year): ratio(value[f"{key}.{year}.{n}"], value[f"{key}.{year}.{d}"])
            for year in YEARS
        }

    def opens(key: str) -> dict[str, Any]:
        d = value[f"mail.{key}.d"]
        return {
            "expected": value[f"mail.{key}.p"] / d if d else None,
            "se": float(np.sqrt(value[f"mail.{key}.variance"])) / d if d else None,
        } | ratio(value[f"mail.{key}.n"], d)

    event = {"time_basis": "event", "dimension": "year", "model": "none"}
    cohort = event | {"time_basis": "cohort"}
    lift = {name.split(".", 1)[1]: total for name, total in value.items()
            if name.startswith("experiment.")}  # fmt: skip
    close, known = market.price_match(seed)
    budgets = {
        year: float(company.budgets[(year - 2023) * 16 : (year - 2022) * 16].sum())
        for year in YEARS
    }
    nps = {
        str(year): ratio(
            value[f"nps.{year}.promoters"] - value[f"nps.{year}.detractors"],
            value[f"nps.{year}.d"], too_early=value[f"nps.{year}.early"],
        )
        for year in YEARS
    }  # fmt: skip
    rivals = {
        name: ratio(value[f"rival.{number}.n"], value[f"rival.{number}.d"])
        for number, name in enumerate(of.COMPETITORS)
    }
    return {
        "proposals_sent": event | {
            "compare": "Opportunities by the year in which version 1 of their proposal was sent; "
            "`versions` counts every version by its own year. Renewals get no proposals; deals of "
            "test accounts are left out.",
            "cells": count("proposals", "n", versions="versions"),
        },
        "contract_close_rate": cohort | {
            "compare": "Of the opportunities of proposals_sent, those with a signed version by "
            "the end of 2025.",
            "cells": by_year("proposals", "signed", "n"),
        },
        "competitor_win_rate": event | {
            "compare": "Non-renewal deals decided 2023 to 2025 in which the competitor took part, "
            "as the main one or not, and those of them that were won. By name of the competitor.",
            "dimension": "competitor", "cells": rivals,
        },
        "cold_calls_made": event | {
            "compare": "Completed outbound cold calls; none is of a test lead or to a customer.",
            "cells": count("touches", "cold_calls"),
        },
        "cold_emails_sent": event | {
            "compare": "Completed outbound cold e-mails that are not automated.",
            "cells": count("touches", "cold_emails"),
        },
        "outreach_activities_completed": event | {
            "compare": "Completed outbound cold touches of every type, voicemails and social "
            "messages too, that are not automated.",
            "cells": count("touches", "cold"),
        },
        "replies_received": event | {
            "compare": "Completed inbound touches that are neither automated nor automatic "
            "replies, whether they answer a touch or not. `with_tests` has those of test accounts "
            "as well; `answers` only those that name the touch they answer; "
            "`calls_with_sentiment` are completed outbound calls with a sentiment, on top.",
            "cells": count("touches", "inbound", with_tests="inbound_with_tests",
                           answers="answers", calls_with_sentiment="told"),
        },
        "email_open_rate": cohort | {
            "compare": "By year of sending: e-mails delivered (not bounced; one in fifty of those "
            "opened has no other sign of delivery), and those of them that a person opened.",
            "model": "sum of independent Bernoulli draws",
            "cells": {str(year): opens(str(year)) for year in YEARS},
        },
        "email_open_rate_by_variant": cohort | {
            "compare": "As email_open_rate, by subject_variant over all three years.",
            "dimension": "subject_variant", "model": "sum of independent Bernoulli draws",
            "cells": {variant: opens(variant) for variant in au.VARIANTS},
        },
        "cta_click_through_rate": event | {
            "compare": "Clicks over impressions, bots left out, each by its own year (UTC).",
            "cells": by_year("cta", "clicks", "impressions"),
        },
        "cta_click_to_submission_rate": cohort | {
            "compare": "Clicks, by year of the click, and those with a submission of the same "
            "visitor and call to action within 24 hours. Bots left out.",
            "cells": by_year("cta", "converts", "clicks"),
        },
        "cost_per_lead": cohort | {
            "compare": "Budgets in USD of the campaigns that start in the year, over the leads "
            "whose surviving record names the campaign; test leads left out. A merged duplicate "
            "or a touchpoint may name a campaign where the survivor names none.",
            "cells": {str(year): ratio(budgets[year], value[f"campaign.{year}.leads"])
                      for year in YEARS},
        },
        "nps": event | {
            "compare": "Promoters less detractors over answers, by year of the answer (UTC), of "
            "customers that were 90 days or older when asked; `too_early` are the other answers. "
            "A contact answers once a wave.",
            "cells": nps,
        },
        "discount_rate": event | {
            "compare": "List value less net amount over list value of invoice lines with a list "
            "price, in USD at the document's date; void documents and test accounts left out, "
            "credit notes negative. To a cent a line.",
            "cells": by_year("discount", "n", "d"),
        },
        "price_parity_share": event | {
            "compare": "On 2025-12-31, over all regions: products with a competitor's price not "
            "older than 30 days, and those whose list price is within 5 % of the cheapest "
            "competitor, net of tax, in USD. Gaps have no more than 5 digits.",
            "time_basis": "snapshot", "dimension": "all", "cells": {"all": ratio(close, known)},
        },
        "promo_lift": event | {
            "compare": "Desk phones in two stores, January and February 2025 in their own zone: "
            "units and USD. The lift is (treated_post - treated_pre) - (control_post - "
            "control_pre). A company without a customer in Iran by then sells none.",
            "dimension": "experiment", "cells": {"EX00": {"realised": lift}},
        },
    }  # fmt: skip
