"""What Dagster is told of a fault: try again, give up with advice, or let it through."""

import dagster as dg

from orchestration.faults import advice, is_passing_trouble
from orchestration.settings import load_settings

_RETRIES = 5
_SECONDS_TO_WAIT = 30


def verdict(context: dg.AssetExecutionContext, message: str) -> Exception | None:
    """What a step that failed with `message` is to raise; None if the message says it all."""
    known = advice(message, load_settings())
    if is_passing_trouble(message) and context.retry_number < _RETRIES:
        context.log.warning(f"{known or message} Tries again in {_SECONDS_TO_WAIT} s.")
        return dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_SECONDS_TO_WAIT)
    return dg.Failure(known, allow_retries=False) if known else None
