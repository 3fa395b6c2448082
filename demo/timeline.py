"""Time in the demo company: seconds since 1970 in UTC, days since 1970, zones and seasons."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAY = 86_400
HOUR = 3_600
NONE = -1  # an absent moment, day or identifier


def day_number(text: str) -> int:
    """Days from 1970-01-01 to an ISO date."""
    return int(np.datetime64(text, "D").astype(np.int64))


FIRST_DAY = day_number("2023-01-01")
END_DAY = day_number("2026-01-01")  # first day after the data
AS_OF_DAY = END_DAY - 1
N_DAYS = END_DAY - FIRST_DAY
END = END_DAY * DAY  # nothing happens at or after this second

ZONES = ("Asia/Tehran", "Asia/Riyadh", "Asia/Ho_Chi_Minh", "Europe/London")
COUNTRIES = ("Iran", "Saudi Arabia", "Vietnam", "United Kingdom")
IRAN, SAUDI, VIETNAM, BRITAIN = range(4)

MONTH_STARTS: Ints = (
    np.arange("2023-01", "2030-01", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
)
"""First days of the months from 2023-01 on, as day numbers."""
N_MONTHS = 36


def month_of(day: Ints) -> Ints:
    """Months since January 2023 of a day."""
    months: Ints = np.searchsorted(MONTH_STARTS, day, side="right") - 1
    return months


def add_months(day: Ints, months: Ints | int) -> Ints:
    """The same day of a later month, the last day where that month is shorter."""
    dates = day.astype("datetime64[D]")
    first = dates.astype("datetime64[M]")
    offset = (dates - first.astype("datetime64[D]")).astype(np.int64)
    target = first + np.asarray(months).astype("timedelta64[M]")
    start: Ints = target.astype("datetime64[D]").astype(np.int64)
    length = (target + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - start
    moved: Ints = start + np.minimum(offset, length - 1)
    return moved


def weekday(day: Ints) -> Ints:
    """ISO weekday, 1 Monday to 7 Sunday."""
    return (day + 3) % 7 + 1


def _utc_offsets() -> Ints:
    """Seconds east of UTC by country and day. Iran keeps +03:30 since autumn 2022."""
    offsets = np.empty((4, N_DAYS), dtype=np.int64)
    offsets[:] = np.array([[12_600], [10_800], [25_200], [0]])
    for start, end in (
        ("2023-03-26", "2023-10-29"),
        ("2024-03-31", "2024-10-27"),
        ("2025-03-30", "2025-10-26"),
    ):
        offsets[BRITAIN, day_number(start) - FIRST_DAY : day_number(end) - FIRST_DAY] = HOUR
    return offsets


def _next_working_day() -> Ints:
    """For each country and weekday (0 Monday), how many days to wait for a working day."""
    off = ({5}, {5, 6}, {6, 7}, {6, 7})
    wait = np.zeros((4, 7), dtype=np.int64)
    for country in range(4):
        for day in range(7):
            while (day + wait[country, day]) % 7 + 1 in off[country]:
                wait[country, day] += 1
    return wait


_OFFSETS = _utc_offsets()
_WAIT = _next_working_day()


def utc_offset(country: Ints, seconds: Ints) -> Ints:
    """Seconds east of UTC, at a moment."""
    day = np.clip(seconds // DAY - FIRST_DAY, 0, N_DAYS - 1)
    offsets: Ints = _OFFSETS[country, day]
    return offsets


def snap_to_work(seconds: Ints, country: Ints) -> Ints:
    """Move moments outside working hours forward (never back) into them, in the country's zone."""
    offset = utc_offset(country, seconds)
    local = seconds + offset
    day, clock = local // DAY, local % DAY
    late = clock >= 18 * HOUR
    day = day + late
    clock = np.where(late, 9 * HOUR + (clock - 18 * HOUR) // 3, clock)
    clock = np.where(clock < 9 * HOUR, 9 * HOUR + clock // 4, clock)
    wait = _WAIT[country, (day + 3) % 7]
    moved: Ints = (day + wait) * DAY + clock - offset
    return moved


def in_working_hours(seconds: Ints, country: Ints) -> Flags:
    """Whether a moment lies within working hours of the country."""
    same: Flags = snap_to_work(seconds, country) == seconds
    return same


def _seasons() -> Floats:
    """Relative volume of new business by country and day."""
    days = np.arange(FIRST_DAY, END_DAY, dtype=np.int64)
    weights: Floats = np.exp(0.22 * (days - FIRST_DAY) / 365.0) * np.ones((4, 1))
    for country, off in enumerate(({5: 0.2, 4: 0.6}, {5: 0.2, 6: 0.25}, *({6: 0.35, 7: 0.2},) * 2)):
        for iso, factor in off.items():
            weights[country, weekday(days) == iso] *= factor

    def during(countries: tuple[int, ...], factor: float, *spans: tuple[str, str]) -> None:
        for start, end in spans:
            weights[
                list(countries), day_number(start) - FIRST_DAY : day_number(end) - FIRST_DAY
            ] *= factor

    ramadan = (
        ("2023-03-23", "2023-04-21"),
        ("2024-03-11", "2024-04-10"),
        ("2025-03-01", "2025-03-30"),
    )
    during((SAUDI,), 0.6, *ramadan)
    during((IRAN,), 0.85, *ramadan)
    during(
        (SAUDI,),
        0.35,
        ("2023-04-21", "2023-04-26"),
        ("2024-04-10", "2024-04-15"),
        ("2025-03-30", "2025-04-04"),
    )
    for year in (2023, 2024, 2025):
        during((IRAN,), 0.2, (f"{year}-03-20", f"{year}-04-03"))
        during((IRAN,), 1.25, (f"{year}-02-01", f"{year}-03-10"))  # before the Iranian year ends
        during((SAUDI,), 0.7, (f"{year}-07-01", f"{year}-09-01"))
        during((BRITAIN,), 0.75, (f"{year}-08-01", f"{year}-09-01"))
        during((BRITAIN,), 0.3, (f"{year}-12-20", f"{year + 1}-01-01"))
        during((VIETNAM, BRITAIN), 1.15, (f"{year}-10-01", f"{year}-12-15"))
    during(
        (VIETNAM,),
        0.12,
        ("2023-01-20", "2023-01-27"),
        ("2024-02-08", "2024-02-15"),
        ("2025-01-25", "2025-02-03"),
    )
    return weights


def _hours() -> Floats:
    """Share of new leads by local hour: office hours and a smaller evening peak."""
    hours: Floats = np.full(24, 0.6)
    hours[9:18] = (6, 8, 9, 7, 4, 7, 8, 8, 6)
    hours[18:23] = (3, 2.5, 3, 2.5, 1.5)
    shares: Floats = hours / hours.sum()
    return shares


_SEASON_CDF = np.cumsum(_seasons(), axis=1)
_SEASON_CDF /= _SEASON_CDF[:, -1:]
_HOUR_CDF = np.cumsum(_hours())


def draw_moments(rng: Generator, country: Ints) -> Ints:
    """Moments spread over the three years as the seasons, weekdays and hours of a country say."""
    n = len(country)
    grid = (_SEASON_CDF + np.arange(4)[:, None]).ravel()
    index = np.searchsorted(grid, country + rng.random(n), side="right")
    day = FIRST_DAY + np.minimum(index - country * N_DAYS, N_DAYS - 1)
    hour = np.minimum(np.searchsorted(_HOUR_CDF, rng.random(n), side="right"), 23)
    local = day * DAY + hour * HOUR + rng.integers(0, HOUR, n)
    moment = local - utc_offset(country, local)
    moments: Ints = np.clip(moment, FIRST_DAY * DAY, END - 1)
    return moments


@dataclass(frozen=True)
class Spread:
    """A distribution held as a table of equally likely values: its mean and sd are exact."""

    values: Floats

    @property
    def mean(self) -> float:
        """Exact mean."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Exact standard deviation."""
        return float(self.values.std())

    def draw(self, rng: Generator, n: int) -> Floats:
        """Independent values."""
        drawn: Floats = self.values[rng.integers(0, len(self.values), n)]
        return drawn


def gamma_spread(shape: float, scale: float, low: float, high: float, unit: int = 1) -> Spread:
    """A gamma distribution cut off to [low, high], in whole units (4,096 quantiles)."""
    grid = np.linspace(low, high, 40_001)
    middle = (grid[1:] + grid[:-1]) / 2
    cdf = np.concatenate(([0.0], np.cumsum(middle ** (shape - 1) * np.exp(-middle / scale))))
    quantiles = (np.arange(4_096) + 0.5) / 4_096
    return Spread(np.round(np.interp(quantiles, cdf / cdf[-1], grid) * unit))


def lognormal_spread(median: float, sigma: float) -> Spread:
    """A lognormal distribution of money in whole cents (4,096 quantiles)."""
    # Quantiles of the normal distribution, from its own integral: no dependency beyond numpy.
    grid = np.linspace(-4, 4, 40_001)
    middle = (grid[1:] + grid[:-1]) / 2
    cdf = np.concatenate(([0.0], np.cumsum(np.exp(-(middle**2) / 2))))
    normal = np.interp((np.arange(4_096) + 0.5) / 4_096, cdf / cdf[-1], grid)
    return Spread(np.round(median * np.exp(sigma * normal), 2))


def group_draw(rng: Generator, chances: Floats, group: Ints) -> Ints:
    """One member per row, drawn with the chances of the row's group (one row of `chances` each)."""
    cdf = np.cumsum(chances, axis=1)
    cdf /= cdf[:, -1:]
    width = chances.shape[1]
    grid = (cdf + np.arange(len(cdf))[:, None]).ravel()
    index = np.searchsorted(grid, group + rng.random(len(group)), side="right")
    member: Ints = np.minimum(index - group * width, width - 1)
    return member
