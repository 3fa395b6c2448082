"""The first round: every chosen mutant against the unit tests of its model."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from queue import Queue
from typing import Any

from tests.acceptance.warehouse import Warehouse
from tests.mutants.mutants import Mutant, anchors_of, batches, in_order, mutants_of
from tests.mutants.session import Session, Verdict, session

AS_OF = date(2025, 12, 31)

#: folders of models whose models are broken, and how the report calls them
AREAS = {
    ("intermediate",): "intermediate",
    ("marts", "core"): "core",
    ("marts", "kpis"): "kpis",
    ("marts", "analyses"): "analyses",
    ("marts", "scorecard"): "scorecard",
}


@dataclass(frozen=True)
class Choice:
    """Which mutants are tried.

    `per_model` valid ones of each model (0: all); another `seed` chooses others. With `ids`, these
    and no others.
    """

    per_model: int = 6
    seed: int = 0
    areas: tuple[str, ...] = ("intermediate", "core", "kpis")
    models: tuple[str, ...] = ()
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    """What became of a mutant; `evidence` names the test or the company that killed it."""

    mutant: Mutant
    area: str
    path: str
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Broken:
    """A model whose tests fail as it is: they can say nothing of its mutants."""

    model: str
    why: str


def area_of(folders: Sequence[str]) -> str | None:
    """The area of a model from the folders it lies in; KPIs by the folder of their theme."""
    for prefix, area in AREAS.items():
        if tuple(folders[: len(prefix)]) == prefix:
            return f"kpis/{folders[2]}" if area == "kpis" else area
    return None


def chosen_models(found: Session, choice: Choice) -> list[str]:
    """The models of the areas and names asked for, those with the most to try first."""
    names = []
    for name, node in found.models_by_name.items():
        area = area_of(node.fqn[1:])
        if (
            area
            and area.split("/")[0] in choice.areas
            and (not choice.models or name in choice.models)
        ):
            names.append(name)
    return sorted(names, key=lambda name: (-len(found.models_by_name[name].raw_code), name))


def all_mutants(found: Session, names: Sequence[str]) -> dict[str, list[Mutant]]:
    """All mutants of some models."""
    columns, numbers = found.columns(), found.numbers()
    mutants = {}
    for name in names:
        node = found.models_by_name[name]
        read = [columns.get(upstream.split(".")[-1], {}) for upstream in node.depends_on.nodes]
        mutants[name] = mutants_of(name, node.raw_code, numbers, anchors_of(read))
    return mutants


def results_of(found: Session, choice: Choice, names: Sequence[str]) -> Iterator[Result | Broken]:
    """The mutants of some models, each judged; an invalid one makes room for the next."""
    everything = all_mutants(found, names)
    for name in names:
        node = found.models_by_name[name]
        wanted = in_order(everything[name], choice.seed)
        if choice.ids:
            wanted = [mutant for mutant in wanted if mutant.id in choice.ids]
        if not wanted:
            continue
        passed, why = found.judge(name, node.raw_code)
        if passed != Verdict.SURVIVED:
            yield Broken(name, why)
            continue
        left = choice.per_model or len(wanted)
        for mutant in wanted:
            if not left:
                break
            verdict, evidence = found.judge(name, mutant.apply(node.raw_code))
            left -= verdict != Verdict.INVALID
            area = area_of(node.fqn[1:]) or ""
            yield Result(mutant, area, node.original_file_path, verdict, evidence)


def in_file_order(results: Iterable[Result]) -> list[Result]:
    """By file and line."""
    return sorted(results, key=lambda r: (r.path, r.mutant.line, r.mutant.id))


def prepare(folder: Path, select: Sequence[str] = ("path:models", "path:seeds")) -> None:
    """A warehouse in which every relation exists and nothing is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    warehouse = Warehouse(folder, AS_OF)
    warehouse.load({})
    warehouse.build(select)


def _work(folder: Path, choice: Choice, share: tuple[int, int], queue: Queue[Any]) -> None:
    """One process: its share of the models, its results into the queue."""
    try:
        with session(folder, AS_OF.isoformat()) as found:
            names = list(batches(chosen_models(found, choice), share[1]))[share[0]]
            queue.put(len(names))
            parent = multiprocessing.parent_process()
            for result in results_of(found, choice, names):
                if parent and not parent.is_alive():
                    return
                queue.put(result)
        queue.put(None)
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}")


def run(
    folder: Path, choice: Choice, jobs: int, progress: Callable[[Result], None]
) -> tuple[list[Result], list[Broken]]:
    """All chosen mutants, in as many processes, each with a copy of the warehouse."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = []
    for number in range(jobs):
        own = folder.with_name(f"{folder.name}_{number}")
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(folder, own)
        worker = context.Process(
            target=_work, args=(own, choice, (number, jobs), queue), daemon=True
        )
        worker.start()
        workers.append(worker)
    results: list[Result] = []
    broken: list[Broken] = []
    running = jobs
    try:
        while running:
            said = queue.get()
            if said is None:
                running -= 1
            elif isinstance(said, str):
                raise RuntimeError(said)
            elif isinstance(said, Broken):
                broken.append(said)
            elif isinstance(said, Result):
                results.append(said)
                progress(said)
    finally:
        for worker in workers:
            if running:
                worker.terminate()
            worker.join()
    return in_file_order(results), broken
