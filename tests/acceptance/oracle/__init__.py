"""The KPIs computed a second time, in plain Python from the raw rows.

Written from the catalogue and DECISIONS.md and not from the models, so that a misreading in a model
and one here are unlikely to be the same. `cells` takes the rows as landing accepts them, in the
order of arrival, and returns every cell the warehouse should hold.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from . import (
    attainment,
    collateral,
    costs,
    customer_kpis,
    engagement,
    expansion,
    funnel,
    goals,
    lifetime,
    marketing,
    movements,
    outcomes,
    outreach,
    pipeline,
    pricing,
    process,
    replies,
    revenue,
    sales,
    staff,
)
from .cells import Cell, Cells, Key
from .company import Company, build_company
from .world import Options, World

#: modules by area, each with its KPIs
AREAS = [
    *(revenue, sales, attainment, goals),
    *(pipeline, movements, outcomes),
    funnel,
    *(outreach, replies),
    *(marketing, costs, collateral),
    *(customer_kpis, engagement, expansion, lifetime),
    pricing,
    *(staff, process),
]
KPIS = {kpi.__name__: kpi for area in AREAS for kpi in area.KPIS}

__all__ = ["KPIS", "Cell", "Cells", "Company", "Key", "Options", "World", "cells", "company_of"]


def company_of(
    rows: dict[str, list[dict[str, Any]]], as_of: date, options: Options | None = None
) -> Company:
    """Everything the KPIs are made of."""
    return build_company(World(rows, as_of, options or Options()))


def cells(
    rows: dict[str, list[dict[str, Any]]], as_of: date, options: Options | None = None
) -> Cells:
    """Every cell of every KPI."""
    company = company_of(rows, as_of, options)
    found: Cells = {}
    for kpi in KPIS.values():
        found |= company.cells_of(kpi)
    return found
