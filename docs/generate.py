"""Writes the pages that the models describe themselves: docs/kpis/, core.md, analyses.md, peers.md.

`python docs/generate.py` writes them; `make structure` fails while they differ from what the models
say. What a KPI means comes from its YAML, its readings, dimensions and grains from its SQL, its
names from seeds/kpi_names.csv. What a row and a column of core is, and three queries for each fact,
come from its YAML; so does all that is said of an analysis. docs/peers.py computes the last page.
"""

from __future__ import annotations

import csv
import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml

PROJECT = Path(__file__).resolve().parents[1]
MARTS = PROJECT / "models/marts"
DOCS = PROJECT / "docs"
AREAS = ("revenue", "pipeline", "funnel", "outreach", "marketing", "customers", "pricing", "people")
# The dimension table and column that give a member its name.
NAMES = {
    "rep": ("dim_reps", "rep_id", "full_name"),
    "sourcing_rep": ("dim_reps", "rep_id", "full_name"),
    "account_manager": ("dim_reps", "rep_id", "full_name"),
    "team": ("dim_teams", "team_id", "team_name"),
    "territory": ("dim_territories", "territory_id", "territory_name"),
    "location": ("dim_locations", "location_id", "location_name"),
    "product": ("dim_products", "product_id", "product_name"),
    "campaign": ("dim_campaigns", "campaign_id", "campaign_name"),
    "competitor": ("dim_competitors", "competitor_id", "competitor_name"),
    "collateral": ("dim_collateral", "collateral_id", "title"),
}
UNITS = {
    "share": "share of 1 (0.42 is 42 %)",
    "ratio": "ratio",
    "money": "money, reporting currency",
    "money_per_day": "money per day, reporting currency",
    "count": "count",
    "days": "days",
    "minutes": "minutes",
    "months": "months",
    "score": "score from −100 to 100",
    "points": "points",
}
DIRECTIONS = {"up": "up is good", "down": "down is good", "none": "neither is good in itself"}
BASES = {
    "event": "when it happened",
    "cohort": "when its members entered",
    "snapshot": "at the end of the period",
}


@dataclass
class Shape:
    """What the SQL of a KPI says about its cells."""

    kind: str = ""
    readings: dict[str, dict[str, Any]] = field(default_factory=dict)
    dimensions: list[str] = field(default_factory=list)
    grains: list[str] | None = None
    is_of_targets: bool = False


