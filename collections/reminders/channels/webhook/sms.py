"""Text messages over the lender's own gateway."""

from __future__ import annotations

from reminders.channels import Outgoing
from reminders.channels.sms.numbers import e164
from reminders.channels.webhook import Gateway


class Adapter(Gateway):
    """SMS by the gateway."""

    def __init__(self) -> None:
        super().__init__("sms")

    def address(self, outgoing: Outgoing) -> str:
        return e164(outgoing.address)
