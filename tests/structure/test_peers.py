"""The page of other definitions shows what our unit tests expect, and where others differ."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]


def _peers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("peers", PROJECT / "docs/peers.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["peers"] = module
    spec.loader.exec_module(module)
    return module


PEERS = _peers()


def _is_same(theirs: Any, ours: Any) -> bool:
    if theirs is None or ours is None:
        return theirs is ours
    try:
        return abs(float(theirs) - float(ours)) < 1e-9
    except (TypeError, ValueError):
        return str(theirs) == str(ours)


def test_there_are_cases_of_many_models() -> None:
    assert len({case.title for case in PEERS.CASES}) == len(PEERS.CASES) >= 10
    assert len({case.model for case in PEERS.CASES}) >= 6


@pytest.mark.parametrize("case", PEERS.CASES, ids=lambda case: case.title)
def test_ours_is_what_the_unit_test_expects(case: Any) -> None:
    tests = yaml.safe_load((PROJECT / f"models/{case.model}.yml").read_text("utf-8"))["unit_tests"]
    expected = [test["expect"]["rows"] for test in tests if test["name"] == case.unit_test]
    assert len(expected) == 1, "a unit test has one name"
    found = [
        row[case.column]
        for row in expected[0]
        if case.row.items() <= {name: _plain(value) for name, value in row.items()}.items()
    ]
    assert found == [PEERS.ours(case)]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | None) else str(value)


@pytest.mark.parametrize("case", PEERS.CASES, ids=lambda case: case.title)
def test_theirs_is_another_number(case: Any) -> None:
    assert not _is_same(PEERS.theirs(case), PEERS.ours(case))


def test_a_case_that_agrees_would_be_seen() -> None:
    assert _is_same(0.5, "0.5")
    assert _is_same(None, None)
    assert not _is_same(float("inf"), None)
    assert not _is_same("t1", "t2")
