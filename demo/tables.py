"""A block as tables of the raw contract."""

import numpy as np
from numpy.random import Generator

from demo import activities as act
from demo import audience as au
from demo import company as co
from demo import customers as cu
from demo import deals as dl
from demo import marketing as mk
from demo import names, writing
from demo import offers as of
from demo.block import ID_STEP, Block
from demo.company import Company
from demo.funnel import stage_history
from demo.market import promotion_of
from demo.timeline import DAY, END, HOUR, NONE, Flags, Ints
from demo.writing import Column, Table

MOTIONS = ("inbound", "outbound")


def offset(numbers: Ints, block: int, factor: int = 1) -> Ints:
    """Numbers that are unique over all blocks."""
    return np.where(numbers < 0, NONE, numbers + block * ID_STEP * factor)


def _word(lists: tuple[tuple[str, ...], ...], country: Ints, place: Ints) -> tuple[list[str], Ints]:
    """Labels of all countries in a row, and the number of each row's label."""
    labels = [word for words in lists for word in words]
    return labels, country * len(lists[0]) + place


def _account_names(country: Ints, number: Ints) -> Column:
    first, a = _word(names.FIRST_WORDS, country, number * 7 % 10)
    second, b = _word(names.SECOND_WORDS, country, number * 5 % 8)
    listed_first = ", ".join(writing.quoted(word) for word in first)
    listed_second = ", ".join(writing.quoted(word) for word in second)
    return writing.text(
        f"[{listed_first}][{{0}}::int + 1] || ' ' || [{listed_second}][{{1}}::int + 1]"
        " || ' ' || {2}",
        a, b, number,
    )  # fmt: skip


def _email(number: Ints, shout: Flags) -> Column:
    """Addresses at reserved domains; those of duplicates in other letters."""
    listed = ", ".join(writing.quoted(word) for word in names.EMAIL_WORDS)
    address = (
        f"[{listed}][{{0}} % 10 + 1] || '.' || {{0}} || "
        "case when {0} % 3 = 0 then '@example.org' else '@example.com' end"
    )
    return writing.text(
        f"case when {{0}} < 0 then null when {{1}} then upper({address}) else {address} end",
        number, shout,
    )  # fmt: skip


def _phone(number: Ints) -> Column:
    """Numbers behind +999, which no country has: a third of them written with blanks or 00."""
    digits = "lpad({0}::varchar, 10, '0')"
    return writing.text(
        "case when {0} < 0 or {0} % 5 = 4 then null "
        f"when {{0}} % 7 = 1 then '00999' || {digits} "
        f"when {{0}} % 7 = 2 then '+999 ' || {digits}[1:4] || ' ' || {digits}[5:] "
        f"else '+999' || {digits} end",
        number,
    )


def _doubles(merged_into: Ints, n: int, share: float, rng: Generator) -> Ints:
    """For each survivor the record to write instead: for a part of them, a merged one."""
    target = np.arange(n)
    merged = np.flatnonzero(merged_into >= 0)
    chosen = merged[rng.random(len(merged)) < share]
    direct = chosen[merged_into[chosen] < n]
    target[merged_into[direct]] = direct
    return target


def _through(target: Ints, numbers: Ints) -> Ints:
    return np.where(numbers < 0, NONE, target[np.maximum(numbers, 0)])


