"""An account's status: active, frozen, closed, charged off. It says what may still be done with the credit line; how late
the account stands is told from its bills alone."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from accounts.models import Account, AccountStatus
from accounts.selectors.owed import owed_now
from accounts.services import reactions
from accounts.services.locks import lock_account
from audit.services import Actor, record

# From each status, those that may follow. Closed is the end.
FOLLOWING = {
    AccountStatus.ACTIVE: {AccountStatus.FROZEN, AccountStatus.CLOSED, AccountStatus.CHARGED_OFF},
    AccountStatus.FROZEN: {AccountStatus.ACTIVE, AccountStatus.CLOSED, AccountStatus.CHARGED_OFF},
    AccountStatus.CHARGED_OFF: {AccountStatus.ACTIVE, AccountStatus.CLOSED},
    AccountStatus.CLOSED: set(),
}


@transaction.atomic
def change_status(*, actor: Actor, account_id: int, to: str, reason: str) -> Account:
    """Give an account another status, and let upper floors react. Locks customer → account. One that has it already is left
    alone.

    Raises:
        Conflict: that status may not follow the present one, or something is owed (or waits as credit) on an account that
            is to be closed.
    """
    account = lock_account(account_id)
    before, after = AccountStatus(account.status), AccountStatus(to)
    if before == after:
        return account
    if after not in FOLLOWING[before]:
        raise Conflict(
            _("Account %(ref)s is “%(before)s”: it cannot become “%(after)s”.")
            % {"ref": account.ref, "before": before.label, "after": after.label}
        )
    if after == AccountStatus.CLOSED:
        owed = owed_now([account.pk])[account.pk]
        if owed.total or owed.waiting_credit:
            raise Conflict(
                _("Account %(ref)s cannot be closed: %(owed)s is owed, %(credit)s waits as credit. Settle that first.")
                % {"ref": account.ref, "owed": f"{owed.total:,.2f}", "credit": f"{owed.waiting_credit:,.2f}"}
            )
    account.status = after
    account.version += 1
    account.save(update_fields=["status", "version"])
    record(
        actor=actor,
        verb="account.status-changed",
        subject=account,
        customer_id=account.customer_id,
        account_id=account.pk,
        before={"status": before.value},
        after={"status": after.value},
        reason=reason,
    )
    reactions.status_changed(actor, [account.customer_id])
    return account
