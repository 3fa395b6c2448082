"""dbt as a process that a run starts. It ends with the run, also if that is killed.

Without this, a dbt whose run has died would build on, hold the warehouse and make the next run
wait. The file `dbt` beside this one calls it.
"""

import os
import select
import signal
import threading

_STDOUT = 1


def _end_with_reader() -> None:
    """Wait until nobody reads what this process writes, and end it at once.

    A pipe reports an error to its writer when the last reader is gone, which no way to die can
    prevent. DuckDB's files are sound after a kill at any moment. A file or a terminal never
    reports, so a dbt that is called by hand works as ever.
    """
    reader = select.poll()
    reader.register(_STDOUT, 0)
    reader.poll()
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    threading.Thread(target=_end_with_reader, daemon=True).start()
    from dbt.cli.main import cli

    cli()


if __name__ == "__main__":
    main()
