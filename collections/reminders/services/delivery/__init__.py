"""From the outbox to the person: claim, commit, send, record. What each channel guarantees: docs/delivery.md."""

from reminders.services.delivery.batch import deliver
from reminders.services.delivery.claims import BATCH, set_aside_uncertain
from reminders.services.delivery.settling import ATTEMPTS_TO_GIVE_UP, pause_after

__all__ = ["ATTEMPTS_TO_GIVE_UP", "BATCH", "deliver", "pause_after", "set_aside_uncertain"]
