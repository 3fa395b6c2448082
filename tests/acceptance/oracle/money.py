"""Amounts in the reporting currency (convention G8), always as decimals."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
TWELVE_DIGITS = Decimal("0.000000000001")


class Rates:
    """The last rate on or before a day, if it is not too old.

    A rate into the reporting currency is used as it is; where a day has only the opposite, its
    inverse rounded to 12 digits.
    """

    def __init__(self, rows: list[dict[str, Any]], currency: str, stale_days: int) -> None:
        self.currency = currency
        self.stale = timedelta(days=stale_days)
        found: dict[str, dict[date, Decimal]] = {}
        for is_direct in (False, True):
            for row in rows:
                if is_direct and row["to_currency"] == currency:
                    found.setdefault(row["from_currency"], {})[row["rate_on"]] = row["rate"]
                if not is_direct and row["from_currency"] == currency:
                    inverse = (1 / row["rate"]).quantize(TWELVE_DIGITS, ROUND_HALF_UP)
                    found.setdefault(row["to_currency"], {})[row["rate_on"]] = inverse
        self._rates = {name: sorted(by_day.items()) for name, by_day in found.items()}

    def rate(self, currency: str | None, day: date) -> Decimal | None:
        if currency is None or currency == self.currency:
            return Decimal(1)
        known = self._rates.get(currency, [])
        index = bisect_right(known, day, key=lambda pair: pair[0])
        if not index or known[index - 1][0] < day - self.stale:
            return None
        return known[index - 1][1]

    def convert(self, amount: Decimal | None, currency: str | None, day: date) -> Decimal | None:
        """The amount in cents of the reporting currency; None where no rate is known."""
        rate = self.rate(currency, day)
        if amount is None or rate is None:
            return None
        return (amount * rate).quantize(CENT, ROUND_HALF_UP)
