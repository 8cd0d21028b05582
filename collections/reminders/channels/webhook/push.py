"""App push over the lender's own gateway."""

from __future__ import annotations

from reminders.channels.webhook import Gateway


class Adapter(Gateway):
    """App push by the gateway."""

    def __init__(self) -> None:
        super().__init__("push")
