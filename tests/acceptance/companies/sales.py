"""Invoices, promotion experiments, subscriptions and what customers say of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .catalogue import COMPETITORS
from .generator import Generator

SELLING = ["online", "online", "store_a", "store_a", "store_b", "store_b", "field_d"]
CANCELLED = ["price", "moved to a competitor", "no use", None]


def invoices(c: Generator) -> None:
    """Of many buyers at any time, and of some at the edge of being inactive."""
    buyers = c.account_ids[::2] + c.account_ids[:5]
    for number in range(c.shape.leads):
        issued = c.moment()
        invoice(c, f"i{number:04}", c.pick(buyers), issued)
    for number, account in enumerate(c.account_ids[1::6]):
        first = c.moment(last=c.shape.start + timedelta(days=200))
        for step, days in enumerate((0, c.pick([179, 180, 181]), 400)):
            moment = first + timedelta(days=days)
            invoice(c, f"ip{number:03}_{step}", account, moment, plain=True)


def invoice(
    c: Generator, invoice_id: str, account: str, issued: datetime, plain: bool = False
) -> None:
    deals = c.rows["opportunities"]
    head = {
        "account_id": account,
        "opportunity_id": c.pick(deals)["opportunity_id"] if c.chance(0.4) else None,
        "rep_id": c.pick([*c.reps, None]),
        "location_id": c.pick(SELLING) if c.chance(0.98) else "place_unknown",
        "currency": c.a_currency(),
    }
    status = "paid" if plain or c.chance(0.93) else "void"
    c.put(
        "invoices",
        {
            "invoice_id": invoice_id,
            **head,
            "document_type": "invoice",
            "original_invoice_id": None,
            "issued_at": issued,
            "status": status,
        },
        _deleted=True if not plain and c.chance(0.02) else None,
    )
    amounts = [
        Decimal(0) if c.chance(0.05) else c.amount(10, 900) for _ in range(c.rng.randint(1, 3))
    ]
    lines(c, invoice_id, amounts)
    if plain or not c.chance(0.3):
        return
    note = f"{invoice_id}_cn"
    c.put(
        "invoices",
        {
            "invoice_id": note,
            **head,
            "document_type": "credit_note",
            "original_invoice_id": invoice_id,
            "issued_at": c.after(issued, 90),
            "status": c.pick(["paid", "paid", "paid", "open", "void"]),
        },
    )
    share = c.pick([Decimal(1), Decimal(1), Decimal("0.5"), Decimal("0.25")])
    lines(c, note, [-(amount * share).quantize(Decimal("0.01")) for amount in amounts])


def lines(c: Generator, invoice_id: str, amounts: list[Decimal]) -> None:
    """Lines below, at and above the list price, some without list price, cost or quantity."""
    for number, amount in enumerate(amounts):
        quantity = c.pick([Decimal(1), Decimal(1), Decimal(2), Decimal("2.5"), Decimal(0)])
        factor = c.pick(
            [Decimal(1), Decimal(1), Decimal("1.1111"), Decimal("1.25"), Decimal("0.9")]
        )
        listed = (abs(amount) * factor / (quantity or 1)).quantize(Decimal("0.0001"))
        share = c.pick([Decimal("0.4"), Decimal("0.6"), Decimal("1.2")])
        c.put(
            "invoice_lines",
            {
                "invoice_line_id": f"{invoice_id}_{number}",
                "invoice_id": invoice_id,
                "product_id": f"p{c.rng.randint(1, 6)}" if c.chance(0.97) else "p_missing",
                "promotion_id": f"pr{c.rng.randint(1, 15)}" if c.chance(0.2) else None,
                "quantity": quantity if amount >= 0 else 0 - quantity,
                "list_unit_price": listed if c.chance(0.75) else None,
                "net_amount": amount,
                "cost_amount": (amount * share).quantize(Decimal("0.01"))
                if c.chance(0.8)
                else None,
            },
            _deleted=c.gone(0.01),
        )


def experiments(c: Generator) -> None:
    """Promotions tried in one store against another, with levels that are chosen, not drawn.

    Alike before; not alike; nothing sold before; the control with a promotion of its own. The first
    one is not over by the last day, or just so.
    """
    cases = [
        ("not_over", 200, 190, 240, 200),
        ("alike", 100, 104, 130, 109),
        ("unlike", 100, 150, 130, 140),
        ("no_sales_before", 0, 100, 50, 100),
        ("control_promoted", 100, 104, 130, 109),
    ]
    # Three months apart, so that what comes back after one is not in the next.
    months = [c.months[-3], *c.months[1:-3:3]]
    for (name, *levels), pre in zip(cases, months, strict=False):
        post = c.months[c.months.index(pre) + 1]
        end = (post + timedelta(days=32)).replace(day=1)
        c.put(
            "promotions",
            {
                "promotion_id": f"pr_{name}",
                "promotion_type": c.pick(["shelf_display", "coupon", "sample"]),
                "location_id": "store_e",
                "product_id": "p1",
                "starts_on": post,
                "ends_on": end - timedelta(days=1),
            },
        )
        c.put(
            "promo_experiments",
            {
                "experiment_id": f"x_{name}",
                "promotion_id": f"pr_{name}",
                "treated_location_id": "store_e",
                "control_location_id": "store_f",
                "pre_start": pre,
                "pre_end": post,
                "post_start": post,
                "post_end": end,
            },
        )
        if name == "control_promoted":
            c.put(
                "promotions",
                {
                    "promotion_id": "pr_of_control",
                    "promotion_type": "discount",
                    "location_id": "store_f",
                    "product_id": None,
                    "starts_on": end - timedelta(days=1),
                    "ends_on": end + timedelta(days=9),
                },
            )
        windows = [(pre, post), (pre, post), (post, end), (post, end)]
        for index, (level, (first, after)) in enumerate(zip(levels, windows, strict=True)):
            store = "store_f" if index % 2 else "store_e"
            promotion = f"pr_{name}" if index == 2 else None
            store_sales(c, f"ix_{name}_{index}", store, level, first, after, promotion)
        # What was bought in the promotion comes back after it.
        store_sales(c, f"ix_{name}_back", "store_e", -7, end, end, f"pr_{name}")


def store_sales(
    c: Generator,
    key: str,
    store: str,
    level: int,
    first: date,
    after: date,
    promotion: str | None,
) -> None:
    """Invoices that add up to a level, the first and the last at the ends of the store's time."""
    if not level:
        return
    zones = {row["location_id"]: row["time_zone"] for row in c.rows["locations"]}
    zone = ZoneInfo(zones[store])
    moments = [datetime.combine(first, time(0), zone)]
    if after > first:
        moments.append(datetime.combine(after, time(0), zone) - timedelta(seconds=1))
    for number, moment in enumerate(moments):
        quantity = Decimal(level) / len(moments)
        is_return = level < 0
        c.put(
            "invoices",
            {
                "invoice_id": f"{key}_{number}",
                "account_id": c.an_account(),
                "opportunity_id": None,
                "rep_id": None,
                "location_id": store,
                "currency": c.shape.currency,
                "document_type": "credit_note" if is_return else "invoice",
                "original_invoice_id": f"{key.removesuffix('back')}2_0" if is_return else None,
                "issued_at": moment.astimezone(UTC),
                "status": "paid",
            },
        )
        c.put(
            "invoice_lines",
            {
                "invoice_line_id": f"{key}_{number}_0",
                "invoice_id": f"{key}_{number}",
                "product_id": "p1",
                "promotion_id": promotion,
                "quantity": quantity,
                "list_unit_price": Decimal(11),
                "net_amount": quantity * 10,
                "cost_amount": quantity * 6,
            },
        )


