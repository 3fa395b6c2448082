"""What dbt is told, and which of its failures are worth another try."""

import json
from datetime import date
from pathlib import Path

import pytest

from orchestration.faults import is_passing_trouble
from orchestration.transform import build_arguments, release_path


def test_a_production_build_leaves_unit_tests_out_and_sets_the_day() -> None:
    arguments = build_arguments(date(2026, 1, 31))
    assert arguments[:2] == ["--no-partial-parse", "build"]
    excluded = arguments[arguments.index("--exclude-resource-type") + 1]
    assert excluded == "unit_test"
    variables = json.loads(arguments[arguments.index("--vars") + 1])
    assert variables == {"as_of_date": "2026-01-31"}


def test_a_release_is_named_after_its_day_and_run() -> None:
    path = release_path(Path("releases"), date(2026, 1, 31), "3f2a-9b/../x")
    assert path == Path("releases/kpis_20260131_3f2a9bx.duckdb")
    with pytest.raises(ValueError, match="no letter or digit"):
        release_path(Path("releases"), date(2026, 1, 31), "../")


@pytest.mark.parametrize(
    "message",
    [
        'IO Error: Could not set lock on file "w.duckdb": Conflicting lock is held in PID 7',
        "OSError: [Errno 5] Input/output error",
    ],
)
def test_locks_and_disks_are_tried_again(message: str) -> None:
    assert is_passing_trouble(message)


@pytest.mark.parametrize(
    "message",
    [
        "Failure in test is_key_accounts_account_id: Got 1 result, configured to fail if != 0",
        "Binder Error: Referenced column x not found",
        "",
    ],
)
def test_a_failed_test_is_not(message: str) -> None:
    assert not is_passing_trouble(message)
