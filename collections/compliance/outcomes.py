"""Which outcome a contact can have, by its channel and direction, and what it tells of the number. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# The debtor herself spoke.
SPOKEN = ("right-party", "call-back", "promise", "refused", "dispute", "hardship", "already-paid", "represented")
_THIRD = ("third-person", "third-person-refused", "deceased")
_WRONG = ("wrong-number", "invalid-number")
# Told of the person, each is a flag of hers under the same code: until that is placed the gate takes it for placed.
REPORTS = ("deceased", "represented")
# Whose numbers are thought to be answered by who owes the money.
_PARTIES = ("own", "co-debtor", "guarantor")
_CALL = ("no-answer", "busy", "switched-off", "voicemail", *_WRONG, *SPOKEN, *_THIRD, "not-made")

OUTBOUND: Mapping[str, tuple[str, ...]] = {
    "voice": _CALL,
    "visit": ("no-answer", "wrong-number", *SPOKEN, *_THIRD, "not-made"),
    "chat": ("sent", "failed", "no-answer", "wrong-number", *SPOKEN, *_THIRD, "not-made"),
    "sms": ("sent", "failed", *_WRONG, "not-made"),
    "email": ("sent", "failed", "not-made"),
    "push": ("sent", "failed", "not-made"),
    "letter": ("sent", "failed", "not-made"),
}
# Whoever comes to us speaks; only who it was and what for is open. Nobody comes by push.
INBOUND: Mapping[str, tuple[str, ...]] = {
    channel: (*SPOKEN, *_THIRD, "wrong-number") for channel in OUTBOUND if channel != "push"
}


def possible(channel: str, direction: str = "outbound") -> tuple[str, ...]:
    """The outcomes that a contact of this channel and direction can have; none for a channel that is not known."""
    return (INBOUND if direction == "inbound" else OUTBOUND).get(channel, ())


def verification_after(
    outcome: str, *, direction: str, relationship: str, verification: str, channel: str
) -> str | None:
    """What the outcome makes of the contact point's verification; None: it stays.

    A number that is not in service or another's is wrong; so is one of hers, or of who owes with her, at which somebody else
    refused to be contacted again. One that was not verified is, once the debtor herself spoke there; who only asked to be
    called back did not say who she is.
    """
    anothers = direction == "outbound" and outcome in _WRONG and channel != "visit"
    refused = outcome == "third-person-refused" and relationship in _PARTIES and channel not in ("visit", "letter")
    if anothers or refused:
        return "wrong" if verification != "wrong" else None
    herself = outcome in SPOKEN and outcome != "call-back"
    if herself and relationship == "own" and verification == "unverified":
        return "verified"
    return None
