"""List prices and what competitors ask: intervals of days in which both are known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .periods import ONE_DAY
from .world import Row, World

FOUR_DIGITS = Decimal("0.0001")


@dataclass(frozen=True)
class Gap:
    """Own price and a competitor's in `[since, until)`, in the reporting currency."""

    product: str
    competitor: str
    region: str | None
    since: date
    until: date
    own: Decimal
    theirs: Decimal


def list_prices(world: World) -> dict[str, list[tuple[date, date, Row]]]:
    """Prices by product with the days on which each is valid, up to as_of."""
    found: dict[str, list[tuple[date, date, Row]]] = defaultdict(list)
    after = world.as_of + ONE_DAY
    for row in world.alive("product_price_history"):
        until = min(row["valid_to"] or after, after)
        if row["valid_from"] < until:
            found[row["product_id"]].append((row["valid_from"], until, row))
    return found


def converted(world: World, price: Decimal, currency: str, day: date) -> Decimal | None:
    """A price of one piece keeps four digits."""
    rate = world.rates.rate(currency, day)
    return None if rate is None else (price * rate).quantize(FOUR_DIGITS, ROUND_HALF_UP)


def price_gaps(world: World) -> list[Gap]:
    """What a competitor was last seen to ask holds until it is seen again or gets stale.

    One that is free or has no rate still ends the one before; one of unknown tax says nothing.
    """
    seen: dict[tuple[str, str, str | None], list[Row]] = defaultdict(list)
    for row in world.alive("competitor_prices"):
        if row["observed_on"] <= world.as_of:
            if row["tax_included"] and row["tax_rate"] is None:
                continue
            key = (row["product_id"], row["competitor_id"], row["region"] or None)
            seen[key].append(row)
    prices = list_prices(world)
    fresh = timedelta(days=world.options.price_stale_days + 1)
    gaps = []
    for (product, competitor, region), rows in seen.items():
        rows.sort(key=lambda row: row["observed_on"])
        ends = [row["observed_on"] for row in rows[1:]] + [date.max]
        for row, end in zip(rows, ends, strict=True):
            theirs = net_price(world, row)
            if not theirs:
                continue
            for valid_from, valid_to, price in prices[product]:
                since = max(row["observed_on"], valid_from)
                until = min(end, row["observed_on"] + fresh, valid_to)
                own = converted(world, price["list_price"], price["currency"], since)
                if since < until and own is not None:
                    gaps.append(Gap(product, competitor, region, since, until, own, theirs))
    return gaps


def net_price(world: World, row: Row) -> Decimal | None:
    """Without the tax, at the rate of the day on which it was seen."""
    price: Decimal = row["price"]
    if row["tax_included"]:
        price = price / (1 + row["tax_rate"])
    return converted(world, price, row["currency"], row["observed_on"])