def block_tables(company: Company, seed: int, block: Block) -> dict[str, Table]:
    """All tables of a block, in the order in which a CRM would list them."""
    rng = np.random.default_rng([seed, 100 + block.number, 20])
    n_accounts = int((block.accounts.merged_into < 0).sum())
    n_contacts = len(block.contacts.account) - int((block.contacts.same_email_as >= 0).sum())
    account_for_leads = _doubles(block.accounts.merged_into, n_accounts, 0.5, rng)
    account_for_deals = _doubles(block.accounts.merged_into, n_accounts, 0.4, rng)
    account_for_bills = _doubles(block.accounts.merged_into, n_accounts, 0.4, rng)
    contact_for_leads = _doubles(block.contacts.merged_into, n_contacts, 0.5, rng)
    contact_for_touches = _doubles(block.contacts.merged_into, n_contacts, 0.5, rng)
    leads = _leads(block, account_for_leads, contact_for_leads)
    invoices, lines = _invoices(block, account_for_bills)
    return {
        "accounts": _accounts(block),
        "contacts": _contacts(block),
        "leads": leads,
        "lead_stage_history": _lead_stages(block),
        "opportunities": _opportunities(block, account_for_deals),
        "opportunity_stage_history": _deal_stages(block),
        "subscription_periods": _periods(block, account_for_bills),
        "invoices": invoices,
        "invoice_lines": lines,
        "activities": _activities(block, rng, contact_for_touches),
        "marketing_touchpoints": _touchpoints(block),
        "onboardings": _onboardings(company, block, rng),
        "proposals": _proposals(block),
        "opportunity_products": _deal_products(block),
        "opportunity_competitors": _rivals(block),
        "email_sends": _email_sends(block),
        "email_events": _email_events(block),
        "cta_events": _cta_events(block),
        "collateral_events": _collateral_events(block),
        "nps_surveys": _nps_surveys(block, account_for_bills),
    }


def _accounts(block: Block) -> Table:
    accounts = block.accounts
    n = len(accounts.country)
    number = np.arange(n)
    base = np.where(accounts.merged_into >= 0, accounts.merged_into, number)
    unclassified = (number % 41 == 40) & (accounts.merged_into < 0)
    b = block.number
    return {
        "account_id": writing.ids("A", offset(number, b)),
        "account_name": _account_names(accounts.country, offset(base, b)),
        "merged_into_account_id": writing.ids("A", offset(accounts.merged_into, b)),
        "segment": writing.codes(co.SEGMENTS, np.where(unclassified, NONE, accounts.segment)),
        "vertical": writing.codes(names.VERTICALS, base * 5 % 8),
        "business_model": writing.codes(("b2b", "b2c"), (base % 37 == 36).astype(np.int8)),
        "account_manager_rep_id": writing.ids("R", accounts.manager, 4),
        "created_at": writing.at(accounts.created),
        "is_test": writing.flag(accounts.is_test),
        "updated_at": writing.at(accounts.created),
    }  # fmt: skip


def _contacts(block: Block) -> Table:
    contacts = block.contacts
    b = block.number
    number = np.arange(len(contacts.account))
    person = np.where(contacts.same_email_as >= 0, contacts.same_email_as, number)
    return {
        "contact_id": writing.ids("K", offset(number, b)),
        "account_id": writing.ids("A", offset(contacts.account, b)),
        "email": _email(offset(person, b), contacts.same_email_as >= 0),
        "phone": _phone(offset(person, b)),
        "buyer_persona": writing.codes(names.PERSONAS, np.where(number % 6 == 5, NONE, number % 5)),
        "merged_into_contact_id": writing.ids("K", offset(contacts.merged_into, b)),
        "created_at": writing.at(contacts.created),
        "updated_at": writing.at(contacts.created),
    }


def _seen(moments: Ints) -> Ints:
    """Moments within the data; NONE for those after them."""
    return np.where(moments < END, moments, NONE)


