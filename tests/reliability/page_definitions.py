"""What the page serves in the small form: the names of the real definitions, and no waiting."""

import os

import dagster as dg


@dg.asset(key_prefix="landing")
def standard(context: dg.AssetExecutionContext) -> None:
    """Stands for the asset of the same name; tells that it was given the secret, not the secret."""
    context.add_output_metadata({"length": len(os.environ["KPI_CRM_TOKEN"])})


refresh = dg.define_asset_job("refresh", executor_def=dg.in_process_executor)
daily_refresh = dg.ScheduleDefinition(job=refresh, cron_schedule="0 5 * * *", name="daily_refresh")
defs = dg.Definitions(assets=[standard], jobs=[refresh], schedules=[daily_refresh])
