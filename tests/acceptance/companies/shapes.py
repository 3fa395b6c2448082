"""What makes one company different from another, and the companies that the tests build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

CHANNELS = ["organic_search", "paid_social", "referral", "cold_call", "event"]
SEGMENTS = ["smb", "mid_market", "enterprise", None]
VERTICALS = ["retail", "banking", "health", None]
LEAD_STAGES = ["mql", "sql", "opportunity", "customer"]
TOUCHES = [
    "call", "email", "video_meeting", "in_person_meeting",
    "demo", "social", "referral_request", "voicemail",
]  # fmt: skip
PIPELINES = {
    "main": [
        ("new", 1, "open", Decimal("7.50")),
        ("talk", 2, "open", Decimal(14)),
        ("offer", 3, "open", None),
        ("contract", 4, "open", Decimal(0)),
        ("won", 5, "won", None),
        ("lost", 6, "lost", None),
    ],
    "partner": [
        ("lost", 1, "lost", None),
        ("new", 2, "open", Decimal(30)),
        ("offer", 4, "open", Decimal(10)),
        ("won", 9, "won", None),
    ],
    "standard": [
        ("qualification", 1, "open", Decimal(14)),
        ("discovery", 2, "open", Decimal(21)),
        ("proposal", 3, "open", Decimal(21)),
        ("negotiation", 4, "open", Decimal(14)),
        ("won", 5, "won", None),
        ("lost", 6, "lost", None),
    ],
}


@dataclass
class Shape:
    """What makes one company different from another."""

    name: str
    seed: int
    start: date
    as_of: date
    time_zone: str = "UTC"
    week_start: int = 1
    currency: str = "USD"
    leads: int = 120
    grains: tuple[str, ...] = ("day", "week", "month", "quarter", "year")
    pipelines: tuple[str, ...] = ("main", "partner")

    @property
    def variables(self) -> dict[str, Any]:
        """The project's variables that this company sets."""
        return {
            "reporting_time_zone": self.time_zone,
            "week_start": self.week_start,
            "reporting_currency": self.currency,
            "kpi_grains": list(self.grains),
        }


SHAPES = [
    Shape(
        "leap",
        seed=11,
        start=date(2023, 7, 1),
        as_of=date(2024, 12, 31),
        leads=90,
    ),
    Shape(
        "tehran",
        seed=22,
        start=date(2023, 1, 1),
        as_of=date(2025, 2, 14),
        time_zone="Asia/Tehran",
        week_start=6,
        leads=150,
        grains=("day", "week", "month", "year"),
    ),
    Shape(
        "saigon",
        seed=33,
        start=date(2024, 1, 1),
        as_of=date(2025, 3, 31),
        time_zone="Asia/Ho_Chi_Minh",
        currency="EUR",
        pipelines=("standard", "main"),
        leads=120,
        grains=("day", "month", "quarter"),
    ),
    Shape(
        "new_york",
        seed=44,
        start=date(2022, 6, 1),
        as_of=date(2025, 6, 30),
        time_zone="America/New_York",
        week_start=7,
        leads=160,
        grains=("day", "month", "quarter", "year"),
    ),
]

#: small enough to be built several times
SMALL = Shape("small", seed=55, start=date(2024, 3, 1), as_of=date(2025, 2, 28), leads=40)
