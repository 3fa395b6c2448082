"""What Dagster shows, frozen: a rename of an asset, job, schedule or sensor shows in the diff."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from orchestration.defs.jobs import extracts_state
from orchestration.settings import PROJECT_DIR

FROZEN = Path(__file__).with_name("definitions.json")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    from orchestration.definitions import defs

    return defs()


def test_names_are_those_that_were_agreed(definitions: dg.Definitions) -> None:
    """To accept a change, write what this test prints into definitions.json."""
    repository = definitions.get_repository_def()
    shown = {
        "assets": sorted(
            key.to_user_string() for key in repository.asset_graph.executable_asset_keys
        ),
        "jobs": sorted(
            job.name for job in repository.get_all_jobs() if "ASSET_JOB" not in job.name
        ),
        "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }
    assert shown == json.loads(FROZEN.read_text()), json.dumps(shown, indent=1)


def test_everything_that_writes_takes_the_one_slot(definitions: dg.Definitions) -> None:
    pools = {
        node.name: node.definition.pool
        for node in definitions.resolve_job_def("refresh").graph.nodes
    }
    assert len(pools) >= 3
    assert set(pools.values()) == {"warehouse_writer"}


def test_data_tests_are_asset_checks(definitions: dg.Definitions) -> None:
    checks = definitions.get_repository_def().asset_graph.asset_check_keys
    assert any(check.name.startswith("is_key") for check in checks)
    # A test of several models is a check of the one that its meta names.
    on_all_cells = [check for check in checks if check.asset_key.path[-1] == "kpi_values"]
    assert [check.name for check in on_all_cells] == ["kpi_values_hold_their_contract"]


def test_the_schedule_counts_to_the_end_of_yesterday(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("daily_refresh")
    with dg.instance_for_test() as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
        )
        request = schedule.evaluate_tick(context).run_requests[0]
    assert request.run_config["resources"]["as_of"]["config"]["as_of_date"] == "2026-02-28"


def test_the_sensor_fires_once_for_files_that_have_settled(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPI_EXTRACTS", str(tmp_path))
    sensor = definitions.resolve_sensor_def("new_extracts")

    def tick(cursor: str | None) -> tuple[int, str | None]:
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            result = sensor.evaluate_tick(context)
            return len(result.run_requests or []), result.cursor

    assert tick(None) == (0, None), "no files"
    file = tmp_path / "standard/accounts.csv"
    file.parent.mkdir()
    file.write_text("account_id\n")
    requests, cursor = tick(None)
    assert requests == 0, "still arriving"
    file.write_text("account_id\na\n")
    requests, cursor = tick(cursor)
    assert requests == 0, "still arriving"
    # By a clock that is wrong, the file is of tomorrow or of 1980: it has settled all the same.
    for moment in (time.time() + 86_400, 315_532_800):
        os.utime(file, (moment, moment))
        requests, cursor = tick(cursor)
        assert requests == 0, "changed since the last look"
        requests, cursor = tick(cursor)
        assert requests == 1
        requests, cursor = tick(cursor)
        assert requests == 0, "nothing new"


def test_the_state_of_the_extracts_ignores_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "standard").mkdir()
    (tmp_path / "standard/.accounts.csv.part").write_text("x")
    assert extracts_state(tmp_path) == []
    assert extracts_state(tmp_path / "not_there") == []


def test_a_cancelled_run_gives_its_slot_back() -> None:
    """Without the setting a cancelled run would hold the pool for good."""
    instance = yaml.safe_load((PROJECT_DIR / "orchestration/instance/dagster.yaml").read_text())
    assert instance["run_monitoring"]["free_slots_after_run_end_seconds"] > 0
    assert instance["concurrency"]["pools"] == {"granularity": "run", "default_limit": 1}
    assert instance["telemetry"] == {"enabled": False}
