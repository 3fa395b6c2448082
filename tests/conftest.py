"""Which tests run in one worker: those that share a warehouse which takes long to build."""

from __future__ import annotations

import pytest

SHARED = ("demo_run", "releases", "small_warehouse")


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = [name for name in SHARED if name in getattr(item, "fixturenames", ())]
        group = used[0] if used else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