def _leads(block: Block, account_for: Ints, contact_for: Ints) -> Table:
    leads, merged, b = block.leads, block.merged, block.number
    n = len(leads)
    deal_of = np.full(n, NONE)
    linked = np.flatnonzero(block.deals.lead >= 0)
    deal_of[block.deals.lead[linked]] = linked
    who = merged.survivor

    def both(survivors: Ints, duplicates: Ints) -> Ints:
        return np.concatenate((survivors, duplicates))

    none = np.full(len(who), NONE)
    channel = both(leads.channel, merged.channel)
    created = both(leads.created, merged.created)
    contact = both(_through(contact_for, block.lead_contact), block.lead_contact[who])
    outbound = channel >= co.FIRST_OUTBOUND
    number = np.arange(len(channel))
    reached = np.max([_seen(m) for m in (leads.created, leads.mql, leads.opportunity,
                                         leads.disqualified)], axis=0)  # fmt: skip
    return {
        "lead_id": writing.ids("L", offset(number, b)),
        "merged_into_lead_id": writing.ids("L", offset(both(np.full(n, NONE), merged.into), b)),
        "contact_id": writing.ids("K", offset(contact, b)),
        "account_id": writing.ids(
            "A", offset(both(_through(account_for, block.lead_account), block.lead_account[who]), b)
        ),
        "email": _email(
            offset(both(block.lead_contact, block.lead_contact[who]), b), number % 19 == 3
        ),
        "phone": _phone(offset(both(block.lead_contact, block.lead_contact[who]), b)),
        "owner_rep_id": writing.ids("R", both(leads.owner, merged.owner), 4),
        "source_channel": writing.codes(co.CHANNELS, channel),
        "motion": writing.codes(MOTIONS, outbound.astype(np.int8)),
        "campaign_id": writing.ids("C", mk.lead_campaign(number, channel, created), 3),
        "created_at": writing.at(created),
        "form_submitted_at": writing.at(mk.form_moment(number, channel, created)),
        "disqualified_at": writing.at(both(_seen(leads.disqualified), none)),
        "converted_opportunity_id": writing.ids("O", offset(both(deal_of, none), b)),
        "updated_at": writing.at(both(reached, merged.created)),
    }  # fmt: skip


def won_moment(block: Block) -> Ints:
    """By lead, when its deal was won; NONE otherwise."""
    won = np.full(len(block.leads), NONE)
    deals = block.deals
    mine = (deals.lead >= 0) & deals.won & deals.decided
    won[deals.lead[mine]] = deals.close[mine]
    return won


def _lead_stages(block: Block) -> Table:
    lead, stage, moment = stage_history(block.leads, block.merged, won_moment(block))
    return {
        "lead_id": writing.ids("L", offset(lead, block.number)),
        "stage": writing.codes(
            ("lead", "mql", "sql", "opportunity", "customer", "disqualified"), stage
        ),
        "entered_at": writing.at(moment),
    }


def _opportunities(block: Block, account_for: Ints) -> Table:
    deals, b = block.deals, block.number
    number = np.arange(len(deals))
    outbound = np.where(deals.channel < 0, NONE, (deals.channel >= co.FIRST_OUTBOUND).astype(int))
    closed = np.where(deals.decided, deals.close, NONE)
    outcome = np.where(deals.decided, np.where(deals.won, 0, 1), NONE)
    lost = deals.decided & ~deals.won
    updated = np.zeros(len(deals), dtype=np.int64)
    updated[block.entries.deal] = block.entries.entered
    campaign = np.where(
        deals.lead >= 0,
        co.campaign_of(np.maximum(deals.channel, 0), block.leads.created[deals.lead]),
        NONE,
    )
    return {
        "opportunity_id": writing.ids("O", offset(number, b)),
        "account_id": writing.ids("A", offset(_through(account_for, deals.account), b)),
        "primary_contact_id": writing.ids("K", offset(deals.contact, b)),
        "lead_id": writing.ids("L", offset(deals.lead, b)),
        "owner_rep_id": writing.ids("R", deals.owner, 4),
        "sourced_by_rep_id": writing.ids("R", deals.sourced_by, 4),
        "opportunity_type": writing.codes(dl.KINDS, deals.kind),
        "pipeline_id": writing.codes(co.PIPELINES, (deals.kind != dl.NEW_BUSINESS).astype(np.int8)),
        "stage_id": writing.codes(co.STAGE_IDS, block.entries.current),
        "amount": writing.number(deals.amount),
        "currency": writing.codes(co.CURRENCIES, deals.currency),
        "motion": writing.codes(MOTIONS, outbound),
        "source_channel": writing.codes(co.CHANNELS, deals.channel),
        "campaign_id": writing.ids("C", campaign, 3),
        "sales_play": writing.codes(("land", "displace", "expand"),
                                    np.where(deals.kind == 0, number % 2, 2)),
        "created_at": writing.at(deals.created),
        "closed_at": writing.at(closed),
        "outcome": writing.codes(("won", "lost"), outcome),
        "loss_reason": writing.codes(names.LOSS_REASONS, np.where(lost, deals.loss_reason, NONE)),
        "updated_at": writing.at(updated),
    }  # fmt: skip


