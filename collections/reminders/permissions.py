"""Which messages someone sees."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.permissions import customers_visible_to
from reminders.models import Message
from staff.permissions import Anyone, scope_of


def visible_to(user: Anyone) -> QuerySet[Message]:
    """The messages to the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Message.objects.all()
    return Message.objects.filter(customer__in=customers_visible_to(user))
