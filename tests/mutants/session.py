"""A warm dbt: parsed once, models changed in memory, unit tests run as `dbt test` runs them.

What dbt does anew at every call (reading the project, linking the graph, listing relations) takes
longer than a unit test. It is done once here; the unit test itself is dbt's own code, from the raw
SQL of the tested model in the manifest to the comparison of the rows.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import get_adapter
from dbt.cli import requires
from dbt.cli.main import cli
from dbt.cli.main import test as test_command
from dbt.task.test import TestRunner
from dbt_common.exceptions import DbtBaseException

from orchestration.settings import PROJECT_DIR
from tests.environment import environment_of


class Verdict(Enum):
    """What the unit tests of a model say of a mutant."""

    KILLED = "killed"
    ERROR = "killed by an error"
    SURVIVED = "survived"
    INVALID = "invalid"


#: DuckDB's kinds of errors that a statement has before it has seen a row
NOT_SQL = (
    "Parser Error",
    "Binder Error",
    "Catalog Error",
    "Not implemented Error",
    "Conversion Error: Could not convert string",
    "Compilation Error",
    "has no attribute",
    "is undefined",
)


@dataclass
class Session:
    """Models and unit tests of the project, as dbt has read them."""

    config: Any
    manifest: Any
    adapter: Any
    tests: Mapping[str, list[Any]] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)

    def models(self) -> dict[str, Any]:
        """The project's models by name."""
        return {
            node.name: node
            for node in self.manifest.nodes.values()
            if node.resource_type == "model" and node.package_name == self.config.project_name
        }

    def numbers(self) -> frozenset[str]:
        """The project's variables that are numbers."""
        variables = self.config.vars.to_dict()
        flat = {**variables, **variables.get(self.config.project_name, {})}
        return frozenset(
            name
            for name, value in flat.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        )

    def columns(self) -> dict[str, dict[str, str]]:
        """Names and types of the columns of every relation that was built, by its name."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        with self.adapter.connection_named("columns"):
            _, table = self.adapter.execute(
                "select table_name, column_name, data_type from duckdb_columns()"
                " where not internal and schema_name <> 'information_schema'",
                fetch=True,
            )
        for relation, column, type_ in table.rows:
            found[relation][column] = type_
        return found

    def run(self, test: Any) -> str | None:
        """One unit test: None if it passes, else what differs or went wrong."""
        runner = TestRunner(self.config, self.adapter, test, 1, 1)
        with self.adapter.connection_named(test.unique_id, test):
            _, result = runner.execute_unit_test(test, self.manifest)
        return result.diff.rendered if result.diff else None

    def judge(self, model: str, raw: str) -> tuple[Verdict, str]:
        """The verdict over a model with other code, and the test or error that gave it.

        A test that ends in an error kills too, but one that fails is looked for first: an error is
        weaker evidence. What is no SQL at all was never a model.
        """
        error_seen = ""
        with self.changed(model, raw):
            # What has killed others of the model is asked first.
            tests = self.tests.get(model, [])
            for test in sorted(tests, key=lambda test: -self.kills[test.name]):
                try:
                    if self.run(test) is not None:
                        self.kills[test.name] += 1
                        return Verdict.KILLED, test.name
                except DbtBaseException as error:
                    text = str(error)
                    if any(kind in text for kind in NOT_SQL):
                        return Verdict.INVALID, text
                    error_seen = error_seen or f"{test.name}: {text}"
        return (Verdict.ERROR, error_seen) if error_seen else (Verdict.SURVIVED, "")

    @contextmanager
    def changed(self, model: str, raw: str) -> Iterator[Any]:
        """The node of a model, with other code for a while."""
        node = self.models_by_name[model]
        kept, node.raw_code = node.raw_code, raw
        try:
            yield node
        finally:
            node.raw_code = kept

    def __post_init__(self) -> None:
        self.models_by_name = self.models()
        tests: dict[str, list[Any]] = defaultdict(list)
        for test in self.manifest.unit_tests.values():
            tests[test.model].append(test)
        self.tests = tests


@contextmanager
def session(
    folder: Path, as_of: str, variables: Mapping[str, Any] | None = None
) -> Iterator[Session]:
    """dbt over the warehouse in a folder, whose relations exist."""
    options = [
        "--project-dir",
        str(PROJECT_DIR),
        "--profiles-dir",
        str(PROJECT_DIR),
        "--log-level-file",
        "none",
        "--vars",
        json.dumps(dict(variables or {})),
    ]
    arguments = ["--quiet", "test", *options]
    with (
        patch.dict(os.environ, environment_of(folder, as_of)),
        cli.make_context("dbt", [*arguments]) as parent,
        test_command.make_context("test", [*options], parent=parent) as context,
    ):
        context.obj = {"callbacks": [], "dbt_runner_command_args": arguments}
        yield _opened(context)
    DuckDBConnectionManager.close_all_connections()


def _opened(context: Any) -> Session:
    """The steps that precede every command of dbt, without the command."""

    @requires.preflight  # type: ignore[untyped-decorator]
    @requires.profile  # type: ignore[untyped-decorator]
    @requires.project  # type: ignore[untyped-decorator]
    @requires.runtime_config  # type: ignore[untyped-decorator]
    @requires.manifest(write=False)  # type: ignore[untyped-decorator]
    def opened(context: Any) -> Session:
        config, manifest = context.obj["runtime_config"], context.obj["manifest"]
        adapter = get_adapter(config)
        with adapter.connection_named("relations"):
            adapter.set_relations_cache(
                [node for node in manifest.nodes.values() if node.is_relational]
            )
        return Session(config, manifest, adapter)

    found: Session = opened(context)
    return found