def subscriptions(c: Generator) -> None:
    """Price changes, gaps around the grace, parallel ones, reactivation, future ends."""
    for number, account in enumerate(c.account_ids[::2]):
        start = c.day(last=c.shape.as_of - timedelta(days=60))
        for turn in range(c.rng.randint(1, 4)):
            subscription = f"s{number:03}_{turn if c.chance(0.6) else 0}"
            end = price_periods(c, subscription, account, start)
            if end is None:
                break
            start = end + timedelta(days=c.pick([0, 29, 30, 31, 31, 90]))
        if c.chance(0.25):
            price_periods(c, f"s{number:03}_x", account, c.day(start))


def price_periods(c: Generator, subscription: str, account: str, start: date) -> date | None:
    end: date | None = start
    currency = c.a_currency()
    for _ in range(c.rng.randint(1, 3)):
        if end is None:
            break
        start = end
        end = c.day(start + timedelta(days=1), start + timedelta(days=200))
        if c.chance(0.2):
            end = None
        if c.chance(0.04):
            end = start - timedelta(days=1)
        end_reason = c.pick(["renewed", "changed", "cancelled", "cancelled", "non_payment", None])
        has_left = end is not None and end_reason in ("cancelled", None)
        c.put(
            "subscription_periods",
            {
                "subscription_id": subscription,
                "account_id": account,
                "product_id": f"p{c.rng.randint(1, 5)}",
                "period_start": start,
                "period_end": end,
                "mrr": c.pick([Decimal(0), c.amount(5, 500), c.amount(5, 500)]),
                "currency": currency,
                "end_reason": end_reason if end else None,
                "cancel_reason": c.pick(CANCELLED) if has_left else None,
                "switched_to_competitor_id": c.pick([*COMPETITORS[:2], "x_missing", None, None])
                if has_left
                else None,
            },
            _deleted=True if c.chance(0.02) else None,
        )
    return end if end is None or end > start else start


def customer_surveys(c: Generator) -> None:
    """Waves: answered, not answered, answered twice, asked too early or of no customer at all."""
    number = 0
    for sent_on in [c.day(month, month + timedelta(days=9)) for month in c.months[2::4]]:
        local = datetime.combine(sent_on, time(c.pick([0, 8, 23])), ZoneInfo(c.shape.time_zone))
        sent = local.astimezone(UTC)
        for account in c.rng.sample(c.account_ids, min(14, len(c.account_ids))):
            known = [row for row in c.rows["contacts"] if row["account_id"] == account]
            contact = c.pick(known)["contact_id"] if known else c.pick(c.contact_ids)
            for again in range(c.pick([1, 1, 1, 1, 2])):
                number += 1
                asked = sent + again * timedelta(days=c.pick([0, 0, 3]))
                answered = c.after(asked, 30) + again * timedelta(seconds=1)
                has_answered = c.chance(0.75)
                c.put(
                    "nps_surveys",
                    {
                        "survey_id": f"u{number:03}",
                        "account_id": account,
                        "contact_id": contact if c.chance(0.98) else "k_missing",
                        "sent_at": asked,
                        "responded_at": answered if has_answered else None,
                        "score": c.pick([0, 4, 6, 7, 8, 9, 9, 10, 10, 10, None])
                        if has_answered
                        else None,
                    },
                    _deleted=c.gone(),
                )
