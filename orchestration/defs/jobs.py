"""One job that does everything, when it runs, and what sets it off."""

import hashlib
from pathlib import Path

import dagster as dg

from orchestration.defs.turn import close_dead_run
from orchestration.settings import last_complete_day, load_settings

# A file that changes in this time is still on its way.
_SECONDS_BETWEEN_LOOKS = 30

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Land new files, build and test all models, publish the result.",
    executor_def=dg.in_process_executor,
    # A run that is repeated makes a release of its own, so it repeats every step.
    tags={"dagster/retry_strategy": "ALL_STEPS"},
    # What a person at the terminal wants to read; the page keeps every event.
    config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
)


def _run_config(as_of_date: str) -> dg.RunConfig:
    return dg.RunConfig(resources={"as_of": {"config": {"as_of_date": as_of_date}}})


@dg.definitions
def automation() -> dg.Definitions:
    """The job with its schedule and its sensor."""
    time_zone = load_settings().time_zone

    @dg.schedule(job=refresh, cron_schedule="0 5 * * *", execution_timezone=time_zone)
    def daily_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Every morning, counting to the end of yesterday."""
        close_dead_run(context.instance)
        day = last_complete_day(context.scheduled_execution_time, time_zone).isoformat()
        return dg.RunRequest(run_key=day, run_config=_run_config(day), tags={"as_of_date": day})

    @dg.sensor(job=refresh, minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS)
    def new_extracts(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """As soon as files have come and are the same at two looks, whatever the clock says."""
        close_dead_run(context.instance)
        state = extracts_state(load_settings().extracts_dir)
        if not state:
            return dg.SkipReason("no files in the extracts folder")
        digest = hashlib.sha256(repr(state).encode()).hexdigest()
        seen, _, requested = (context.cursor or "").partition(" ")
        if digest == requested:
            return dg.SkipReason("no new files")
        if digest != seen:
            context.update_cursor(f"{digest} {requested}")
            return dg.SkipReason("files are still arriving")
        context.update_cursor(f"{digest} {digest}")
        return dg.RunRequest(run_key=digest)

    return dg.Definitions(jobs=[refresh], schedules=[daily_refresh], sensors=[new_extracts])


def extracts_state(extracts_dir: Path) -> list[tuple[str, int, int, int]]:
    """Name, size in bytes and times of change in ns of every file, sorted; reads no contents."""
    state = []
    for path in sorted(extracts_dir.rglob("*")) if extracts_dir.is_dir() else []:
        if path.is_file() and not path.name.startswith("."):
            stat = path.stat()
            name = str(path.relative_to(extracts_dir))
            state.append((name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
    return state
