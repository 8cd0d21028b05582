#!/usr/bin/env python
"""Django's command line, with the embedded engines running for as long as the command does."""

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def join_demo() -> None:
    """Go by the clock of the demo that runs in this folder, if one does: else a close in a second terminal would be of another
    day. Nothing where the clock is set already, or the database is the lender's own."""
    from delinquency import engines
    from delinquency.demo.hours import RUNNING, clock_of_running

    if "DELINQUENCY_CLOCK" not in os.environ and engines.database_is_embedded():
        os.environ.update(clock_of_running(engines.var_folder() / RUNNING))


def main() -> None:
    # collections/ is a folder of apps; without the editable install nothing else would put it on the path.
    sys.path[:0] = [str(ROOT), str(ROOT / "collections")]
    from delinquency import engines

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delinquency.settings")
    # Told to end, a command ends in order, so that the last one out stops the engines.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        engines.ensure()
    except engines.EngineError as error:
        sys.exit(f"{error}")
    join_demo()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
