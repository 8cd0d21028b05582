"""App push: JPush, and Web Push by `pywebpush` (an extra)."""

from __future__ import annotations

from django.conf import settings

from reminders.channels import Outgoing


def notice(outgoing: Outgoing) -> dict[str, str]:
    """What a device shows, and a provider may log: who writes and the harmless subject. The app fetches the text by the key."""
    return {"title": settings.LENDER_NAME, "alert": outgoing.subject, "message": outgoing.key}
