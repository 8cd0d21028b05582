"""What messages about promises tell: read as they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db.models import F

from cases.models import PromiseInstalment, PromiseStatus
from reminders.contents import Content
from reminders.models import Message
from reminders.rendering import Due


def promised(messages: Sequence[Message], on: date) -> dict[int, Content]:
    """What was promised and is still to come on `on` or later, of the instalments that each message was queued about. One query.

    A message whose promise was kept, broken, cancelled or replaced meanwhile has nothing to tell.
    """
    asked = [key for message in messages for key in message.context["instalments"]]
    rows = PromiseInstalment.objects.filter(
        pk__in=asked,
        due_on__gte=on,
        amount__gt=F("got"),
        status=PromiseStatus.OPEN,
        promise__status=PromiseStatus.OPEN,
    ).values_list("pk", "promise__currency", "amount", "got", "due_on")
    open_ones: dict[int, tuple[str, Decimal, date]] = {
        key: (currency, amount - got, due_on) for key, currency, amount, got, due_on in rows
    }
    found = {}
    for message in messages:
        refs = {account["id"]: account["ref"] for account in message.context["accounts"]}
        account = " ".join(sorted(refs.values()))
        dues = [Due(account, *open_ones[key]) for key in message.context["instalments"] if key in open_ones]
        if dues:
            found[message.pk] = Content({"customer_name": message.customer.name, "dues": dues})
    return found
