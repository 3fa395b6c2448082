"""What the company sells, where, at which price, and against whom."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from .generator import Generator
from .shapes import PIPELINES

#: Zones far from UTC, so that a store's day is not the company's.
PLACES = [
    ("online", "online", "UTC"),
    ("store_a", "store", "Pacific/Auckland"),
    ("store_b", "store", "America/Los_Angeles"),
    ("store_never", "store", "Asia/Tokyo"),
    ("field_d", "field", "Asia/Kolkata"),
    ("store_e", "store", "Pacific/Honolulu"),
    ("store_f", "store", "Europe/Paris"),
]
PROMOTIONS = ["promo_sale", "shelf_display", "discount", "coupon", "demo", "sample", "price_cut"]
COMPETITORS = ["x1", "x2", "x3", "x4"]


def places(c: Generator) -> None:
    """Locations that opened or closed on the way; one that never sells."""
    for name, kind, zone in PLACES:
        opened = c.shape.start + timedelta(days=100) if name == "store_a" else None
        closed = c.shape.as_of - timedelta(days=100) if name == "store_b" else None
        c.put(
            "locations",
            {
                "location_id": name,
                "location_name": name,
                "location_kind": kind,
                "region": "apac" if zone.startswith(("Asia", "Pacific")) else "eu",
                "time_zone": zone,
                "opened_on": opened,
                "closed_on": closed,
            },
        )


def stages(c: Generator) -> None:
    """The stages of the company's pipelines, but for the one that the seed knows."""
    for pipeline in c.shape.pipelines:
        if pipeline == "standard":
            continue
        for stage, order, category, days in PIPELINES[pipeline]:
            c.put(
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


def products(c: Generator) -> None:
    """Editions of three families, some in a bundle."""
    for number in range(1, 7):
        c.put(
            "products",
            {
                "product_id": f"p{number}",
                "product_name": f"Product {number}",
                "product_family": "service" if number == 6 else c.pick(["core", "addon"]),
                "bundle_id": c.pick(["starter", "suite", None]),
                "tier_rank": None if number == 6 else number,
            },
        )


def competitors(c: Generator) -> None:
    """Competitors, and what they and the company itself were seen to offer."""
    for name in COMPETITORS:
        c.put("competitors", {"competitor_id": name, "competitor_name": f"Rival {name}"})
    for capability in ("reporting", "mobile", "support"):
        for name in (None, "x1", "x2"):
            for _ in range(c.rng.randint(0, 2)):
                c.put(
                    "competitor_offerings",
                    {
                        "competitor_id": name,
                        "capability": capability,
                        "is_offered": c.chance(0.6),
                        "observed_on": c.day(),
                    },
                )


def exchange_rates(c: Generator) -> None:
    """Rates with gaps of up to seven days; of one currency only the opposite direction."""
    own = c.shape.currency
    for currency, low in (("EUR", 0.9), ("VND", 0.00004), ("AED", 0.2), ("USD", 0.8)):
        if currency == own:
            continue
        day = c.shape.start - timedelta(days=400)
        while day <= c.shape.as_of + timedelta(days=40):
            rate = Decimal(str(round(low * c.rng.uniform(1, 1.3), 8)))
            pair = (own, currency) if currency == "AED" else (currency, own)
            if currency == "AED":
                rate = Decimal(str(round(c.rng.uniform(3, 4), 8)))
            row = {
                "rate_on": day,
                "from_currency": pair[0],
                "to_currency": pair[1],
                "rate": rate,
            }
            c.put("exchange_rates", row)
            if currency == "EUR" and c.chance(0.1):
                back = {"from_currency": own, "to_currency": "EUR", "rate": Decimal("7.5")}
                c.put("exchange_rates", row | back)
            day += timedelta(days=c.pick([1, 1, 2, 7, 7, 8]))


def prices(c: Generator) -> None:
    """Own prices with gaps between them; a competitor's netted, stale, free or seen twice a day."""
    for number in range(1, 6):
        day = c.shape.start - timedelta(days=200)
        for _ in range(c.rng.randint(2, 6)):
            end = c.day(day + timedelta(days=20), day + timedelta(days=250))
            is_last = c.chance(0.3)
            c.put(
                "product_price_history",
                {
                    "product_id": f"p{number}",
                    "valid_from": day,
                    "valid_to": None if is_last else end,
                    "list_price": own_price(c, number),
                    "currency": c.shape.currency if c.chance(0.7) else c.a_currency(),
                },
                _deleted=c.gone(),
            )
            if is_last:
                break
            day = end + timedelta(days=c.pick([0, 0, 0, 1, 40]))
    for number in [*range(1, 5), 6]:
        for competitor in c.rng.sample([*COMPETITORS[:3], "x_missing"], 3):
            for _ in range(c.rng.randint(1, 9)):
                last = c.shape.as_of
                # Some just within the 30 days that a price stays fresh, some just not.
                seen_on = c.day(last - timedelta(days=33), last) if c.chance(0.2) else c.day()
                for region in c.rng.sample(["eu", "apac", None], c.pick([1, 1, 2])):
                    competitor_price(c, competitor, number, region, seen_on)


def own_price(c: Generator, number: int) -> Decimal:
    """Around a hundred for each step of the edition."""
    return Decimal(number * c.pick([90, 95, 100, 100, 105]))


def competitor_price(
    c: Generator, competitor: str, number: int, region: str | None, day: date
) -> None:
    tax_included = c.chance(0.4)
    price = own_price(c, number) * c.pick([Decimal("0.9524"), Decimal(1), Decimal("1.0526")])
    if tax_included:
        price *= Decimal("1.1")
    c.put(
        "competitor_prices",
        {
            "competitor_id": competitor,
            "product_id": f"p{number}",
            "region": region,
            "price": Decimal(0) if c.chance(0.06) else price.quantize(Decimal("0.0001")),
            "currency": c.shape.currency if c.chance(0.7) else c.a_currency(),
            "tax_included": tax_included,
            "tax_rate": c.pick([Decimal("0.1"), Decimal("0.1"), Decimal(0), None])
            if tax_included
            else c.pick([None, Decimal("0.1")]),
            "observed_on": day,
        },
        _deleted=c.gone(),
    )


def promotions(c: Generator) -> None:
    """Of every type, for one place or product or for all of them."""
    for number, kind in enumerate(PROMOTIONS * 2, start=1):
        starts = c.day(last=c.shape.as_of)
        c.put(
            "promotions",
            {
                "promotion_id": f"pr{number}",
                "promotion_type": kind,
                "location_id": c.pick(["online", "store_a", "field_d", None]),
                "product_id": c.pick(["p1", "p2", None]),
                "starts_on": starts,
                "ends_on": c.day(starts, starts + timedelta(days=60)),
            },
            _deleted=c.gone(),
        )
