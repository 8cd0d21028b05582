"""The demo's mail server: keeps everything, delivers nothing, names nobody."""

from __future__ import annotations

import signal
import smtplib
import socket
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

from reminders.channels import Outgoing, Sent, email
from tests.reminders.conftest import wait_until

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_sink_keeps_what_it_gets_for_its_owner_only(tmp_path: Path, settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    folder = tmp_path / "sink"
    command = [sys.executable, "manage.py", "smtp_sink", "--port", str(settings.EMAIL_PORT), "--dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_until(lambda: answers(settings.EMAIL_PORT))
        letters = [
            Outgoing(number, f"<{number}@example>", "someone@example.com", "Hello", "你好", "zh-hans")
            for number in (1, 2)
        ]
        assert [result for _, result in email.Adapter().send(letters)] == [Sent(), Sent()]
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == ["00000001.eml", "00000002.eml"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    kept = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert (kept["Message-ID"], kept.get_content().strip()) == ("<1@example>", "你好")
    assert "00000002.eml" in said
    assert "example.com" not in said


def answers(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
    except OSError:
        return False
    return True
