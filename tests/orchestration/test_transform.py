"""What dbt is told, and which of its failures are worth another try."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from orchestration.faults import is_passing_trouble
from orchestration.transform import build_arguments, prune_artifacts, release_path


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


def test_the_artifacts_of_the_last_runs_are_kept(tmp_path: Path) -> None:
    for day, name in enumerate(["dbt_build-z", "dbt_build-now", "dbt_build-a", "dbt_build-m"]):
        (tmp_path / name / "compiled").mkdir(parents=True)
        os.utime(tmp_path / name, (day, day))
    (tmp_path / "manifest.json").touch()
    prune_artifacts(tmp_path / "dbt_build-now", 5)
    assert len(list(tmp_path.iterdir())) == 5
    prune_artifacts(tmp_path / "dbt_build-now", 2)  # also where the clock has been set back
    assert {path.name for path in tmp_path.iterdir()} == {
        "dbt_build-m",
        "dbt_build-now",
        "manifest.json",
    }


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
