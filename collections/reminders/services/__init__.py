"""Every change of the outbox: what is queued, and what becomes of it."""

from reminders.services.delivery import deliver
from reminders.services.queueing import queue_first_reminders
from reminders.services.sweeping import sweep

__all__ = ["deliver", "queue_first_reminders", "sweep"]