def _deal_stages(block: Block) -> Table:
    entries = block.entries
    return {
        "opportunity_id": writing.ids("O", offset(entries.deal, block.number)),
        "stage_id": writing.codes(co.STAGE_IDS, entries.stage),
        "entered_at": writing.at(entries.entered),
        "amount_at_entry": writing.number(entries.amount),
    }


def _periods(block: Block, account_for: Ints) -> Table:
    periods, deals, b = block.periods, block.deals, block.number
    account = account_for[deals.account[periods.deal]]
    why = np.where(periods.reason == cu.CANCELLED, periods.subscription % 6, NONE)
    return {
        "subscription_id": writing.ids("S", offset(periods.subscription, b)),
        "account_id": writing.ids("A", offset(account, b)),
        "product_id": writing.ids("P", periods.product, 3),
        "period_start": writing.on(periods.start),
        "period_end": writing.on(periods.end),
        "mrr": writing.number(periods.mrr),
        "currency": writing.codes(co.CURRENCIES, deals.currency[periods.deal]),
        "end_reason": writing.codes(cu.END_REASONS, periods.reason),
        "cancel_reason": writing.codes(names.CANCEL_REASONS, why),
        "switched_to_competitor_id": writing.ids(
            "CO",
            np.where(
                (why == names.SWITCHED) | ((why == 0) & (periods.subscription % 4 == 0)),
                periods.subscription % len(of.COMPETITORS),
                NONE,
            ),
            2,
        ),
    }


