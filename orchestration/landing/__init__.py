"""Landing: files from `extracts/` into schema `raw`, each once, every row accounted for.

contract = load_contract(Path("models"))
report = land(con, Path("extracts"), contract, now=datetime.now(timezone.utc))
"""

from orchestration.landing.contract import Column, ContractError, Entity, Source, load_contract
from orchestration.landing.ledger import create_raw_tables
from orchestration.landing.loading import FileResult, LandingReport, land
from orchestration.landing.warehouse import ExposedError, open_warehouse

__all__ = [
    "Column",
    "ContractError",
    "Entity",
    "ExposedError",
    "FileResult",
    "LandingReport",
    "Source",
    "create_raw_tables",
    "land",
    "load_contract",
    "open_warehouse",
]
