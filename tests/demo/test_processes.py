"""The demo's processes: what is in the middle of something when they are to end is ended too."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings

# Like an RQ worker: its job is a process in a group of its own, which it waits for when it is asked to end, and takes along when
# it is asked again.
WORKER = """
import os, signal, time
asked = []
def stop(*_):
    asked.append(1)
    if len(asked) > 1:
        os.killpg(os.getpgid(job), signal.SIGKILL)
        os.waitpid(job, 0)
        raise SystemExit
signal.signal(signal.SIGTERM, stop)
job = os.fork()
if job == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    print("job", os.getpid(), flush=True)
    time.sleep(600)
while True:
    time.sleep(0.05)
"""
RUN = "import sys; from pathlib import Path; from delinquency.demo.processes import run; " \
    "run(Path(sys.argv[1]), port=1, environment={}, when_ready=print)"  # fmt: skip


def test_a_job_that_a_worker_is_in_the_middle_of_does_not_outlive_it(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "Procfile").write_text(f"worker: {sys.executable} worker.py\nother: sleep 600\n")
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "Procfile")],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "delinquency.settings", "PYTHONPATH": "collections"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    # All have begun: only then is there something to end.
    begun = ""
    while not ("worker.1 started" in begun and "other.1 started" in begun and "job " in begun):
        begun += running.stdout.readline()
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=60)
    assert "SIGKILL" not in output
    job = re.search(r"job (\d+)", begun)
    assert job is not None
    assert not Path(f"/proc/{job[1]}").exists()
