"""What assets are handed: the day to count to, dbt, and the turn to write."""

from datetime import UTC, date, datetime

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.defs.turn import Turn
from orchestration.settings import PROJECT_DIR, last_complete_day, load_settings
from orchestration.transform.project import run_dbt_executable

# Every step that writes takes this pool, whose size is one: two writers never meet.
WRITER_POOL = "warehouse_writer"


class AsOf(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The last day whose data counts. Without one, yesterday in the company's time zone."""

    as_of_date: str | None = None

    def day(self) -> date:
        """Raises ValueError if as_of_date is no ISO date."""
        if self.as_of_date:
            return date.fromisoformat(self.as_of_date)
        return last_complete_day(datetime.now(UTC), load_settings().time_zone)


@dg.definitions
def resources() -> dg.Definitions:
    """Resources by the names that assets ask for."""
    return dg.Definitions(
        resources={
            "as_of": AsOf(as_of_date=dg.EnvVar("KPI_AS_OF_DATE").get_value()),
            "dbt": DbtCliResource(
                project_dir=str(PROJECT_DIR),
                profiles_dir=str(PROJECT_DIR),
                dbt_executable=run_dbt_executable(),
            ),
            "turn": Turn(),
        }
    )
