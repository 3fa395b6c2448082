"""The pages that the models make of themselves say what the models say."""

from __future__ import annotations

import runpy
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_pages_are_those_that_the_models_make() -> None:
    pages: dict[Path, str] = runpy.run_path(str(PROJECT / "docs/generate.py"))["pages"]()
    assert len(pages) == 12
    stale = [
        path.name
        for path, text in pages.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make kpi-pages`"