def _invoices(block: Block, account_for: Ints) -> tuple[Table, Table]:
    bills, b = block.invoices, block.number
    number = np.arange(len(bills))
    country = np.where(bills.deal >= 0, block.deals.country[np.maximum(bills.deal, 0)], NONE)
    documents = {
        "invoice_id": writing.ids("I", offset(number, b)),
        "account_id": writing.ids("A", offset(account_for[bills.account], b)),
        "opportunity_id": writing.ids("O", offset(np.where(country < 0, NONE, bills.deal), b)),
        "rep_id": writing.ids("R", bills.rep, 4),
        "location_id": writing.ids("LOC", bills.location, 2),
        "document_type": writing.codes(
            ("invoice", "credit_note"), (bills.original >= 0).astype(np.int8)
        ),
        "original_invoice_id": writing.ids("I", offset(bills.original, b)),
        "issued_at": writing.at(bills.issued),
        "status": writing.codes(cu.STATUSES, bills.status),
        "currency": writing.codes(co.CURRENCIES, bills.currency),
        "updated_at": writing.at(bills.issued),
    }
    lines = {
        "invoice_line_id": writing.ids("IL", offset(np.arange(len(bills.line_of)), b)),
        "invoice_id": writing.ids("I", offset(bills.line_of, b)),
        "product_id": writing.ids("P", bills.product, 3),
        "promotion_id": writing.ids(
            "PR", promotion_of(bills.location, bills.product, bills.issued // DAY), 3
        ),
        "quantity": writing.number(bills.quantity),
        "list_unit_price": writing.number(bills.list_price),
        "net_amount": writing.number(bills.net),
        "cost_amount": writing.number(bills.cost),
    }
    return documents, lines


def _activities(block: Block, rng: Generator, contact_for: Ints) -> Table:
    touches, merged, b = block.touches, block.merged, block.number
    # Half of the touches of a lead after it was doubled were logged on the double.
    n = len(block.leads)
    double, since = np.full(n, NONE), np.full(n, END * 2)
    direct = merged.into < n
    double[merged.survivor[direct]] = n + np.flatnonzero(direct)
    since[merged.survivor[direct]] = merged.created[direct]
    known = np.maximum(touches.lead, 0)
    moves = (touches.lead >= 0) & (double[known] >= 0) & (touches.moment > since[known])
    moves &= rng.random(len(touches)) < 0.5
    lead = np.where(moves, double[known], touches.lead)
    number = np.arange(len(touches))
    recorded = (touches.kind == act.VIDEO) | (touches.kind == act.DEMO)
    recorded &= (touches.status == act.COMPLETED) & (number % 3 == 0)
    return {
        "activity_id": writing.ids("X", offset(number, b, 10), 10),
        "activity_type": writing.codes(act.TYPES, touches.kind),
        "direction": writing.codes(("outbound", "inbound"), touches.direction),
        "is_cold": writing.flag(touches.cold),
        "is_automated": writing.flag(touches.automated),
        "rep_id": writing.ids("R", touches.rep, 4),
        "lead_id": writing.ids("L", offset(lead, b)),
        "contact_id": writing.ids("K", offset(_through(contact_for, touches.contact), b)),
        "account_id": writing.ids("A", offset(touches.account, b)),
        "opportunity_id": writing.ids("O", offset(touches.deal, b)),
        "booked_at": writing.at(touches.booked),
        "scheduled_for": writing.at(touches.scheduled),
        "occurred_at": writing.at(touches.occurred),
        "status": writing.codes(act.STATUSES, touches.status),
        "rescheduled_from_activity_id": writing.ids(
            "X", offset(touches.rescheduled_from, b, 10), 10
        ),
        "reply_to_activity_id": writing.ids("X", offset(touches.reply_to, b, 10), 10),
        "reply_sentiment": writing.codes(("positive", "negative"), touches.sentiment),
        "is_auto_reply": writing.flag(touches.auto_reply),
        "objection_type": writing.codes(act.OBJECTIONS, touches.objection),
        "issue_raised": writing.text("case when {0} >= 0 then {0} > 0 end", touches.issue),
        "issue_resolved": writing.text("case when {0} > 0 then {0} = 2 end", touches.issue),
        "recording_url": writing.text(
            "case when {0} then 'https://example.com/rec/' || {1} end", recorded, number
        ),
        "updated_at": writing.at(np.where(touches.occurred >= 0, touches.occurred, END - HOUR)),
    }


def _touchpoints(block: Block) -> Table:
    points, b = block.touchpoints, block.number
    return {
        "touchpoint_id": writing.ids("MT", offset(np.arange(len(points)), b, 10), 10),
        "lead_id": writing.ids("L", offset(points.lead, b)),
        "visitor_id": writing.text(
            "case when {0} >= 0 then 'v' || left(md5({0}::varchar), 20) end",
            offset(points.visitor, b, 10),
        ),
        "campaign_id": writing.ids("C", points.campaign, 3),
        "touch_type": writing.codes(mk.TOUCH_TYPES, points.kind),
        "occurred_at": writing.at(points.moment),
    }


def _onboardings(company: Company, block: Block, rng: Generator) -> Table:
    """Four in ten new customers, and with the first block the reps hired in the period."""
    spells, deals = block.spells, block.deals
    chosen = np.flatnonzero(~spells.is_return & (rng.random(len(spells)) < 0.4))
    account = deals.account[spells.deal[chosen]]
    start = spells.start[chosen] * DAY + 9 * HOUR
    start = np.where(
        start < deals.close[spells.deal[chosen]], deals.close[spells.deal[chosen]], start
    )
    end = start + rng.integers(7 * DAY, 60 * DAY, len(chosen))
    rep, rep_start, rep_end = co.rep_onboardings(company.roster, rng)
    if block.number:
        rep, rep_start, rep_end = rep[:0], rep_start[:0], rep_end[:0]
    n, m = len(rep), len(chosen)
    return {
        "onboarding_id": writing.ids("N", offset(np.arange(n + m), block.number)),
        "subject_type": writing.codes(
            ("employee", "customer"), np.repeat(np.array([0, 1], dtype=np.int8), [n, m])
        ),
        "rep_id": writing.ids("R", np.concatenate((rep, np.full(m, NONE))), 4),
        "account_id": writing.ids(
            "A", offset(np.concatenate((np.full(n, NONE), account)), block.number)
        ),
        "started_at": writing.at(np.concatenate((rep_start, start))),
        "completed_at": writing.at(np.concatenate((rep_end, _seen(end)))),
    }


def _proposals(block: Block) -> Table:
    proposals, b = block.proposals, block.number
    return {
        "proposal_id": writing.ids("PP", offset(np.arange(len(proposals)), b)),
        "opportunity_id": writing.ids("O", offset(proposals.deal, b)),
        "sent_by_rep_id": writing.ids("R", block.deals.owner[proposals.deal], 4),
        "sent_at": writing.at(proposals.sent),
        "version_no": writing.number(proposals.version),
        "signed_at": writing.at(proposals.signed),
        "declined_at": writing.at(proposals.declined),
    }


def _deal_products(block: Block) -> Table:
    lines = block.lines
    return {
        "opportunity_id": writing.ids("O", offset(lines.deal, block.number)),
        "product_id": writing.ids("P", lines.product, 3),
        "quantity": writing.number(lines.quantity),
        "list_unit_price": writing.number(lines.list_price),
        "unit_price": writing.number(lines.price),
    }


def _rivals(block: Block) -> Table:
    rivals = block.rivals
    return {
        "opportunity_id": writing.ids("O", offset(rivals.deal, block.number)),
        "competitor_id": writing.ids("CO", rivals.competitor, 2),
        "is_primary": writing.flag(rivals.primary),
    }


def _email_sends(block: Block) -> Table:
    mails, b = block.mailing, block.number
    lines = ("Your next quarter", "The spreadsheet strikes back", "Who answers your leads?")
    return {
        "email_send_id": writing.ids("ES", offset(np.arange(len(mails)), b)),
        "campaign_id": writing.ids("C", mails.campaign, 3),
        "rep_id": writing.ids("R", mails.rep, 4),
        "contact_id": writing.ids("K", offset(mails.contact, b)),
        "subject_line": writing.codes(lines, mails.variant),
        "subject_variant": writing.codes(au.VARIANTS, mails.variant),
        "sent_at": writing.at(mails.sent),
    }


def _email_events(block: Block) -> Table:
    mails, b = block.mailing, block.number
    return {
        "email_event_id": writing.ids("EE", offset(np.arange(len(mails.event)), b, 10), 10),
        "email_send_id": writing.ids("ES", offset(mails.event_of, b)),
        "event_type": writing.codes(au.EVENTS, mails.event),
        "occurred_at": writing.at(mails.moment),
        "is_machine_open": writing.flag(mails.is_machine),
    }


def _cta_events(block: Block) -> Table:
    events, b = block.cta_events, block.number
    return {
        "cta_event_id": writing.ids("CE", offset(np.arange(len(events)), b, 10), 10),
        "cta_id": writing.ids("CTA", events.cta, 2),
        "event_type": writing.codes(au.CTA_EVENTS, events.kind),
        "visitor_id": writing.text(
            "'v' || left(md5({0}::varchar), 20)", offset(events.visitor, b, 10)
        ),
        "occurred_at": writing.at(events.moment),
        "is_bot": writing.flag(events.is_bot),
    }


def _collateral_events(block: Block) -> Table:
    uses, b = block.uses, block.number
    return {
        "collateral_event_id": writing.ids("CU", offset(np.arange(len(uses)), b)),
        "collateral_id": writing.ids("COL", uses.asset, 3),
        "event_type": writing.codes(au.USES, uses.kind),
        "rep_id": writing.ids("R", uses.rep, 4),
        "contact_id": writing.ids("K", offset(uses.contact, b)),
        "opportunity_id": writing.ids("O", offset(uses.deal, b)),
        "occurred_at": writing.at(uses.moment),
    }


def _nps_surveys(block: Block, account_for: Ints) -> Table:
    surveys, deals, b = block.surveys, block.deals, block.number
    return {
        "survey_id": writing.ids("NPS", offset(np.arange(len(surveys)), b)),
        "account_id": writing.ids("A", offset(account_for[deals.account[surveys.deal]], b)),
        "contact_id": writing.ids("K", offset(deals.contact[surveys.deal], b)),
        "sent_at": writing.at(surveys.sent),
        "responded_at": writing.at(surveys.answered),
        "score": writing.number(np.where(surveys.score < 0, np.nan, surveys.score)),
    }
