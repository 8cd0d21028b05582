"""Reliefs: an amount taken off a bill or off the late fees, and taken back. Whoever may decide so is asked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Bill, Relief, ReliefKind, ReliefReversal
from accounts.rules import money
from accounts.selectors.rebuilt import Rebuilt
from accounts.services.locks import lock_accounts
from accounts.services.posting import check_amount, check_day, must_agree
from accounts.services.re_aging import re_age, together
from audit.services import Actor, Row, Values, record_many
from runs import clock


@dataclass(frozen=True)
class Grant:
    """A relief to be granted: `amount` off a bill, or with `bill_id` None off the account's late fees, on `effective_on`."""

    account_id: int
    ref: str
    kind: str
    amount: Decimal
    effective_on: date
    bill_id: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class TakingBack:
    """A relief to be taken back, from `effective_on` (None: its own day, as if it never was)."""

    relief_id: int
    reason: str
    effective_on: date | None = None


def grant(
    *,
    actor: Actor,
    account_id: int,
    ref: str,
    kind: str,
    amount: Decimal,
    effective_on: date,
    bill_id: int | None = None,
    reason: str,
) -> Relief:
    """Grant one relief, as `grant_many`. Locks customer → account."""
    one = Grant(account_id, ref, kind, amount, effective_on, bill_id, reason)
    (relief,) = grant_many(actor=actor, grants=[one])
    return relief


@transaction.atomic
def grant_many(*, actor: Actor, grants: Sequence[Grant]) -> list[Relief]:
    """Grant reliefs, of one account or of many, all or none; returned in the order in which they are given.

    Known from this moment. Like money on that day each has what accrued until the day before posted first, so that late
    fees are one number (`accounts.selectors.owed`). All kinds but closures and voids lapse where a back-dated entry met
    their target first (`Relief`). Each account is replayed once; reliefs of one day take off in the order in
    which they were granted. Granting the same relief again returns the first. Locks customers → accounts, each by key.

    Raises:
        Invalid: an amount or a day that the ledger does not take, or a bill of another account or of a later statement
            (`field` names which).
        Conflict: less than its amount is left of a target on that day (nothing is changed), or a reference exists with
            other values.
    """
    for one in grants:
        check_amount(one.amount)
    accounts = lock_accounts(one.account_id for one in grants)
    bills = Bill.objects.only("ref", "account", "statement_on").in_bulk(
        [one.bill_id for one in grants if one.bill_id is not None]
    )
    granted = {relief.ref: relief for relief in Relief.objects.filter(ref__in=[one.ref for one in grants])}
    new = []
    for one in grants:
        _check(one, accounts[one.account_id], bills)
        values = {**vars(one), "kind": ReliefKind(one.kind).value}
        reason = values.pop("reason")
        if existing := granted.get(one.ref):
            must_agree(existing, values)
        else:
            granted[one.ref] = Relief(recorded_at=clock.now(), reason=reason, **values)
            new.append(granted[one.ref])
    _insert(new)
    record_many(
        actor=actor,
        verb="relief.granted",
        subject_type="relief",
        rows=[_row(relief, accounts, None, _told(relief, _bill(relief, bills)), relief.reason) for relief in new],
    )
    with together(actor=actor, cause="relief"):
        for relief in new:
            re_age(
                actor=actor,
                account=accounts[relief.account_id],
                cause="relief",
                effective_on=relief.effective_on,
                check=partial(_must_be_found, relief, _bill(relief, bills)),
            )
    return [granted[one.ref] for one in grants]


def take_back(*, actor: Actor, relief_id: int, reason: str, effective_on: date | None = None) -> ReliefReversal:
    """Take one relief back, as `take_back_many`. Locks customer → account."""
    (reversal,) = take_back_many(actor=actor, wanted=[TakingBack(relief_id, reason, effective_on)])
    return reversal


