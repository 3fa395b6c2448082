"""What was measured, as Markdown tables."""

from collections.abc import Iterable

from benchmarks.steps import Cost, Orchestrated, Pipeline

BY_HAND_KPIS = (
    "lead_to_mql_rate", "mql_to_sql_rate", "sql_to_opportunity_rate", "lead_to_customer_rate",
    "win_rate", "avg_deal_size", "sales_cycle_length", "bookings_amount", "open_pipeline_value",
    "customer_churn_rate", "net_sales_revenue",
)  # fmt: skip
_GROUPS = (  # what the parts written by hand stand beside
    ("files to typed tables", ("landing", "staging and conformed"), "1_read"),
    ("facts", ("intermediate", "core"), "2_core"),
)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cost(cost: Cost) -> tuple[str, str]:
    return f"{cost.seconds:,.1f}", f"{cost.memory:,.0f}"


def _beside(name: str, cost: Cost, hand: Cost) -> str:
    ratio = f"{cost.seconds / hand.seconds:.1f}" if hand.seconds else "-"
    return _line((f"**{name}**", *_cost(cost), *_cost(hand), ratio))


def scale(
    size: float,
    pipeline: Pipeline,
    by_hand: dict[str, Cost],
    equal: tuple[int, int],
    dagster: Orchestrated,
) -> str:
    """The tables of one size."""
    lines = [
        f"## {size:g} times the demo's size",
        "",
        _line(("step", "s", "MB", "by hand, s", "by hand, MB", "ratio")),
        _line(("---", *["---:"] * 5)),
    ]
    ran = {name: cost for name, cost in pipeline.steps.items() if cost.seconds}
    lines += [_line((name, *_cost(cost), "", "", "")) for name, cost in ran.items()]
    for name, steps, part in _GROUPS:
        cost = sum((pipeline.steps[step] for step in steps), Cost())
        lines.append(_beside(name, cost, by_hand[part]))
    eleven = sum((pipeline.nodes[kpi] for kpi in BY_HAND_KPIS), Cost())
    lines.append(_beside(f"the {len(BY_HAND_KPIS)} KPIs of both", eleven, by_hand["3_kpis"]))
    lines.append(_beside("total", pipeline.total, sum(by_hand.values(), Cost())))
    nodes = sum(cost.seconds for cost in pipeline.nodes.values())
    lines += [
        "",
        f"{equal[1]:,} of the {equal[0]:,} cells written by hand are the same in the pipeline. "
        f"dbt's own share of the build: {1 - nodes / pipeline.build.seconds:.0%} of "
        f"{pipeline.build.seconds:,.1f} s.",
        "",
        _line(("the same by Dagster", "s")),
        _line(("---", "---:")),
        *[_line((name, f"{seconds:,.1f}")) for name, seconds in dagster.parts.items()],
        _line(("**total**", f"{dagster.seconds:,.1f}")),
        _line(("of it Dagster's own", f"{dagster.own_seconds:,.1f}")),
        "",
        f"Most memory of Dagster with dbt: {dagster.memory:,.0f} MB.",
        "",
        _line(("slowest models and tests", "s", "MB")),
        _line(("---", "---:", "---:")),
    ]
    slowest = sorted(pipeline.nodes.items(), key=lambda item: -item[1].seconds)[:10]
    lines += [_line((f"`{name}`", *_cost(cost))) for name, cost in slowest]
    return "\n".join(lines)
