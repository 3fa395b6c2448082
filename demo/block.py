"""One block of the company: some leads and everything that follows from them.

Blocks are independent of each other, so a large company is built and written block by block in
bounded memory.
"""

from dataclasses import dataclass

import numpy as np

from demo import company as co
from demo import deals as dl
from demo.activities import Touches, build_touches
from demo.audience import (
    CtaEvents,
    Mailing,
    Surveys,
    Uses,
    build_cta_events,
    build_mailing,
    build_surveys,
    build_uses,
)
from demo.company import Company
from demo.customers import (
    Invoices,
    Periods,
    Spells,
    build_invoices,
    build_periods,
    build_spells,
    expansions,
    renewals,
)
from demo.deals import Deals, StageEntries
from demo.funnel import Leads, MergedLeads, build_leads, build_merged
from demo.marketing import Touchpoints, build_touchpoints
from demo.offers import (
    DealLines,
    Proposals,
    Rivals,
    build_lines,
    build_proposals,
    build_rivals,
)
from demo.timeline import DAY, END, FIRST_DAY, NONE, Flags, Ints

BLOCK_LEADS = 300_000
ID_STEP = 1_000_000  # numbers between blocks; touches of all kinds have ten times as many
LEADS_AT_SCALE_1 = 30_000


@dataclass(frozen=True)
class Accounts:
    """Accounts by number; those merged away come last."""

    country: Ints
    segment: Ints
    created: Ints
    is_test: Flags
    manager: Ints
    merged_into: Ints


@dataclass(frozen=True)
class Contacts:
    """Contacts by number; those merged away come last."""

    account: Ints
    country: Ints
    created: Ints
    merged_into: Ints
    same_email_as: Ints  # for duplicates; NONE otherwise


@dataclass(frozen=True)
class Block:
    """Everything of one block, by number within it."""

    number: int
    leads: Leads
    merged: MergedLeads
    lead_account: Ints
    lead_contact: Ints
    accounts: Accounts
    contacts: Contacts
    deals: Deals
    entries: StageEntries
    spells: Spells
    periods: Periods
    lapses: int
    invoices: Invoices
    touches: Touches
    touchpoints: Touchpoints
    strays: Ints
    proposals: Proposals
    lines: DealLines
    rivals: Rivals
    mailing: Mailing
    cta_events: CtaEvents
    uses: Uses
    surveys: Surveys


def _lead_accounts(rng: np.random.Generator, leads: Leads) -> tuple[Ints, Ints]:
    """The account of each lead (NONE without), and the lead that each account comes from."""
    n = len(leads)
    own = (leads.opportunity >= 0) | leads.is_test | (rng.random(n) < 0.5)
    account = np.where(own, np.cumsum(own) - 1, NONE)
    origin = np.flatnonzero(own)
    # Some others belong to an account that is there already; never to a test account.
    shared = np.flatnonzero(~own & (rng.random(n) < 0.4) & (np.cumsum(own) > 0))
    pick = (rng.random(len(shared)) * (np.cumsum(own)[shared])).astype(np.int64)
    fits = ~leads.is_test[origin[pick]]
    account[shared[fits]] = pick[fits]
    return account, origin


