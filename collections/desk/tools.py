"""What the money desk offers on the data-entry pages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Account, Payment
from desk.kinds import ASK, ReversePayment
from staff.permissions import Anyone, may


def ask_to_reverse(user: Anyone, payment: Payment) -> list[tuple[Any, str]]:
    """The way from a payment to the page on which its reversal is asked for."""
    if not may(user, ASK) or hasattr(payment, "reversal"):
        return []
    query = urlencode({"ask": ReversePayment.code, "payment": str(payment.pk)})
    return [(_("Ask to reverse it"), f"{reverse('money', args=[payment.account.ref])}?{query}")]


def money_of(user: Anyone, account: Account) -> list[tuple[Any, str]]:
    """The way from an account to its money desk."""
    return [(_("Money desk"), reverse("money", args=[account.ref]))] if may(user, ASK) else []
