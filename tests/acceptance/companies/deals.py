"""Deals, what is in them, who else bid, and the proposals sent for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from .catalogue import COMPETITORS
from .generator import Generator, Row
from .shapes import CHANNELS, PIPELINES


def deals(c: Generator) -> None:
    """From leads and without them."""
    leads = {row["lead_id"]: row for row in c.rows["leads"]}
    for number in range(int(c.shape.leads * 0.9)):
        deal_id = f"o{number:03}"
        lead = leads[c.pick(c.lead_ids)] if c.chance(0.6) else None
        if lead:
            created = c.after(lead["created_at"], 60)
            if c.chance(0.05):
                created = c.moment()
        else:
            created = c.moment()
        account = (lead["account_id"] if lead else None) or c.an_account()
        row = deal(c, deal_id, account, created)
        if lead and c.chance(0.7):
            row["lead_id"] = lead["lead_id"]
        if lead and c.chance(0.4):
            lead["converted_opportunity_id"] = deal_id
        if lead and c.chance(0.5):
            row["primary_contact_id"] = lead["contact_id"]


def deal(c: Generator, deal_id: str, account: str, created: datetime) -> Row:
    """A deal with its way through the stages, reopened at times."""
    pipeline = c.pick(c.shape.pipelines)
    stages = PIPELINES[pipeline]
    opens = [stage for stage, _, category, _ in stages if category == "open"]
    amount = c.pick([None, Decimal(0), Decimal(1000)] + [c.amount()] * 9)
    history: list[tuple[str, datetime]] = []
    moment = created
    last_stage = opens[0]
    if c.chance(0.1):
        moment = c.after(created, 20)

    def walk(stages: list[str]) -> None:
        nonlocal moment, last_stage
        for stage in stages:
            if c.chance(0.75):
                history.append((stage, moment))
                last_stage = stage
                moment = c.after(moment, 40)
            if c.chance(0.12):
                last_stage = c.pick(opens)
                history.append((last_stage, moment))
                moment = c.after(moment, 20)

    walk(opens[: c.rng.randint(1, len(opens))] if c.chance(0.95) else [])
    outcome = c.pick(["won", "won", "lost", "lost", None])
    if c.chance(0.15):
        history.append((c.pick(["won", "lost"]), moment))
        moment = c.after(moment, 40)
        walk([c.pick(opens)] if c.chance(0.9) else [])
        if history[-1][0] in ("won", "lost"):
            history.append((opens[-1], moment))
            last_stage = opens[-1]
            moment = c.after(moment, 30)
    closed = moment if outcome else None
    is_undated = False
    if outcome and c.chance(0.8):
        history.append((outcome, moment))
    if outcome and c.chance(0.08):
        history.append((c.pick(opens), moment + timedelta(days=3)))
    if outcome and c.chance(0.03):
        closed = None
        history = [entry for entry in history if entry[0] not in ("won", "lost")]
        is_undated = True
    if c.chance(0.06):
        history = []
    has_amounts = c.chance(0.8)
    for stage, entered in dict.fromkeys(history):
        value = amount if c.chance(0.5) else c.amount()
        c.put(
            "opportunity_stage_history",
            {
                "opportunity_id": deal_id,
                "stage_id": stage,
                "entered_at": entered,
                "amount_at_entry": value if has_amounts and c.chance(0.85) else None,
            },
            _deleted=True if c.chance(0.01) else None,
        )
    row = {
        "opportunity_id": deal_id,
        "account_id": account,
        "primary_contact_id": c.pick([*c.contact_ids, None]),
        "lead_id": None,
        "owner_rep_id": c.pick(c.reps),
        "sourced_by_rep_id": c.pick([*c.reps, None]),
        "opportunity_type": c.pick(["new_business"] * 6 + ["upsell", "cross_sell", "renewal"]),
        "pipeline_id": pipeline,
        "stage_id": outcome if outcome and not is_undated else last_stage,
        "amount": amount,
        "currency": c.a_currency(),
        "motion": c.pick(["inbound", "outbound", None]),
        "source_channel": c.pick([*CHANNELS, None, None]),
        "campaign_id": c.pick(["c1", "c4", "c7", None, None]),
        "sales_play": c.pick(["land", "expand", None]),
        "created_at": created,
        "closed_at": closed,
        "outcome": outcome,
        "loss_reason": c.pick(["price", "Duplicate", "DUPLICATE", "timing", None])
        if outcome == "lost"
        else None,
    }
    return c.put(
        "opportunities",
        row,
        updated_at=c.after(max([moment, *(at for _, at in history)]), 30)
        if c.chance(0.8)
        else None,
        _deleted=True if c.chance(0.03) else None,
    )


def deal_products(c: Generator) -> None:
    """With and without a list price, at a discount, at it, or above it."""
    for deal in c.rows["opportunities"]:
        if not c.chance(0.65):
            continue
        for product in c.rng.sample(["p1", "p2", "p3", "p4", "p6", "p_missing"], c.pick([1, 1, 2])):
            listed = c.amount(20, 400)
            factor = c.pick(
                [Decimal(1), Decimal(1), Decimal("0.9"), Decimal("0.75"), Decimal("1.1")]
            )
            c.put(
                "opportunity_products",
                {
                    "opportunity_id": deal["opportunity_id"],
                    "product_id": product,
                    "quantity": Decimal(c.pick([0, 1, 1, 2, 5])),
                    "list_unit_price": listed if c.chance(0.8) else None,
                    "unit_price": listed * factor,
                },
                _deleted=c.gone(),
            )


def rivals(c: Generator) -> None:
    """No, one or two competitors of a deal; not always a main one, not always a known one."""
    for deal in c.rows["opportunities"]:
        chosen = c.rng.sample([*COMPETITORS, "x_missing"], c.pick([0, 0, 1, 1, 2]))
        main = c.pick([*chosen, None])
        for competitor in chosen:
            c.put(
                "opportunity_competitors",
                {
                    "opportunity_id": deal["opportunity_id"],
                    "competitor_id": competitor,
                    "is_primary": competitor == main,
                },
                _deleted=c.gone(),
            )


def proposals(c: Generator) -> None:
    """Up to three versions: signed, declined, undecided, signed too late, without a first one."""
    number = 0
    for deal in [*c.rows["opportunities"], {"opportunity_id": "o_missing", "owner_rep_id": "r1"}]:
        if not c.chance(0.55):
            continue
        first = deal.get("created_at") or c.moment()
        sent = c.after(first, 60)
        start = 2 if c.chance(0.1) else 1
        versions = range(start, start + c.pick([1, 1, 2, 3]))
        sender = deal["owner_rep_id"] if c.chance(0.75) else c.pick(c.reps)
        signed_version = c.pick([*versions, None, None] if start == 1 else [*versions])
        for version in versions:
            number += 1
            is_signed = version == signed_version
            declined = not is_signed and c.chance(0.4)
            signed_at = c.after(sent, 45)
            if c.chance(0.08):
                signed_at = max(signed_at, c.moment(c.shape.as_of + timedelta(days=1)))
            c.put(
                "proposals",
                {
                    "proposal_id": f"d{number:03}",
                    "opportunity_id": deal["opportunity_id"],
                    "sent_by_rep_id": sender if c.chance(0.9) else c.pick(c.reps),
                    "sent_at": sent,
                    "version_no": version,
                    "signed_at": signed_at if is_signed else None,
                    "declined_at": c.after(sent, 30) if declined else None,
                },
                _deleted=c.gone(),
            )
            # A later version is sent later, by a second at least.
            sent = max(c.after(sent, 25), sent + timedelta(seconds=1))
