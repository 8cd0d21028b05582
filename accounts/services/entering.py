"""Bills and payments that a person enters by hand: posted as any, but they must be plausible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from accounts.models import Account, Bill
from accounts.selectors.owed import owed_now
from accounts.selectors.terms import terms_on
from accounts.services.posting import NewBill, check_bill, post_bills
from audit.services import Actor
from runs import clock


@transaction.atomic
def enter_bills(*, actor: Actor, account_id: int, bills: Sequence[NewBill]) -> list[Bill]:
    """Post bills as `post_bills`, and raise as it does.

    Raises:
        Invalid: a day outside of what the product's terms in force today take for plausible.
    """
    check_bills(Account.objects.values_list("product_id", flat=True).get(pk=account_id), bills)
    return post_bills(actor=actor, account_id=account_id, bills=bills)


def check_bills(product_id: int, bills: Sequence[NewBill]) -> None:
    """Refuse (`Invalid`) what `enter_bills` would refuse before it looks at what is posted. Two queries at most."""
    today = clock.today()
    terms = terms_on(product_id, today)
    for one in bills:
        check_bill(one)
        if terms is None:
            continue
        first, last = today - timedelta(days=terms.bill_days_back), today + timedelta(days=terms.bill_days_ahead)
        for field, day in (("statement_on", one.statement_on), ("due_on", one.due_on)):
            if not first <= day <= last:
                raise Invalid(
                    _(
                        "%(day)s is no plausible day of a bill: expected %(first)s to %(last)s. Put it right; if it is meant "
                        "so, the product's terms say how far a bill may be dated back and ahead."
                    )
                    % {"day": day.isoformat(), "first": first.isoformat(), "last": last.isoformat()},
                    field,
                )


def doubts_about_payment(account: Account, *, amount: Decimal, effective_on: date) -> dict[str, str]:
    """What of a payment is mostly a slip of who enters it, by field: a day to come, a day further back than a bill may be dated
    under the product's terms, more (in the account's currency) than is owed. A handful of queries; no lock: it refuses
    nothing, who enters it decides."""
    today = clock.today()
    doubts = {}
    if effective_on > today:
        doubts["effective_on"] = _("“%(day)s” is still to come: expected a day until today, %(today)s.") % {
            "day": effective_on.isoformat(),
            "today": today.isoformat(),
        }
    elif (terms := terms_on(account.product_id, today)) and effective_on < (
        first := today - timedelta(days=terms.bill_days_back)
    ):
        doubts["effective_on"] = _("“%(day)s” is long ago: expected a day from %(first)s to today, %(today)s.") % {
            "day": effective_on.isoformat(),
            "first": first.isoformat(),
            "today": today.isoformat(),
        }
    owed = owed_now([account.pk])[account.pk].total
    if amount > owed:
        doubts["amount"] = _(
            "%(amount)s is more than the %(currency)s %(owed)s that are owed on account %(account)s."
        ) % {
            "amount": amount,
            "currency": account.currency,
            "owed": owed,
            "account": account.ref,
        }
    return doubts
