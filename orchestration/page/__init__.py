"""Dagster's page behind a guard: who may call it, and what it takes from whom.

`python -m orchestration.page` opens it with the daemon, `python -m orchestration.page.view` opens
it for people who only look.
"""

from orchestration.page.guard import Callers, Guard, callers_of

__all__ = ["Callers", "Guard", "callers_of"]
