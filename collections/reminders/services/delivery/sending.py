"""Messages on their way by a channel's adapter: in turn with what else is to be done, or beside it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from reminders.channels import Outgoing, Sent, TransportError, registry
from reminders.services.delivery.claims import Claim
from runs import clock


class Told(NamedTuple):
    """What became of one message, and when; None: it was not given, since what was found for it had grown old."""

    outgoing: Outgoing
    result: Sent | TransportError | None
    at: datetime


@dataclass(eq=False)
class Load:
    """Some messages given together: until when each may go (`time.monotonic`), what was told of them, and in how many seconds
    they left. `alone`: nothing was before them; the first goes in any case then, so that there is an end."""

    going: Sequence[Outgoing]
    until: float
    alone: bool = False
    told: list[Told] = field(default_factory=list)
    began: float = 0.0
    seconds: float = 0.0


class Sending(ABC):
    """Loads given to a channel, in order, each message in its turn of the claim's rate. Inside of a `with`: whoever leaves it
    gives nothing more, and is not told what became of the loads under way."""

    def __init__(self, claim: Claim) -> None:
        self.under_way = 0
        self._claim = claim
        self._turn: float | None = None
        self._load_of: dict[int, Load] = {}
        self._leaving = False

    def __enter__(self) -> Sending:
        return self

    @abstractmethod
    def __exit__(self, *error: object) -> None: ...

    def keep_to(self, claim: Claim) -> None:
        """From now on the claim has these turns."""
        if claim is not self._claim:
            self._turn, self._claim = None, claim

    def await_turn(self) -> None:
        """Wait until the rate lets the next message go; for who has nothing under way, before it is looked at."""
        if (seconds := self._next_turn() - time.monotonic()) > 0:
            time.sleep(seconds)

    def give(self, load: Load) -> None:
        """Let these go, behind those that were given before."""
        load.alone = not self.under_way
        self.under_way += 1
        self._begin(load)

    def hear(self) -> Load:
        """The load given first of those under way, once it is known what became of all of it.

        Raises:
            Exception: what the adapter raised; it sends no more.
        """
        load = self._first()
        self.under_way -= 1
        return load

    @abstractmethod
    def _begin(self, load: Load) -> None:
        """Put it behind the others."""

    @abstractmethod
    def _first(self) -> Load:
        """Wait for the first."""

    @abstractmethod
    def _end(self, load: Load) -> None:
        """All of it was told."""

    def _each(self, load: Load) -> Iterator[Outgoing]:
        load.began = time.monotonic()
        self._load_of.update((outgoing.message_id, load) for outgoing in load.going)
        for place, outgoing in enumerate(load.going):
            if self._leaving:
                return
            if (place or not load.alone) and max(time.monotonic(), self._next_turn()) > load.until:
                self._note(outgoing, None)
            else:
                self.await_turn()
                # A turn that was missed is not made up for: never faster than the rate.
                self._turn = max(self._next_turn(), time.monotonic()) + self._claim.interval
                yield outgoing

    def _next_turn(self) -> float:
        if self._turn is None:
            self._turn = time.monotonic() + max(0.0, (self._claim.begins_at - clock.now()).total_seconds())
        return self._turn if self._claim.interval else 0.0

    def _note(self, outgoing: Outgoing, result: Sent | TransportError | None) -> None:
        load = self._load_of.pop(outgoing.message_id)
        load.told.append(Told(outgoing, result, clock.now()))
        if len(load.told) == len(load.going):
            load.seconds = time.monotonic() - load.began
            self._end(load)


class InTurn(Sending):
    """Sends when it is heard."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self._given: deque[Load] = deque()
        self._ended: deque[Load] = deque()
        self._answers = registry.send(claim.channel, self._feed())

    def __exit__(self, *error: object) -> None:
        self._leaving = True
        self._given.clear()
        deque(self._answers, maxlen=0)

    def _begin(self, load: Load) -> None:
        self._given.append(load)

    def _first(self) -> Load:
        while not self._ended:
            if told := next(self._answers, None):
                self._note(*told)
            else:
                self._answers = registry.send(self._claim.channel, self._feed())
        return self._ended.popleft()

    def _end(self, load: Load) -> None:
        self._ended.append(load)

    def _feed(self) -> Iterator[Outgoing]:
        while self._given:
            yield from self._each(self._given.popleft())


class Beside(Sending):
    """Sends by a thread of its own, so that a slow provider and the database are waited for at the same time. The thread asks no
    database: what is to be recorded is recorded by whoever hears."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self._given: SimpleQueue[Load | None] = SimpleQueue()
        self._ended: SimpleQueue[Load | Exception] = SimpleQueue()
        self._thread = Thread(target=self._run, name=f"sending {claim.channel}", daemon=True)

    def __enter__(self) -> Sending:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._leaving = True
        self._given.put(None)
        self._thread.join()

    def _begin(self, load: Load) -> None:
        self._given.put(load)

    def _first(self) -> Load:
        ended = self._ended.get()
        if isinstance(ended, Exception):
            raise ended
        return ended

    def _end(self, load: Load) -> None:
        self._ended.put(load)

    def _run(self) -> None:
        try:
            for outgoing, result in registry.send(self._claim.channel, self._feed()):
                self._note(outgoing, result)
        except Exception as error:
            self._ended.put(error)

    def _feed(self) -> Iterator[Outgoing | None]:
        while not self._leaving:
            try:
                load = self._given.get_nowait()
            except Empty:
                # What is known is told before the next is waited for.
                yield None
                load = self._given.get()
            if load is None:
                return
            yield from self._each(load)
