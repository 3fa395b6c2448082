"""A run's turn: the run lock for as long as the run lasts, and what became of one that died."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dagster as dg
from pydantic import PrivateAttr

from orchestration.runlock import dead_holder, run_lock
from orchestration.settings import load_settings

_IN_PROGRESS = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


class Turn(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Lets one run at a time write, whoever has started it: Dagster's queue or a terminal.

    A run takes it with its first step that writes and has it until it ends. (Not earlier: a run
    that waits before its first step counts as one that never started.)
    """

    _held: ExitStack | None = PrivateAttr(default=None)
    _taken: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Turn"]:
        with ExitStack() as stack:
            self._held = stack
            yield self

    def take(self, context: dg.AssetExecutionContext) -> None:
        """Wait for the turn and keep it; returns at once if this run has it.

        Raises OSError if the lock file cannot be made.
        """
        if self._taken or self._held is None:
            return
        waiting = run_lock(load_settings(), f"run {context.run_id}", context.log.info)
        died = self._held.enter_context(waiting)
        self._taken = True
        if died:
            close_dead_run(context.instance, died)


def close_dead_run(instance: dg.DagsterInstance, holder: str | None = None) -> None:
    """Mark a run whose process died as failed, or it would hold its place in the queue for good.

    `holder` is what the run lock tells of it; without it, the lock is asked.
    """
    holder = holder or dead_holder(load_settings())
    found = re.match(r"run ([0-9a-f-]+)", holder or "")
    run = instance.get_run_by_id(found[1]) if found else None
    if run and run.status in _IN_PROGRESS:
        instance.report_run_failed(
            run,
            f"The process of this run has died ({holder}). Nothing is half done: the next run"
            " carries on from what had landed.",
        )
