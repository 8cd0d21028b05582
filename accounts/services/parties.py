"""Who answers for an account besides its borrower."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import AccountParty
from accounts.services.locks import lock_account
from audit.services import Actor, record
from runs import clock


@transaction.atomic
def add_party(*, actor: Actor, account_id: int, customer_id: int, role: str) -> AccountParty:
    """Let a customer answer for an account. Locks the account's customer → account.

    Raises:
        Invalid: she is the account's borrower.
        Conflict: she answers for it already.
    """
    account = lock_account(account_id)
    if account.customer_id == customer_id:
        raise Invalid(_("This customer is the account's borrower already."), "customer")
    if AccountParty.objects.filter(account=account, customer_id=customer_id).exists():
        raise Conflict(_("This customer answers for the account already. Change that entry instead."))
    party = AccountParty.objects.create(account=account, customer_id=customer_id, role=role, recorded_at=clock.now())
    record(
        actor=actor,
        verb="party.added",
        subject=party,
        customer_id=customer_id,
        account_id=account.pk,
        after={"role": role},
    )
    return party


@transaction.atomic
def change_party(*, actor: Actor, party_id: int, role: str) -> AccountParty:
    """Change the role in which a customer answers for an account. Locks the account's customer → account."""
    party = AccountParty.objects.get(pk=party_id)
    lock_account(party.account_id)
    party.refresh_from_db()
    if party.role == role:
        return party
    before, party.role = party.role, role
    party.save(update_fields=["role"])
    record(
        actor=actor,
        verb="party.changed",
        subject=party,
        customer_id=party.customer_id,
        account_id=party.account_id,
        before={"role": before},
        after={"role": role},
    )
    return party
