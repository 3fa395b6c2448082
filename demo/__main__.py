"""`python -m demo`: reads DEMO_SCALE, DEMO_SEED, KPI_EXTRACTS and KPI_DEMO_TRUTHS."""

import os
from pathlib import Path

from demo.generate import generate


def main() -> None:
    """Generate with what the environment says."""
    generate(
        Path(os.environ.get("KPI_EXTRACTS", "extracts")),
        scale=float(os.environ.get("DEMO_SCALE", "1")),
        seed=int(os.environ.get("DEMO_SEED", "7")),
    )


if __name__ == "__main__":
    main()
