"""Acceleration: the whole balance called due before its time, and that call withdrawn."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Acceleration
from accounts.services.locks import lock_account
from accounts.services.posting import check_day
from accounts.services.re_aging import re_age
from audit.services import Actor, record
from runs import clock


@transaction.atomic
def accelerate(*, actor: Actor, account_id: int, due_on: date, notified_on: date, reason: str) -> Acceleration:
    """Call everything on an account due on `due_on`, of which the debtor was notified on `notified_on`.

    Its final due date is then the earlier of its own and this. Known from this moment. Locks customer → account.

    Raises:
        Invalid: due before the debtor was notified, or a day that the ledger does not take.
        Conflict: the account is accelerated already.
    """
    if due_on < notified_on:
        raise Invalid(
            _("Due on %(due)s lies before the notice of %(notified)s.")
            % {"due": due_on.isoformat(), "notified": notified_on.isoformat()},
            "due_on",
        )
    account = lock_account(account_id)
    check_day(due_on, account.opened_on)
    if existing := Acceleration.objects.filter(account=account, withdrawn_at__isnull=True).first():
        raise Conflict(
            _("Account %(ref)s is accelerated already, to %(due)s. Withdraw that first.")
            % {"ref": account.ref, "due": existing.due_on.isoformat()}
        )
    acceleration = Acceleration.objects.create(
        account=account, due_on=due_on, notified_on=notified_on, reason=reason, known_from=clock.now()
    )
    record(
        actor=actor,
        verb="acceleration.called",
        subject=acceleration,
        customer_id=account.customer_id,
        account_id=account.pk,
        after=_told(acceleration),
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="acceleration", effective_on=None)
    return acceleration


@transaction.atomic
def withdraw(*, actor: Actor, acceleration_id: int, reason: str) -> Acceleration:
    """Withdraw an acceleration, as if it had never been; the past stays as it was known. Locks customer → account.

    Raises:
        Conflict: it is withdrawn already.
    """
    acceleration = Acceleration.objects.get(pk=acceleration_id)
    account = lock_account(acceleration.account_id)
    acceleration.refresh_from_db()
    if acceleration.withdrawn_at is not None:
        raise Conflict(_("This acceleration was withdrawn already."))
    acceleration.withdrawn_at = clock.now()
    acceleration.save(update_fields=["withdrawn_at"])
    record(
        actor=actor,
        verb="acceleration.withdrawn",
        subject=acceleration,
        customer_id=account.customer_id,
        account_id=account.pk,
        before=_told(acceleration),
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="acceleration", effective_on=None)
    return acceleration


def _told(acceleration: Acceleration) -> dict[str, str]:
    return {"due_on": acceleration.due_on.isoformat(), "notified_on": acceleration.notified_on.isoformat()}
