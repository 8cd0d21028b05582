"""How messages leave: one folder a channel, each with the same small contract.

    send(batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]

A channel takes one message at a time from `batch` and answers for each in order, so that the caller can look at each just before
it goes and record it right after: before it takes the next, or, of e-mail, when it has that. A None among them says that nothing
more is there at the moment: what is known is told then. A channel knows nothing of the outbox and asks no database. Which adapter
serves which: `registry`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)


# What is kept of what a provider says.
LONGEST_ID, MOST_PARTS, LONGEST_REASON = 120, 255, 200


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message ready to leave. `address` and `addressee` are in clear and live in memory only.

    `header_id` is the same at every attempt. `subject` may be seen by others, so nothing in it tells of a debt. `template` and
    `values` are for providers that send only texts which they have approved.
    """

    message_id: int
    header_id: str
    address: str
    subject: str
    body: str
    language: str
    addressee: str = ""
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells this message from all others, the same at every attempt."""
        return self.header_id.strip("<>")

    def __repr__(self) -> str:
        return f"Outgoing({self.message_id})"


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it, under this number of its own (blank: it has none), in so many parts (None: it did not say).

    What it says is kept as far as it can be: of a number the printable beginning, of parts a number that can be."""

    provider_id: str = ""
    parts: int | None = None

    def __post_init__(self) -> None:
        if not (self.provider_id.isprintable() and len(self.provider_id) <= LONGEST_ID):
            printable = "".join(filter(str.isprintable, self.provider_id))
            object.__setattr__(self, "provider_id", printable[:LONGEST_ID])
        if type(self.parts) is not int or not 0 < self.parts <= MOST_PARTS:
            object.__setattr__(self, "parts", None)


# Messages to send, and pauses between them.
Going = Iterable["Outgoing | None"]


class TransportError(Exception):
    """It did not go. The text is kept and shown, so it names no person and no address.

    `permanent`: trying again cannot help. `unknown_recipient`: there is nobody at that address. `uncertain`: the provider had
    the request whole and never answered, so it may have gone after all. `retry_after`: in so many seconds, as the provider
    asks.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool,
        unknown_recipient: bool = False,
        uncertain: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__("".join(filter(str.isprintable, reason))[:LONGEST_REASON])
        self.permanent = permanent
        self.unknown_recipient = unknown_recipient
        self.uncertain = uncertain
        self.retry_after = retry_after


def one_by_one(post: Callable[[Outgoing], Sent], batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
    """Hand each message over by `post`, in order, and say at once what became of it: the contract, for most adapters."""
    for outgoing in filter(None, batch):
        try:
            result: Sent | TransportError = post(outgoing)
        except TransportError as error:
            result = error
        except Exception as error:
            # Whatever a provider says to one message must not stop the others; it may have gone.
            logger.error("What a provider said cannot be understood: %s", type(error).__name__)
            result = TransportError(f"not understood: {type(error).__name__}", permanent=False, uncertain=True)
        yield outgoing, result
