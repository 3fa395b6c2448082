"""The KPIs of the area pricing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from .cells import MONTH_GRAINS, Cells, Key, Number, Reading, Record, finish, roll_up, value_of
from .company import Company
from .documents import SoldLine, sold_lines
from .periods import ONE_DAY, days_from
from .prices import Gap, list_prices, price_gaps
from .world import Row, World


def families(world: World) -> dict[str, str | None]:
    return {row["product_id"]: row["product_family"] for row in world.current["products"]}


def promotion_types(world: World) -> dict[str, str | None]:
    return {row["promotion_id"]: row["promotion_type"] for row in world.current["promotions"]}


def avg_retail_price(company: Company) -> Cells:
    """What a piece was sold for; beside it the list price, a day of which counts like any other."""
    world = company.world
    records = []
    for sold in sold_lines(company):
        if sold.line.amount is not None:
            day = sold.invoice.issued_on
            records.append(Record(day, sold.line.amount, sold.members, sold.line.quantity))
    family = families(world)
    for product, prices in list_prices(world).items():
        members = {"product": product, "product_family": family.get(product)}
        for since, until, row in prices:
            for day in days_from(since, until - ONE_DAY):
                price = world.rates.convert(row["list_price"], row["currency"], day)
                if price is not None:
                    records.append(Record(day, price, members, variant="list_price"))
    readings = {"headline": Reading(), "list_price": Reading()}
    kpi_id, dimensions = "avg_retail_price", ["product", "product_family", "location", "region"]
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


def competitor_price_gap(company: Company) -> Cells:
    """How far the own list price is above a competitor's."""
    family = families(company.world)
    records = []
    for gap in price_gaps(company.world):
        members = {
            "product": gap.product,
            "product_family": family.get(gap.product),
            "competitor": gap.competitor,
            "region": gap.region,
        }
        records.append(Record(gap.since, gap.own - gap.theirs, members, gap.theirs, left=gap.until))
    kpi_id, readings = "competitor_price_gap", {"headline": Reading("snapshot")}
    dimensions = ["product", "product_family", "competitor", "region"]
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records)


def price_parity_share(company: Company) -> Cells:
    """Products whose price is about that of the cheapest competitor, everywhere or by region."""
    world = company.world
    family = families(world)
    overall: dict[tuple[str, str | None], list[Gap]] = defaultdict(list)
    regional: dict[tuple[str, str | None], list[Gap]] = defaultdict(list)
    for gap in price_gaps(world):
        overall[gap.product, None].append(gap)
        regional[gap.product, gap.region].append(gap)
    records = []
    for variant, groups in (("headline", overall), ("by_region", regional)):
        for (product, region), gaps in groups.items():
            members = {"product_family": family.get(product), "region": region}
            turns = sorted({gap.since for gap in gaps} | {gap.until for gap in gaps})
            for since, until in pairwise(turns):
                known = [gap for gap in gaps if gap.since <= since < gap.until]
                if known:
                    cheapest = min(known, key=lambda gap: gap.theirs)
                    limit = world.options.price_match_tolerance * cheapest.theirs
                    is_close = abs(cheapest.own - cheapest.theirs) <= limit
                    record = Record(since, int(is_close), members, 1, variant, left=until)
                    records.append(record)
    readings = {"headline": Reading("snapshot"), "by_region": Reading("snapshot")}
    kpi_id, dimensions = "price_parity_share", ["product_family", "region"]
    return roll_up(company.frame, kpi_id, "rate", dimensions, readings, records, MONTH_GRAINS)


