"""The demo's gateway: keeps every message once, delivers nothing, names nobody, and takes nothing that is not signed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings as ours

from reminders.channels import Sent, TransportError, registry
from tests.reminders.channels.conftest import BODY, MESSAGE
from tests.reminders.conftest import wait_until
from tests.reminders.test_smtp_sink import ROOT, free_port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_sink_keeps_once_what_is_signed(tmp_path: Path, settings: Any) -> None:
    port, folder = free_port(), tmp_path / "sink"
    settings.WEBHOOK_URL = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "http_sink", "--port", str(port), "--dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "WEBHOOK_SECRET": ours.WEBHOOK_SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: answers(port))
        (first, again) = (result for _, result in registry.adapter("sms").send([MESSAGE, MESSAGE]))
        assert isinstance(first, Sent)
        assert first == again
        settings.WEBHOOK_SECRET = "another"
        registry.forget()
        ((_, forged),) = registry.adapter("sms").send([MESSAGE])
        assert isinstance(forged, TransportError)
        assert str(forged) == "webhook: signature"
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert BODY in kept.read_text(encoding="utf-8")
    assert kept.name in said
    assert "13800138000" not in said