@transaction.atomic
def take_back_many(*, actor: Actor, wanted: Sequence[TakingBack]) -> list[ReliefReversal]:
    """Take reliefs back, of one account or of many, all or none. Each account is replayed once. Locks customers → accounts,
    each by key.

    Raises:
        Conflict: one is taken back already.
        Invalid: the taking back would come before the relief did.
    """
    keys = [one.relief_id for one in wanted]
    reliefs = Relief.objects.select_related("bill").in_bulk(keys)
    accounts = lock_accounts(relief.account_id for relief in reliefs.values())
    taken_back = set(ReliefReversal.objects.filter(relief__in=keys).values_list("relief_id", flat=True))
    reversals = []
    for one in wanted:
        relief = reliefs[one.relief_id]
        if relief.pk in taken_back:
            raise Conflict(_("Relief %(ref)s is taken back already.") % {"ref": relief.ref})
        on = one.effective_on or relief.effective_on
        if on < relief.effective_on:
            raise Invalid(
                _("A relief of %(relief)s cannot be taken back on %(day)s, before it counted.")
                % {"relief": relief.effective_on.isoformat(), "day": on.isoformat()},
                "effective_on",
            )
        taken_back.add(relief.pk)
        reversals.append(ReliefReversal(relief=relief, effective_on=on, recorded_at=clock.now(), reason=one.reason))
    ReliefReversal.objects.bulk_create(reversals)
    record_many(
        actor=actor,
        verb="relief.taken-back",
        subject_type="relief",
        rows=[
            _row(
                *(back.relief, accounts, _told(back.relief, back.relief.bill)),
                *({"effective_on": back.effective_on.isoformat()}, back.reason),
            )
            for back in reversals
        ],
    )
    with together(actor=actor, cause="relief"):
        for back in reversals:
            re_age(
                actor=actor,
                account=accounts[back.relief.account_id],
                cause="relief",
                effective_on=back.effective_on,
            )
    return reversals


def _check(one: Grant, account: Account, bills: Mapping[int, Bill]) -> None:
    check_day(one.effective_on, account.opened_on)
    if one.bill_id is None:
        return
    bill = bills.get(one.bill_id)
    if bill is None or bill.account_id != account.pk:
        raise Invalid(_("The bill belongs to another account."), "bill")
    if bill.statement_on > one.effective_on:
        raise Invalid(
            _("On %(day)s there is no bill %(ref)s yet: expected a day from its statement, %(statement)s, on.")
            % {"day": one.effective_on.isoformat(), "ref": bill.ref, "statement": bill.statement_on.isoformat()},
            "effective_on",
        )


def _insert(reliefs: Sequence[Relief]) -> None:
    try:
        with transaction.atomic():
            Relief.objects.bulk_create(reliefs)
    except IntegrityError:
        # Other accounts' locks are not ours: the same reference may have come in there since we looked.
        ours = {relief.ref: relief.account_id for relief in reliefs}
        for existing in Relief.objects.filter(ref__in=ours):
            must_agree(existing, {"account_id": ours[existing.ref]})
        raise


def _must_be_found(relief: Relief, bill: Bill | None, rebuilt: Rebuilt) -> None:
    """A relief dated ahead is not in the replay yet: it takes what it finds on its day."""
    if relief.effective_on.toordinal() > rebuilt.as_of:
        return
    found = money(rebuilt.met(-relief.pk, relief.bill_id))
    if found < relief.amount:
        raise Conflict(
            _("Of %(what)s only %(left)s is left on %(day)s, not %(amount)s. Look at the account again.")
            % {
                "what": _("the late fees") if bill is None else _("bill %(ref)s") % {"ref": bill.ref},
                "left": f"{found:,.2f}",
                "day": relief.effective_on.isoformat(),
                "amount": f"{relief.amount:,.2f}",
            }
        )


def _bill(relief: Relief, bills: Mapping[int, Bill]) -> Bill | None:
    return None if relief.bill_id is None else bills[relief.bill_id]


def _row(relief: Relief, accounts: Mapping[int, Account], before: Values, after: Values, reason: str) -> Row:
    account = accounts[relief.account_id]
    return relief.pk, relief.ref, account.customer_id, account.pk, before, after, reason


def _told(relief: Relief, bill: Bill | None) -> dict[str, str | None]:
    return {
        "kind": relief.kind,
        "bill": bill.ref if bill else None,
        "amount": str(relief.amount),
        "effective_on": relief.effective_on.isoformat(),
    }
