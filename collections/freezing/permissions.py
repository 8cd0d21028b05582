"""Who sees, asks and decides about freezes, and which commands someone sees."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Account
from accounts.permissions import customers_visible_to
from freezing.models import CoreCommand
from staff.permissions import Anyone, scope_of

VIEW = "freezing.view_corecommand"
ASK = "freezing.add_corecommand"
DECIDE = "freezing.decide_corecommand"


def commands_visible_to(user: Anyone) -> QuerySet[CoreCommand]:
    """The commands about accounts of customers in `user`'s scope."""
    if scope_of(user).everything:
        return CoreCommand.objects.all()
    return CoreCommand.objects.filter(account__customer__in=customers_visible_to(user))


def accounts_visible_to(user: Anyone) -> QuerySet[Account]:
    """The accounts of customers in `user`'s scope."""
    return Account.objects.filter(customer__in=customers_visible_to(user))