def build_block(company: Company, seed: int, number: int, n_leads: int) -> Block:
    """Build a block; each part has random numbers of its own, so parts change independently."""

    def stream(k: int) -> np.random.Generator:
        return np.random.default_rng([seed, 100 + number, k])

    leads = build_leads(stream(1), company, n_leads)
    merged = build_merged(stream(2), company, leads)
    rng = stream(3)
    lead_account, origin = _lead_accounts(rng, leads)
    has_contact = (leads.contact >= 0) | (rng.random(n_leads) < 0.7)
    lead_contact = np.where(has_contact, np.cumsum(has_contact) - 1, NONE)

    new = dl.from_leads(stream(4), company, leads, lead_account, lead_contact)
    contact_leads = np.flatnonzero(has_contact)
    sourced = dl.self_sourced(
        stream(5), company, max(1, round(n_leads * 0.008)), len(origin), len(contact_leads)
    )
    new = dl.join([new, sourced])
    n_accounts = int(max(new.account.max(), len(origin) - 1)) + 1
    n_contacts = int(max(new.contact.max(), len(contact_leads) - 1)) + 1

    spells = build_spells(stream(6), new)
    drawn = new.usd[spells.deal]
    usual = np.array([spread.mean for spread in co.DEAL_SIZES])[new.segment[spells.deal]]
    unknown = np.isnan(new.amount[spells.deal]) | (drawn < 600) | new.is_test[spells.deal]
    yearly = np.where(unknown, usual, drawn)
    more, more_spell = expansions(stream(7), company, new, spells, n_contacts)
    renewed = renewals(stream(8), company, new, spells, yearly)
    periods, lapses = build_periods(stream(9), company, new, spells, more, more_spell, yearly)
    deals = dl.join([new, more, renewed])
    entries = dl.stage_entries(stream(10), deals)

    rng = stream(11)
    strangers = np.setdiff1d(np.arange(len(origin)), new.account)
    strangers = strangers[~leads.is_test[origin[strangers]]]
    strays = np.sort(rng.choice(strangers, max(1, n_leads // 3_000), replace=False))
    invoices = build_invoices(
        stream(12), company, deals, periods, strays, with_experiment=number == 0
    )
    touches = build_touches(stream(13), company, leads, lead_contact, lead_account, deals, spells)
    touchpoints = build_touchpoints(stream(14), leads, merged)

    # Accounts: of leads, of self-sourced deals, and duplicates merged into customers and others.
    country = np.zeros(n_accounts, dtype=np.int64)
    segment, created = country.copy(), country.copy()
    is_test = np.zeros(n_accounts, dtype=bool)
    country[: len(origin)] = leads.country[origin]
    segment[: len(origin)] = leads.segment[origin]
    created[: len(origin)] = leads.created[origin]
    is_test[: len(origin)] = leads.is_test[origin]
    country[sourced.account], segment[sourced.account] = sourced.country, sourced.segment
    created[sourced.account] = sourced.first_touch
    created = np.where(created == 0, FIRST_DAY * DAY, created)  # deals opened after the end
    is_customer = np.zeros(n_accounts, dtype=bool)
    is_customer[new.account[spells.deal]] = True
    manager = company.roster.pick(rng, co.MANAGING, country, np.full(n_accounts, END - 1))
    double = np.flatnonzero(~is_test & (rng.random(n_accounts) < 0.01))
    chain = double[: len(double) // 10]
    into = np.concatenate((double, n_accounts + np.arange(len(chain))))
    final = np.concatenate((double, chain))
    accounts = Accounts(
        country=np.concatenate((country, country[final])),
        segment=np.concatenate((segment, segment[final])),
        created=np.concatenate(
            (created, np.minimum(created[final] + rng.integers(0, 20 * DAY, len(final)), END - 1))
        ),
        is_test=np.concatenate((is_test, is_test[final])),
        manager=np.concatenate((np.where(is_customer, manager, NONE), np.full(len(final), NONE))),
        merged_into=np.concatenate((np.full(n_accounts, NONE), into)),
    )

    total = n_contacts + len(more)
    owner_account = np.full(total, NONE)
    contact_country = np.zeros(total, dtype=np.int64)
    contact_created = np.zeros(total, dtype=np.int64)
    owner_account[: len(contact_leads)] = lead_account[contact_leads]
    contact_country[: len(contact_leads)] = leads.country[contact_leads]
    contact_created[: len(contact_leads)] = leads.created[contact_leads]
    for some in (sourced, more):
        owner_account[some.contact] = some.account
        contact_country[some.contact] = some.country
        contact_created[some.contact] = np.minimum(some.first_touch, some.created)
    contact_created = np.where(contact_created == 0, FIRST_DAY * DAY, contact_created)
    twin = np.flatnonzero(rng.random(total) < 0.012)
    twin_chain = twin[: len(twin) // 10]
    merged_into = np.concatenate((twin, total + np.arange(len(twin_chain))))
    # The last tenth of the twins was never merged: only the e-mail address tells.
    unmerged = np.zeros(len(merged_into), dtype=bool)
    unmerged[len(twin) - len(twin) // 10 : len(twin)] = True
    origin_of = np.concatenate((twin, twin_chain))
    contacts = Contacts(
        account=np.concatenate((owner_account, owner_account[origin_of])),
        country=np.concatenate((contact_country, contact_country[origin_of])),
        created=np.concatenate(
            (contact_created,
             np.minimum(contact_created[origin_of] + rng.integers(0, 9 * DAY, len(origin_of)),
                        END - 1))
        ),
        merged_into=np.concatenate(
            (np.full(total, NONE), np.where(unmerged, NONE, merged_into))
        ),
        same_email_as=np.concatenate((np.full(total, NONE), origin_of)),
    )  # fmt: skip
    return Block(
        number=number, leads=leads, merged=merged, lead_account=lead_account,
        lead_contact=lead_contact, accounts=accounts, contacts=contacts, deals=deals,
        entries=entries, spells=spells, periods=periods, lapses=lapses, invoices=invoices,
        touches=touches, touchpoints=touchpoints, strays=strays,
        proposals=build_proposals(stream(15), deals, entries),
        lines=build_lines(stream(16), deals),
        rivals=build_rivals(stream(17), deals),
        mailing=build_mailing(
            stream(18), company, round(n_leads * 0.8), contact_created, contact_country,
            np.where(owner_account >= 0, accounts.is_test[owner_account], False),
        ),
        cta_events=build_cta_events(
            stream(19), round(n_leads * 0.8), n_leads + len(merged.into) + n_leads
        ),
        uses=build_uses(stream(20), company, deals, with_training=number == 0),
        surveys=build_surveys(stream(21), deals, spells),
    )  # fmt: skip