class _Anything(jinja2.Undefined):
    """Stands for the macros that say nothing about the shape."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        return ""

    def __getattr__(self, _: str) -> Any:
        return self


def shape_of(sql: str, variables: dict[str, Any]) -> Shape:
    """Readings, dimensions and grains, from the arguments with which a model calls its macros."""
    shape = Shape()

    def kpi(_: str, **said: Any) -> str:
        shape.kind = said["kind"]
        shape.dimensions = said.get("dimensions") or shape.dimensions
        shape.grains = said.get("grains", shape.grains)
        own = {k: v for k, v in said.items() if k in ("time_basis", "matures_after", "kind")}
        for name, reading in (said.get("variants") or {"headline": {}}).items():
            shape.readings[name] = {"time_basis": "event", **own, **reading}
        return ""

    def dimensions(names: list[str]) -> list[str]:
        shape.dimensions = [name for name in names if name != "all"]
        return names

    def actuals_of_targets(_: str, measures: dict[str, list[str]]) -> str:
        shape.dimensions = sorted(set().union(*measures.values()))
        shape.is_of_targets = True
        return ""

    def grains(names: list[str] | None = None) -> list[str]:
        shape.grains = names
        return names or list(variables["kpi_grains"])

    def conversion_variants(headline: str = "to_date") -> dict[str, Any]:
        horizon = {"days": variables["conversion_horizon_days"]}
        cohort = {"time_basis": "cohort", "matures_after": horizon}
        names = ("to_date", "within_horizon", "still_open")
        found = {"headline" if name == headline else name: cohort for name in names}
        return {**found, "by_event": {"time_basis": "event", "kind": "ratio"}}

    environment = jinja2.Environment(undefined=_Anything, extensions=["jinja2.ext.do"])
    environment.globals.update(
        kpi=kpi,
        kpi_cells=kpi,
        kpi_dimensions=dimensions,
        kpi_grains=grains,
        month_grains=lambda: ["month", "quarter", "year"],
        conversion_variants=conversion_variants,
        actuals_of_targets=actuals_of_targets,
        var=variables.get,
    )
    environment.from_string(sql).render()
    return shape


def _maturity(reading: dict[str, Any]) -> str:
    wait = reading.get("matures_after") or {}
    parts = [f"{wait[unit]} {unit}" for unit in ("months", "days") if wait.get(unit)]
    return "at once" if not parts else " and ".join(parts) + " after the period"


def _readings(shape: Shape) -> list[str]:
    lines = ["| reading | counted | kind | final |", "|---|---|---|---|"]
    for name, reading in shape.readings.items():
        lines.append(
            f"| `{name}` | {BASES[reading['time_basis']]} ({reading['time_basis']}) "
            f"| {reading.get('kind', shape.kind)} | {_maturity(reading)} |"
        )
    return lines


def _query(kpi_id: str, area: str, shape: Shape) -> list[str]:
    # Targets have the period that somebody gave them: month by month, or the year.
    grain, shown = "= 'month'", ""
    if shape.is_of_targets or "goal" in shape.dimensions:
        grain, shown = "in ('month', 'quarter', 'year')", "period_grain, "
    named = [name for name in shape.dimensions if name in NAMES]
    if not named:
        dimension = shape.dimensions[0] if shape.dimensions else "all"
        return [
            "```sql",
            f"select {shown}period_start, dimension_value, kpi_value, numerator, denominator,",
            "    sample_size",
            f"from {area}.{kpi_id}",
            f"where variant = 'headline' and period_grain {grain} "
            f"and dimension in ('all', '{dimension}')",
            "order by period_start, dimension, dimension_value;",
            "```",
        ]
    table, key, label = NAMES[named[0]]
    return [
        "```sql",
        f"select {shown}kpi.period_start,",
        f"    coalesce(names.{label}, kpi.dimension_value) as {named[0]},",
        "    kpi.kpi_value, kpi.numerator, kpi.denominator, kpi.sample_size",
        f"from {area}.{kpi_id} as kpi",
        f"left join core.{table} as names on kpi.dimension_value = names.{key}",
        f"where kpi.variant = 'headline' and kpi.period_grain {grain} "
        f"and kpi.dimension = '{named[0]}'",
        f"order by kpi.period_start, {named[0]};",
        "```",
    ]


def _text(value: object) -> str:
    return " ".join(str(value).split())


def _section(model: dict[str, Any], names: dict[str, str], shape: Shape) -> list[str]:
    meta = model["config"]["meta"]["kpi"]
    kpi_id, area = model["name"], names["area"]
    grains = shape.grains or ["day", "week", "month", "quarter", "year"]
    sliced = ", ".join(f"`{name}`" for name in shape.dimensions) or "the company only"
    return [
        f"## {names['name_en']}",
        "",
        f"`{area}.{kpi_id}` · {names['name_fa']} · {names['name_ar']} · {names['name_vi']}",
        "",
        f"**{_text(meta['question'])}** {_text(model['description'])}",
        "",
        "| | |",
        "|---|---|",
        f"| formula | {_text(meta['formula'])} |",
        f"| numerator | {_text(meta['numerator'])} |",
        f"| denominator | {_text(meta['denominator'])} |",
        f"| left out | {_text(meta['exclusions'])} |",
        f"| zero and null | {_text(meta['zero_rule'])} |",
        f"| unit | {UNITS[meta['unit']]}; {DIRECTIONS[meta['direction']]} |",
        f"| sliced by | {sliced} |",
        f"| periods | {', '.join(grains)} |",
        f"| owner, version | {meta['owner']}, {meta['version']} |",
        "",
        *_readings(shape),
        "",
        f"**How to read it.** {_text(meta['how_to_read'])}",
        "",
        f"**Pitfalls.** {_text(meta['pitfalls'])}",
        "",
        *_query(kpi_id, area, shape),
        "",
    ]


def _core_page() -> str:
    """The star: every fact and dimension with its columns, facts with three queries to copy."""
    models = [
        yaml.safe_load(path.read_text("utf-8"))["models"][0]
        for path in sorted((MARTS / "core").glob("*.yml"))
    ]
    lines = [
        "# The star",
        "",
        "Facts and dimensions of the schema `core`, to slice any KPI by several dimensions at "
        "once. Deleted records and test accounts are out of the facts; amounts are in the "
        "reporting currency; `…_on` is a business date, `…_at` a time in UTC. Made from the models "
        "by `make kpi-pages`.",
        "",
    ]
    for model in sorted(models, key=lambda model: (not model["name"].startswith("fct"), 0)):
        lines += [f"## {model['name']}", "", _text(model["description"]), ""]
        for query in model.get("config", {}).get("meta", {}).get("queries", []):
            lines += ["```sql", f"-- {_text(query['ask'])}", query["sql"].rstrip() + ";", "```", ""]
        lines += ["| column | |", "|---|---|"]
        lines += [f"| `{c['name']}` | {_text(c['description'])} |" for c in model["columns"]]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _analyses_page() -> str:
    """The comparisons by area: what each answers, how to read it, and its columns."""
    lines = [
        "# The analyses",
        "",
        "Comparisons with a shape of their own, in the schema `analyses`: one table each, to read "
        "as it is. A rate of fewer records than `min_n` is null while its counts stay, and a "
        "verdict is null where nothing can be said. Thresholds stand in `dbt_project.yml` with "
        "their reasons. Made from the models by `make kpi-pages`.",
        "",
        "| area | analysis | question |",
        "|---|---|---|",
    ]
    sections: list[str] = []
    for area in (*AREAS, "scorecard"):
        models = [
            yaml.safe_load(path.read_text("utf-8"))["models"][0]
            for path in sorted((MARTS / "analyses" / area).glob("*.yml"))
        ]
        if models:
            sections += [f"## {area.capitalize()}", ""]
        for model in models:
            name, meta = model["name"], model["config"]["meta"]["analysis"]
            lines.append(f"| {area} | [{name}](#{name}) | {_text(meta['question'])} |")
            sections += [
                f"### {name}",
                "",
                f"**{_text(meta['question'])}** {_text(model['description'])}",
                "",
                f"**How to read it.** {_text(meta['how_to_read'])}",
                "",
                f"**Pitfalls.** {_text(meta['pitfalls'])}",
                "",
                f"Owner: {str(meta['owner']).replace('_', ' ')}.",
                "",
                "| column | |",
                "|---|---|",
                *(f"| `{c['name']}` | {_text(c['description'])} |" for c in model["columns"]),
                "",
            ]
    return "\n".join([*lines, "", *sections]).rstrip() + "\n"


def pages() -> dict[Path, str]:
    """Every page as it should be: path -> text."""
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))["vars"]
    with (PROJECT / "seeds/kpi_names.csv").open(encoding="utf-8") as file:
        names = {row["kpi_id"]: row for row in csv.DictReader(file)}
    found: dict[Path, str] = {}
    index = [
        "# The KPIs",
        "",
        "One page per area, made from the models by `make kpi-pages`. How to query them is in "
        "[querying.md](../querying.md).",
        "",
        "| area | KPI | question |",
        "|---|---|---|",
    ]
    for area in AREAS:
        lines = [f"# {area.capitalize()}", ""]
        for path in sorted((MARTS / "kpis" / area).glob("*.yml")):
            model = yaml.safe_load(path.read_text("utf-8"))["models"][0]
            name = names[path.stem]
            shape = shape_of(path.with_suffix(".sql").read_text("utf-8"), variables)
            lines += _section(model, name, shape)
            anchor = "".join(
                c for c in name["name_en"].lower().replace(" ", "-") if c.isalnum() or c in "-_"
            )
            question = _text(model["config"]["meta"]["kpi"]["question"])
            index.append(f"| {area} | [{name['name_en']}]({area}.md#{anchor}) | {question} |")
        found[DOCS / f"kpis/{area}.md"] = "\n".join(lines).rstrip() + "\n"
    found[DOCS / "core.md"] = _core_page()
    found[DOCS / "analyses.md"] = _analyses_page()
    found[DOCS / "peers.md"] = runpy.run_path(str(DOCS / "peers.py"))["page"]()
    found[DOCS / "kpis/README.md"] = "\n".join(index) + "\n"
    return found


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
