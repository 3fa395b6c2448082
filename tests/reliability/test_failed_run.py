"""What readers see when a run fails: the last good release, and the next run heals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.environment import REFRESH, ended, run
from tests.reliability.canaries import CanaryRun

pytestmark = pytest.mark.promise(11)


@pytest.fixture
def environment(canary_run: CanaryRun, tmp_path: Path) -> dict[str, str]:
    """The company as its run has left it, in a folder of its own that may be spoilt."""
    folder = tmp_path / "company"
    shutil.copytree(canary_run.folder, folder, symlinks=True)
    return {
        name: value.replace(str(canary_run.folder), str(folder))
        for name, value in canary_run.environment.items()
    }


def published(environment: dict[str, str]) -> Path:
    return Path(environment["KPI_PUBLISHED"]) / "sales_kpis.duckdb"


def cells(environment: dict[str, str]) -> tuple[int, int]:
    """How many cells there are, and a digest of them that does not depend on their order."""
    with duckdb.connect(str(published(environment).resolve()), read_only=True) as con:
        row = con.execute(
            "select count(*), sum(cast(hash(cells) as hugeint)) from scorecard.kpi_values as cells"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_what_fails_publishes_nothing_and_the_next_run_heals(
    environment: dict[str, str], long: bool, figure: Callable[[str, object], None]
) -> None:
    before, release = cells(environment), published(environment).resolve()
    assert before[0] > 10_000
    standard = Path(environment["KPI_EXTRACTS"]) / "standard"

    # An invoice in a currency without a rate: its money would be missing from every sum.
    invoice = "invoice_id,account_id,location_id,document_type,issued_at,status,currency,_deleted\n"
    values = "no_rate,a,l,invoice,2025-06-01T10:00:00Z,open,XTS,"
    (standard / "invoices_bad.csv").write_text(f"{invoice}{values}\n")
    (standard / "invoice_lines_bad.csv").write_text(
        "invoice_line_id,invoice_id,product_id,quantity,net_amount\nno_rate_1,no_rate,p,1,100\n"
    )

    # The run finds it, publishes nothing and says why.
    failed = ended(*REFRESH, environment=environment)
    assert failed.returncode != 0
    assert "every_amount_has_a_rate" in failed.stdout
    assert "dbt build failed; nothing is published" in failed.stdout
    assert published(environment).resolve() == release
    assert cells(environment) == before
    if not long:  # kills and full disks are healed in the small form, too
        return

    # The invoice is taken back, and everything is as it was, in a new release.
    (standard / "invoices_taken_back.csv").write_text("invoice_id,_deleted\nno_rate,true\n")
    run(*REFRESH, environment=environment)
    assert published(environment).resolve() != release
    assert cells(environment) == before
    figure("failed runs that a later run healed", 1)
