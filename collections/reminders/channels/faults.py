"""What the answers of providers mean, in the four ways that matter to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reminders.channels import TransportError


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refusal means for the message. `pause`: seconds after which to try again, when the provider does not say."""

    permanent: bool = False
    unknown_recipient: bool = False
    uncertain: bool = False
    pause: float | None = None


# It will never go like this.
PERMANENT = Fault(permanent=True)
# There is nobody at that number or device.
UNKNOWN_RECIPIENT = Fault(permanent=True, unknown_recipient=True)
# Trouble at the provider's, or ours to put right (keys, balance, approvals): the message waits.
TEMPORARY = Fault()
# Something failed behind the provider's door: it may have gone before that.
UNCERTAIN = Fault(uncertain=True)


def throttled(seconds: float) -> Fault:
    """Too many at once: again in so many seconds."""
    return Fault(pause=seconds)


MINUTE, HOUR, DAY = throttled(60), throttled(3600), throttled(6 * 3600)

# For whoever answers by status alone.
STATUSES: Mapping[int, Fault] = {
    400: PERMANENT,
    413: PERMANENT,
    422: PERMANENT,
    429: MINUTE,
    500: UNCERTAIN,
    502: UNCERTAIN,
    503: TEMPORARY,
    504: UNCERTAIN,
}


def by_status(status: int) -> Fault:
    """What a status alone means: of those not named the servers' own leave it uncertain, all others leave it for later."""
    return STATUSES.get(status, UNCERTAIN if status >= 500 else TEMPORARY)


def error(provider: str, code: object, fault: Fault, *, retry_after: float | None = None) -> TransportError:
    """The error to raise. Of what the provider said only its code is kept: its sentences often quote the number."""
    shown = str(code)
    if not re.fullmatch(r"[\w.:-]{1,80}", shown, re.ASCII):
        shown = "no code"
    return TransportError(
        f"{provider}: {shown}",
        permanent=fault.permanent,
        unknown_recipient=fault.unknown_recipient,
        uncertain=fault.uncertain,
        retry_after=None if fault.permanent else (fault.pause if retry_after is None else retry_after),
    )
