"""`python -m delinquency.bench.worker CHANNEL`: a worker of the outbox alone in its process, as `bench.outbox` starts it.

Says that it is ready, waits for a line, sends what is due, and prints the MiB that it held after each few seconds of it, and
at most, and its seconds of CPU.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django

SECONDS = 5.0


def main(channel: str) -> None:
    django.setup()
    from reminders import services

    print("ready", flush=True)
    sys.stdin.readline()
    held, began = [], time.process_time()
    while services.deliver(channel, seconds=SECONDS):
        held.append(_mib("VmRSS"))
    # Not what `getrusage` says: that begins with the memory of whoever started us.
    peak = _mib("VmHWM")
    print(json.dumps({"held": held, "peak": peak, "cpu": time.process_time() - began}), flush=True)


def _mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delinquency.settings")
    main(sys.argv[1])
