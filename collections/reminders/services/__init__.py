"""Every change of the outbox: what is queued, and what becomes of it."""

from reminders.services.delivery import deliver
from reminders.services.queueing import Wanted, queue
from reminders.services.sweeping import sweep

__all__ = ["Wanted", "deliver", "queue", "sweep"]