def priced_products(world: World) -> dict[str, list[Row]]:
    """Products of a deal whose list price is known."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in world.alive("opportunity_products"):
        if row["list_unit_price"] is not None:
            found[row["opportunity_id"]].append(row)
    return found


def discount_rate(company: Company) -> Cells:
    """What was taken off the list price; a surcharge is a negative discount."""
    world = company.world
    types, family = promotion_types(world), families(world)
    records = []
    for sold in sold_lines(company):
        line, invoice = sold.line, sold.invoice
        if line.list_unit_price is None or line.amount is None:
            continue
        listed = world.rates.convert(
            line.quantity * line.list_unit_price, invoice.currency, invoice.issued_on
        )
        if listed is not None:
            members = sold.members | {"promotion_type": types.get(line.promotion or "")}
            records.append(Record(invoice.issued_on, listed - line.amount, members, listed))
    products = priced_products(world)
    for deal in company.deals:
        if not deal.is_won or deal.is_renewal or deal.closed_on is None:
            continue
        for row in products[deal.deal_id]:
            listed = world.rates.convert(
                row["quantity"] * row["list_unit_price"], deal.currency, deal.closed_on
            )
            off = world.rates.convert(
                row["quantity"] * (row["list_unit_price"] - row["unit_price"]),
                deal.currency,
                deal.closed_on,
            )
            if listed is None or off is None:
                continue
            members = {
                "rep": deal.owner,
                "team": world.team(deal.owner, deal.closed_on).team_id,
                "product": row["product_id"],
                "product_family": family.get(row["product_id"]),
                "segment": deal.segment,
            }
            records.append(Record(deal.closed_on, off, members, listed, "deals"))
    readings = {"headline": Reading(), "deals": Reading()}
    dimensions = [
        "rep", "team", "product", "product_family", "location", "promotion_type", "segment",
    ]  # fmt: skip
    kpi_id = "discount_rate"
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


def price_objection_win_rate(company: Company) -> Cells:
    """Of the deals in which the price was an objection, those won; and won at the list price."""
    world = company.world
    objected = {
        (activity.deal_id, activity.occurred_at)
        for activity in company.activities.all
        if activity.occurred_at and (activity.objection or "").lower() == "price"
    }
    products = priced_products(world)
    records = []
    for deal in company.deals:
        if not deal.is_decided or deal.is_renewal or not deal.closed_at or not deal.closed_on:
            continue
        if not any(key == deal.deal_id and at <= deal.closed_at for key, at in objected):
            continue
        members = {
            "rep": deal.owner,
            "team": world.team(deal.owner, deal.closed_on).team_id,
            "segment": deal.segment,
        }
        records.append(Record(deal.closed_on, int(deal.is_won), members))
        rows = products[deal.deal_id]
        if rows:
            paid = sum(row["quantity"] * row["unit_price"] for row in rows)
            listed = sum(row["quantity"] * row["list_unit_price"] for row in rows)
            is_full = deal.is_won and paid >= listed
            records.append(Record(deal.closed_on, int(is_full), members, 1, "without_discount"))
    readings = {"headline": Reading(), "without_discount": Reading()}
    kpi_id, dimensions = "price_objection_win_rate", ["rep", "team", "segment"]
    return roll_up(company.frame, kpi_id, "rate", dimensions, readings, records, MONTH_GRAINS)


# Experiments

Measure = Callable[[SoldLine], Decimal]


@dataclass
class Volumes:
    """What was sold at the two locations before and during the promotion."""

    treated_before: Decimal
    treated_after: Decimal
    control_before: Decimal
    control_after: Decimal


@dataclass
class Experiment:
    """A promotion tried at one location and not at another, once it is over."""

    row: Row
    promotion_type: str | None
    lines: list[SoldLine]

    def sold(self, side: str, phase: str, measure: Measure) -> Decimal:
        place = self.row[f"{side}_location_id"]
        first, after = self.row[f"{phase}_start"], self.row[f"{phase}_end"]
        return sum(
            (
                measure(sold)
                for sold in self.lines
                if sold.invoice.location == place and first <= sold.invoice.local_issued_on < after
            ),
            Decimal(0),
        )

    def volumes(self, measure: Measure) -> Volumes:
        return Volumes(
            self.sold("treated", "pre", measure),
            self.sold("treated", "post", measure),
            self.sold("control", "pre", measure),
            self.sold("control", "post", measure),
        )

    def days(self, phase: str) -> int:
        length = self.row[f"{phase}_end"] - self.row[f"{phase}_start"]
        return int(length.days)


def experiments(company: Company) -> list[Experiment]:
    """Those whose last day has passed."""
    world = company.world
    types, lines = promotion_types(world), sold_lines(company)
    return [
        Experiment(row, types.get(row["promotion_id"]), lines)
        for row in world.alive("promo_experiments")
        if row["post_end"] <= world.as_of + ONE_DAY
    ]


def quantity(sold: SoldLine) -> Decimal:
    return Decimal(sold.line.quantity)


def revenue(sold: SoldLine) -> Decimal:
    return sold.line.amount or Decimal(0)


def per_day(after: Decimal, days_after: int, before: Decimal, days_before: int) -> Decimal:
    """Change of what was sold on one day."""
    return after / days_after - before / days_before


Sides = tuple[Number | None, Number | None]


def lift_readings(company: Company, experiment: Experiment) -> dict[str, Sides]:
    """Both sides of each reading of one experiment."""
    units, money = experiment.volumes(quantity), experiment.volumes(revenue)
    before, after = experiment.days("pre"), experiment.days("post")
    can_divide = units.treated_before and units.control_before
    apart = abs(units.treated_before - units.control_before)
    level = (units.treated_before + units.control_before) / 2
    is_alike = bool(level) and apart <= company.world.options.promo_similarity * level
    is_valid = is_alike and not control_is_promoted(company.world, experiment.row)
    return {
        "headline": (
            units.treated_after - units.treated_before,
            units.control_after - units.control_before,
        ),
        "revenue": (
            money.treated_after - money.treated_before,
            money.control_after - money.control_before,
        ),
        "per_day": (
            per_day(units.treated_after, after, units.treated_before, before),
            per_day(units.control_after, after, units.control_before, before),
        ),
        "relative": (
            units.treated_after * units.control_before - units.treated_before * units.control_after,
            units.treated_before * units.control_after if can_divide else None,
        ),
        "pre_gap": (apart, level),
        "is_valid": (int(is_valid), 1),
        "later_returns": (later_returns(company, experiment), None),
    }


def control_is_promoted(world: World, experiment: Row) -> bool:
    """Another promotion at the control location while the experiment ran."""
    return any(
        row["location_id"] == experiment["control_location_id"]
        and row["promotion_id"] != experiment["promotion_id"]
        and row["starts_on"] < experiment["post_end"]
        and row["ends_on"] >= experiment["post_start"]
        for row in world.alive("promotions")
    )


def later_returns(company: Company, experiment: Experiment) -> Decimal:
    """What was bought in the promotion and came back after it."""
    row = experiment.row
    total = Decimal(0)
    for sold in experiment.lines:
        invoice = sold.invoice
        original = company.invoices.get(invoice.original_id or "")
        if (
            invoice.is_credit_note
            and invoice.location == row["treated_location_id"]
            and invoice.local_issued_on >= row["post_end"]
            and original
            and row["post_start"] <= original.local_issued_on < row["post_end"]
        ):
            total -= sold.line.quantity
    return total


LIFT_KINDS = {
    "headline": "difference",
    "revenue": "difference",
    "per_day": "difference",
    "relative": "ratio",
    "pre_gap": "ratio",
    "is_valid": "rate",
    "later_returns": "sum",
}


def promo_lift(company: Company) -> Cells:
    """Change at the treated location less that at the control; ratios do not add up over tests."""
    frame = company.frame
    found: dict[tuple[str, str, date, str, str], list[Sides]] = defaultdict(list)
    for experiment in experiments(company):
        start_on = experiment.row["post_start"]
        for variant, sides in lift_readings(company, experiment).items():
            cuts = [("experiment", experiment.row["experiment_id"])]
            if variant not in ("relative", "pre_gap"):
                cuts.append(("all", "all"))
                cuts.append(("promotion_type", experiment.promotion_type or "unassigned"))
            for grain in frame.grains:
                if grain in ("month", "quarter", "year"):
                    for cut in cuts:
                        found[variant, grain, frame.start(start_on, grain), *cut].append(sides)
    cells: Cells = {}
    for (variant, grain, start, dimension, member), pairs in found.items():
        key = Key("promo_lift", variant, "event", grain, start, dimension, member)
        above = total(pair[0] for pair in pairs)
        below = total(pair[1] for pair in pairs)
        value = value_of(LIFT_KINDS[variant], above, below)
        cells[key] = finish(frame, key, Reading(), above, below, len(pairs), value)
    return cells


def total(values: Iterable[Number | None]) -> Number | None:
    """None where nothing is known."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


KPIS = [
    avg_retail_price,
    competitor_price_gap,
    discount_rate,
    price_objection_win_rate,
    price_parity_share,
    promo_lift,
]
