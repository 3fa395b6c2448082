"""What the page serves in the small form: the real job, sensor, schedule and turn, and one step."""

import os
import time
from unittest.mock import patch

import dagster as dg

from orchestration.defs import jobs
from orchestration.defs.resources import WRITER_POOL, AsOf
from orchestration.defs.turn import Turn
from orchestration.settings import load_settings


@dg.asset(key_prefix="landing", pool=WRITER_POOL)
def standard(context: dg.AssetExecutionContext, as_of: AsOf, turn: Turn) -> None:
    """Stands for all assets: has its turn for as long as there is a file `hold`.

    Tells that it was given the secret, not the secret.
    """
    turn.take(context)
    context.log.info(f"counts to {as_of.day()}")
    context.add_output_metadata({"length": len(os.environ["KPI_CRM_TOKEN"])})
    while load_settings().extracts_dir.with_name("hold").exists():
        time.sleep(0.1)


with patch.object(jobs, "_SECONDS_BETWEEN_LOOKS", 1):
    defs = dg.Definitions.merge(
        jobs.automation(),
        dg.Definitions(assets=[standard], resources={"as_of": AsOf(), "turn": Turn()}),
    )
