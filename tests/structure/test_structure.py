"""The shape of the dbt project, checked over its manifest: what no single model can see."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]

# Which layers a layer may read. Data flows one way, down.
READS = {
    "staging": {"source", "seed"},
    "conformed": {"staging", "seed"},
    "intermediate": {"conformed", "intermediate"},
    "core": {"conformed", "intermediate", "core", "seed"},
    "kpis": {"core", "kpis"},
    "scorecard": {"kpis", "scorecard", "core", "seed"},
    "analyses": {"core", "kpis", "scorecard", "analyses", "seed"},
}
# Named exceptions, each with its reason.
EXCEPTIONS = {
    # Days on which a rep was employed: a spine for the roll-up, of no use to a reader.
    ("kpis", "int_active_member_days"),
    # Jalali periods are data and stand in one place only.
    ("intermediate", "dim_date"),
    ("kpis", "dim_date"),
    # So are working days.
    ("intermediate", "dim_working_days"),
    # Answers of single employees are in no published table; KPIs hide groups that are too small.
    ("kpis", "int_survey_answers"),
    # The factors of a velocity are read for themselves and made from the cells of other KPIs.
    ("kpis", "sales_velocity_factors"),
    # What the published file said before this build, which kpi_history carries on.
    ("scorecard", "int_past_publications"),
    ("scorecard", "int_past_values"),
    ("scorecard", "int_last_load"),
    # Promoters and detractors are told apart by their single answers; groups are hidden likewise.
    ("analyses", "int_survey_answers"),
}

CLOCK = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp|getdate|sysdate|today\s*\(|"
    r"now\s*\(|get_current_timestamp|run_started_at|transaction_timestamp)",
    re.IGNORECASE,
)
NOT_PORTABLE = {
    "qualify": r"\bqualify\b",
    "group by all": r"\bgroup\s+by\s+all\b",
    "the :: cast": r"::",
    "median()": r"\bmedian\s*\(",
    "quantile_cont()": r"\bquantile_cont\s*\(",
    "arg_max()": r"\barg_m(ax|in)\s*\(",
    "cast as varchar": r"\bas\s+varchar\b",
    "a recursive CTE": r"\bwith\s+recursive\b",
    "dbt.type_float()": r"type_float\(",
    "a list": r"\blist\s*\(|\barray_agg\s*\(|\bunnest\s*\(",
    "an engine's date function": r"\b(date_diff|datediff|epoch|strftime|date_part)\s*\(",
    "a named window": r"\bwindow\s+\w+\s+as\b",
}
# The file of dispatched macros is where such things belong.
PORTABLE = "macros/portable.sql"
METADATA = {
    "question", "formula", "numerator", "denominator", "exclusions", "zero_rule", "how_to_read",
    "pitfalls", "unit", "direction", "owner", "version",
}  # fmt: skip
UNITS = {
    "share", "ratio", "money", "money_per_day", "count", "days", "minutes", "months", "score",
    "points",
}  # fmt: skip
# The catalogue of KPIs: every name is a model, every model has a name.
KPIS_BY_AREA = {
    "revenue": 16, "pipeline": 15, "funnel": 14, "outreach": 18,
    "marketing": 12, "customers": 24, "pricing": 6, "people": 7,
}  # fmt: skip

# The catalogue of analyses; `scorecard` holds those of all KPIs at once.
ANALYSES_BY_AREA = {
    "revenue": 6, "pipeline": 7, "funnel": 3, "outreach": 8, "marketing": 4, "customers": 7,
    "pricing": 3, "people": 3, "scorecard": 2,
}  # fmt: skip
ANALYSIS_METADATA = {"question", "how_to_read", "pitfalls", "owner"}


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("target")
    subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--quiet", "--no-partial-parse", "parse",
         "--target-path", str(target)],
        cwd=PROJECT,
        env={**os.environ, "DBT_PROFILES_DIR": str(PROJECT)},
        check=True,
    )  # fmt: skip
    loaded: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


@pytest.fixture(scope="session")
def kpis(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [model for model in models if layer(model) == "kpis"]


def layer(node: dict[str, Any]) -> str:
    if node["resource_type"] != "model":
        return str(node["resource_type"])
    parts = Path(node["original_file_path"]).parts
    return parts[2] if parts[1] == "marts" else parts[1]


def code(text: str) -> str:
    """SQL without comments, texts and what stands between Jinja braces."""
    text = re.sub(r"\{#.*?#\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", " ", text)
    return re.sub(r"'[^']*'", "''", text)


def sql_files() -> list[Path]:
    return [
        *(PROJECT / "models").rglob("*.sql"),
        *(PROJECT / "macros").rglob("*.sql"),
        *(PROJECT / "tests/dbt").rglob("*.sql"),
    ]


def test_a_layer_reads_only_what_stands_above_it(
    manifest: dict[str, Any], models: list[dict[str, Any]]
) -> None:
    wrong = []
    for model in models:
        for parent_id in model["depends_on"]["nodes"]:
            parent = manifest["nodes"].get(parent_id) or manifest["sources"][parent_id]
            allowed = READS[layer(model)]
            if layer(parent) not in allowed and (layer(model), parent["name"]) not in EXCEPTIONS:
                wrong.append(f"{model['name']} ({layer(model)}) reads {parent['name']}")
    assert models
    assert wrong == []


def test_the_last_load_is_looked_for_in_every_entity(manifest: dict[str, Any]) -> None:
    """An entity that is left out would be missing from a past that is built again."""
    read = set(manifest["nodes"]["model.sales_kpis.int_last_load"]["depends_on"]["nodes"])
    landed = {name for name, node in manifest["nodes"].items() if layer(node) == "conformed"}
    assert read == landed


def test_every_model_and_seed_says_what_a_row_is(manifest: dict[str, Any]) -> None:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")]
    silent = [
        node["name"]
        for node in nodes
        if layer(node) not in ("staging", "conformed") and not node["description"].strip()
    ]
    assert len(nodes) > 100
    assert silent == []


def test_every_kpi_has_its_metadata(kpis: list[dict[str, Any]]) -> None:
    assert kpis
    for kpi in kpis:
        meta = kpi["config"]["meta"].get("kpi", {})
        assert set(meta) >= METADATA, f"{kpi['name']} lacks {METADATA - set(meta)}"
        assert all(str(value).strip() for value in meta.values()), kpi["name"]
        assert meta["unit"] in UNITS, kpi["name"]
        assert meta["direction"] in {"up", "down", "none"}, kpi["name"]


def test_every_kpi_has_a_counting_test_and_a_value_test(
    manifest: dict[str, Any], kpis: list[dict[str, Any]]
) -> None:
    tests: dict[str, list[bool]] = {}
    for test in manifest["unit_tests"].values():
        variables = (test.get("overrides") or {}).get("vars") or {}
        tests.setdefault(test["model"], []).append(variables.get("kpi_output") == "records")
    for kpi in kpis:
        kinds = tests.get(kpi["name"], [])
        # A KPI made from cells of other KPIs has no records of its own.
        if "{{ kpi(" in kpi["raw_code"]:
            assert True in kinds, f"{kpi['name']} has no unit test of who counts"
        assert False in kinds, f"{kpi['name']} has no unit test of its value"


def test_every_kpi_is_named_in_its_area_and_published(
    manifest: dict[str, Any], kpis: list[dict[str, Any]]
) -> None:
    with (PROJECT / "seeds/kpi_names.csv").open(encoding="utf-8") as file:
        areas = {row["kpi_id"]: row["area"] for row in csv.DictReader(file)}
    values = manifest["nodes"]["model.sales_kpis.kpi_values"]
    published = set(values["depends_on"]["nodes"])
    for kpi in kpis:
        assert areas.get(kpi["name"]) == kpi["schema"], kpi["name"]
        assert kpi["unique_id"] in published, f"{kpi['name']} is not in kpi_values"


def test_every_kpi_of_the_catalogue_is_built(kpis: list[dict[str, Any]]) -> None:
    with (PROJECT / "seeds/kpi_names.csv").open(encoding="utf-8") as file:
        named = {row["kpi_id"] for row in csv.DictReader(file)}
    assert {kpi["name"] for kpi in kpis} == named
    assert Counter(kpi["schema"] for kpi in kpis) == KPIS_BY_AREA


def test_a_kpi_is_one_sql_file_and_one_yaml_file(kpis: list[dict[str, Any]]) -> None:
    for kpi in kpis:
        sql = PROJECT / kpi["original_file_path"]
        assert kpi["patch_path"].endswith(str(sql.with_suffix(".yml").relative_to(PROJECT)))


def test_every_analysis_is_documented_and_tested(
    manifest: dict[str, Any], models: list[dict[str, Any]]
) -> None:
    analyses = [model for model in models if layer(model) == "analyses"]
    assert Counter(model["fqn"][3] for model in analyses) == ANALYSES_BY_AREA
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    for analysis in analyses:
        name = analysis["name"]
        meta = analysis["config"]["meta"].get("analysis", {})
        assert set(meta) == ANALYSIS_METADATA, name
        assert all(str(value).strip() for value in meta.values()), name
        assert name.startswith("an_")
        assert name in tested, f"{name} has no unit test"
        assert analysis["columns"], f"{name} describes no column"
        assert all(column["description"].strip() for column in analysis["columns"].values()), name


def test_every_fact_has_three_queries_to_copy(models: list[dict[str, Any]]) -> None:
    facts = [model for model in models if model["name"].startswith("fct_")]
    assert len(facts) > 20
    for fact in facts:
        queries = fact["config"]["meta"].get("queries", [])
        assert len(queries) >= 3, f"{fact['name']} has {len(queries)} example queries"
        assert all(f"core.{fact['name']}" in query["sql"] for query in queries), fact["name"]


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_sql_is_portable_and_reads_no_clock(path: Path) -> None:
    raw = path.read_text(encoding="utf-8")
    text = code(raw)
    assert not CLOCK.search(raw), "a model reads the clock; use as_of_date()"
    if str(path.relative_to(PROJECT)) == PORTABLE:
        return
    found = [name for name, pattern in NOT_PORTABLE.items() if re.search(pattern, text, re.I)]
    assert found == [], "put it behind a dispatched macro in macros/portable.sql"
    if path.name != "arithmetic.sql":
        assert not re.search(r"[\w)]\s*/\s*[\w(]", text), "divide with the ratio macro"
