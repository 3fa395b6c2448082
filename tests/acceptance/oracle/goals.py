"""Goals and the trees they hang in."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .cells import TARGET_GRAINS, Cells, Key, Number, Reading, finish, ratio
from .company import Company
from .targets import Target, load_targets


@dataclass
class Goal:
    """A goal with the goals below it."""

    target: Target
    children: list[Goal] = field(default_factory=list)
    #: of a leaf
    progress: float | None = None

    @property
    def weight(self) -> float:
        return 1.0 if self.target.weight is None else float(self.target.weight)

    @property
    def leaves(self) -> list[Goal]:
        return [leaf for child in self.children for leaf in child.leaves] or [self]


def goal_progress(company: Company) -> Cells:
    """Weighted progress of every goal, and of all that have no goal above."""
    goals = {t.target_id: Goal(t) for t in load_targets(company.world) if t.kind == "goal"}
    roots = build_trees(goals)
    for root in roots:
        for leaf in root.leaves:
            leaf.progress = leaf_progress(company, leaf.target)
    periods: dict[tuple[str, object], list[Goal]] = {}
    for root in roots:
        periods.setdefault((root.target.grain, root.target.start), []).append(root)
    cells: Cells = {}
    for own in periods.values():
        leaves = [leaf for root in own for leaf in root.leaves]
        cells |= goal_cells(company, own[0].target, weighted_sum(own), leaves, "all", "all")
    waiting = list(roots)
    while waiting:
        goal = waiting.pop()
        target = goal.target
        cells |= goal_cells(company, target, weighted(goal), goal.leaves, "goal", target.target_id)
        waiting += goal.children
    return cells


def build_trees(goals: dict[str, Goal]) -> list[Goal]:
    """The goals without a goal above them; who hangs in a cycle or below one is in no tree."""
    roots = []
    for goal in goals.values():
        parent = goals.get(goal.target.parent or "")
        if parent:
            parent.children.append(goal)
        else:
            roots.append(goal)
    return roots


def weighted(goal: Goal) -> tuple[float | None, float | None]:
    """Sum of weight x progress of the children that have one, and of their weights."""
    if not goal.children:
        return goal.progress, None if goal.progress is None else 1.0
    return weighted_sum(goal.children)


def weighted_sum(goals: list[Goal]) -> tuple[float | None, float | None]:
    """The same of some goals."""
    known = [
        (goal.weight, progress)
        for goal in goals
        if (progress := ratio(*weighted(goal))) is not None
    ]
    if not known:
        return None, None
    return sum(weight * progress for weight, progress in known), sum(weight for weight, _ in known)


def goal_cells(
    company: Company,
    target: Target,
    sums: tuple[float | None, float | None],
    leaves: list[Goal],
    dimension: str,
    member: str,
) -> Cells:
    """Progress, and whether every leaf below is at its end."""
    if target.grain not in company.frame.grains or target.grain not in TARGET_GRAINS:
        return {}
    known = sum(leaf.progress is not None for leaf in leaves)
    hits = sum(leaf.progress == 1 for leaf in leaves)
    cells: Cells = {}
    readings: list[tuple[str, Number | None, Number | None, int]] = [
        ("headline", *sums, known),
        ("hit", hits, len(leaves), len(leaves)),
    ]
    for variant, numerator, denominator, size in readings:
        key = Key("goal_progress", variant, "event", target.grain, target.start, dimension, member)
        value = ratio(numerator, denominator)
        cells[key] = finish(company.frame, key, Reading(), numerator, denominator, size, value)
    return cells


def leaf_progress(company: Company, target: Target) -> float | None:
    """How far a goal without goals below it has come, between 0 and 1."""
    aim = target.value
    if target.value_type == "boolean":
        return float((target.current or 0) >= 1)
    if target.value_type == "task":
        return None if not aim else clamp((target.current or Decimal(0)) / aim)
    start = target.start_value if target.has_start else Decimal(0)
    current: Number | None = target.current
    if target.measure in company.world.options.goal_measures:
        current = measured(company, target)
    if start is None or aim is None or current is None or aim == start:
        return None
    if isinstance(current, Decimal):
        return clamp((current - start) / (aim - start))
    return clamp((float(current) - float(start)) / (float(aim) - float(start)))


def clamp(value: Decimal | float) -> float:
    return min(1.0, max(0.0, float(value)))


def measured(company: Company, target: Target) -> float | None:
    """The value of the KPI that a goal names, in the goal's period and scope, to nine digits."""
    from . import KPIS

    kpi = KPIS.get(target.measure)
    if kpi is None:
        return None
    cells = company.cells_of(kpi)
    for basis in ("event", "cohort", "snapshot"):
        key = Key(
            target.measure, "headline", basis,
            target.grain, target.start, target.dimension, target.member,
        )  # fmt: skip
        if key in cells:
            value = cells[key].kpi_value
            return None if value is None else round(value, 9)
    return None


KPIS = [goal_progress]
