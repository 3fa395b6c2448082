"""A believable software company, Zarvand, that knows the KPI values it planted.

    demo.generate(Path("extracts"), scale=1, seed=7)

writes `extracts/standard/` by the raw contract and the truths beside the extracts.
"""

from demo.generate import generate
from demo.truths import Truths

__all__ = ["Truths", "generate"]
