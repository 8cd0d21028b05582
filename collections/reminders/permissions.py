"""Which messages and receipts someone sees."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.permissions import customers_visible_to
from reminders.models import Message, Receipt
from staff.permissions import Anyone, scope_of


def visible_to(user: Anyone) -> QuerySet[Message]:
    """The messages to the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Message.objects.all()
    return Message.objects.filter(customer__in=customers_visible_to(user))


def receipts_visible_to(user: Anyone) -> QuerySet[Receipt]:
    """The receipts about customers in `user`'s scope, and those of which nobody knows whom they are about."""
    if scope_of(user).everything:
        return Receipt.objects.all()
    return Receipt.objects.filter(Q(customer=None) | Q(customer__in=customers_visible_to(user)))
