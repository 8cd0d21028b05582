"""What the sinks of a demo tell of the messages that they took: receipts at our own hooks, signed as a provider's are.

Which message meets what depends on its place in the order alone, so that every demo has some of each.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import urllib3

from reminders.hooks.signed import signature
from runs import clock

# Of each so many messages of a channel one meets each of these fates; the rest is delivered.
EVERY = 25
# So long after a message was taken: its record is written by then, mostly.
AFTER_SECONDS = 3.0
TOLD_TOGETHER = 50
PAUSE_SECONDS, TRIES = 2.0, 150
_DELIVERED = {"kind": "delivered"}
# By the place in a round what is told in the first round, in the second, and so on, and then from the beginning.
_FATES: Mapping[int, Sequence[Mapping[str, str]]] = {
    3: [{"kind": "undelivered", "code": code} for code in ("switched off", "no space left", "out of reach")],
    6: [{"kind": "bounced", "code": code} for code in ("no such address", "not in service", "closed by its owner")],
    9: [{"kind": "replied", "text": "TD"}, {"kind": "opted-out"}, {"kind": "replied", "text": "退订"}],
    12: [
        {"kind": "replied", "text": text}
        for text in (
            "I pay on Friday, when my salary comes.",
            "已付，请查收。",
            "Can I pay in two parts?",
            "这笔金额不对，请核实。",
            "Thank you, done.",
        )
    ],
    15: [
        {"kind": "replied", "text": "Please STOP, I paid already."},
        _DELIVERED,
        {"kind": "replied", "text": "请退订，这是我公司的号码。"},
        {"kind": "complained", "code": "marked as unwanted"},
        {"kind": "replied", "text": "Unsubscribe me from this, and call me instead."},
    ],
    18: [
        {"kind": "replied", "text": "Who is this?", "address": "1"},
        {"kind": "undelivered", "code": "filtered"},
        {"kind": "replied", "text": "您找错人了。", "address": "2"},
        {"kind": "replied", "text": "I am her sister: she moved.", "address": "3"},
    ],
    21: [{"kind": "undelivered", "message": "0000000000"}, _DELIVERED, _DELIVERED, _DELIVERED],
}
# By push nobody answers, and nobody takes herself off.
_OF_PUSH = frozenset({"delivered", "undelivered", "bounced"})


def _stranger(channel: str, number: str) -> str:
    """The address of somebody whom nobody here knows; a reader of bounces knows addresses of mail alone."""
    return f"stranger{number}@example.org" if channel == "email" else f"+861390000000{number}"


def told_of(channel: str, place: int, *, names: Mapping[str, str], address: str) -> list[dict[str, str]]:
    """The events of the message that was taken as the `place`-th (from 0) of its channel. `names`: by what the hook knows it."""
    identity = "-".join(names.values())
    around, at = divmod(place, EVERY)
    fates = _FATES.get(at, [_DELIVERED])
    fate = fates[around % len(fates)]
    if channel == "push" and fate["kind"] not in _OF_PUSH:
        fate = _DELIVERED
    events: list[Mapping[str, str]]
    if fate["kind"] == "replied":
        sender = _stranger(channel, fate["address"]) if "address" in fate else address
        events = [{**names, **_DELIVERED}, {**fate, "address": sender}]
    else:
        # Of something that nobody sent the message's own key must not give it away.
        events = [fate if "message" in fate else {**names, **fate}]
    return [{"id": f"{identity}-{number}", "channel": channel, **event} for number, event in enumerate(events)]


class Teller(threading.Thread):
    """Tells events at a hook, some together, as long as the sink lives. Where nobody answers it tries again for some minutes."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(daemon=True)
        self._url, self._secret = url, secret
        self._waiting: queue.SimpleQueue[tuple[float, dict[str, str]]] = queue.SimpleQueue()
        self._http = urllib3.PoolManager(retries=False, timeout=30)

    def tell(self, events: Sequence[Mapping[str, str]]) -> None:
        """Tell these some seconds from now."""
        for event in events:
            self._waiting.put((time.monotonic() + AFTER_SECONDS, dict(event)))

    def run(self) -> None:
        while True:
            due, event = self._waiting.get()
            time.sleep(max(due - time.monotonic(), 0))
            events = [event]
            while not self._waiting.empty() and len(events) < TOLD_TOGETHER:
                events.append(self._waiting.get()[1])
            self._send(events)

    def _send(self, events: list[dict[str, Any]]) -> None:
        for _ in range(TRIES):
            body, stamp = json.dumps({"events": events}).encode(), str(int(clock.now().timestamp()))
            headers = {
                "Content-Type": "application/json",
                "X-Delinquency-Timestamp": stamp,
                "X-Delinquency-Signature": signature(self._secret, stamp, body),
            }
            try:
                if self._http.request("POST", self._url, body=body, headers=headers).status < 500:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(PAUSE_SECONDS)


def teller(provider: str, secret: str, told_at: str) -> Teller | None:
    """One that tells at that provider's hook of the web process at `told_at`; None: nothing is told."""
    if not told_at or not secret:
        return None
    made = Teller(f"{told_at}/hooks/{provider}/", secret)
    made.start()
    return made
