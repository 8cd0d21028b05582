"""What a decided waiver does: it posts its relief at once, or waits for the agreed payment; and it is taken back."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.errors import Conflict
from accounts.models import Payment, Relief, ReliefKind, Reversal
from accounts.services import relief as reliefs
from accounts.services.locks import lock_account
from approvals import services as approvals
from approvals.models import Request
from audit.services import Actor, record
from runs import clock
from runs.said import said as _
from runs.said import said_list
from runs.selectors import open_day
from staff.models import User
from staff.permissions import require
from waivers import rules
from waivers.models import Basis, Waiver, WaiverStatus
from waivers.permissions import ASK, visible_to
from waivers.selectors import LateFee, Wanted, situation_of
from waivers.sentences import say_faults
from waivers.services.judging import came, failed, judge, met_on

TAKE_BACK = "waiver-back"
TAKEABLE = (WaiverStatus.GRANTED, WaiverStatus.WAITING, WaiverStatus.LAPSED)


def check_present(waiver: Waiver, since: Request) -> None:
    """Refuse to grant what no longer fits the book. In the deciding transaction, with the customer locked.

    Raises:
        Conflict: less of the fee is left (it says what happened since), the day of the payment is over, what it depends on
            failed, or its policy does not let it pass any more.
    """
    if waiver.status != WaiverStatus.ASKED:
        raise Conflict(_("Waiver %(waiver)s is decided already: %(state)s.") % _named(waiver))
    if waiver.condition_on is not None and waiver.condition_on < clock.today():
        raise Conflict(
            _("The payment was to come by %(day)s, which is over. Ask anew, with another day.")
            % {"day": waiver.condition_on.isoformat()}
        )
    if waiver.needs is not None and failed(waiver.needs):
        raise Conflict(
            _("It was to follow waiver %(waiver)s, which is “%(state)s”: it cannot be granted any more.")
            % _named(waiver.needs)
        )
    late = LateFee(waiver.account_id, without=waiver.pk)
    fee = late.left(waiver.condition_on)
    left = fee - late.promised
    if not _is_enough(waiver, left):
        raise Conflict(
            _(
                "Of the late fee only %(left)s %(currency)s is left, not the %(amount)s asked for. Since then: %(changes)s."
            )
            % {
                "left": f"{max(left, 0):,.2f}",
                "currency": waiver.currency,
                "amount": f"{waiver.amount:,.2f}",
                "changes": what_moved(waiver, since),
            }
        )
    situation = situation_of(Wanted.of(waiver), waiver.account, max(fee, waiver.amount), waiver.pk)
    if faults := rules.faults(waiver.policy, situation, waiver.amount):
        raise Conflict(
            _("By now the policy does not let it pass. %(faults)s.") % {"faults": say_faults(waiver.policy, faults)}
        )


def _is_enough(waiver: Waiver, left: Decimal) -> bool:
    """Whether what is left of the fee bears the waiver. One of the whole fee, once a payment comes, may come to less than it
    could have; and a payment that came while it was decided may have met the fee that the waiver takes off first."""
    if left >= waiver.amount or (waiver.is_conditional and waiver.basis == Basis.FULL and left > 0):
        return True
    day = met_on(waiver, came([waiver]).get(waiver.pk, []))
    return day is not None and LateFee(waiver.account_id).found_on(day) > 0


def what_moved(waiver: Waiver, since: Request) -> str:
    """What was posted on the account since the waiver was asked for, as a sentence's part."""
    at, account = since.requested_at, waiver.account_id
    found = [
        *(
            _("payment %(ref)s of %(amount)s") % {"ref": one.ref, "amount": f"{one.amount:,.2f}"}
            for one in Payment.objects.filter(account=account, recorded_at__gt=at).order_by("pk")
        ),
        *(
            _("payment %(ref)s taken back") % {"ref": one.payment.ref}
            for one in Reversal.objects.filter(payment__account=account, recorded_at__gt=at).select_related("payment")
        ),
        *(
            _("%(kind)s %(ref)s of %(amount)s")
            % {"kind": ReliefKind(one.kind).label, "ref": one.ref, "amount": f"{one.amount:,.2f}"}
            for one in Relief.objects.filter(account=account, recorded_at__gt=at).order_by("pk")
        ),
    ]
    return said_list(found) if found else _("other waivers were granted, or the bills or rates changed")


def put_in_force(waiver: Waiver, *, actor: User, reason: str) -> None:
    """Grant what was decided: its relief on the open day, or from when the agreed payment has come. Locks customer → account.

    Raises:
        Conflict: not so much of the fee is left.
    """
    lock_account(waiver.account_id)
    waiver.decided_on = clock.today()
    if waiver.is_conditional:
        waiver.status = WaiverStatus.WAITING
        waiver.save(update_fields=["status", "decided_on"])
        _record(waiver, actor, "waiver.waits", reason, before=WaiverStatus.ASKED)
        judge(actor=actor, customer_ids=[waiver.customer_id])
        waiver.refresh_from_db()
        return
    if waiver.needs is not None and waiver.needs.status != WaiverStatus.GRANTED:
        raise Conflict(
            _("It follows waiver %(waiver)s, which is “%(state)s” still. Decide it when that one is granted.")
            % _named(waiver.needs)
        )
    granted = reliefs.grant(
        actor=actor,
        account_id=waiver.account_id,
        ref=f"{waiver.ref}-1",
        kind=ReliefKind.WAIVER,
        amount=waiver.amount,
        effective_on=open_day() or clock.today(),
        reason=waiver.reason_code,
    )
    waiver.status, waiver.relief, waiver.reliefs, waiver.granted = WaiverStatus.GRANTED, granted, 1, waiver.amount
    waiver.save(update_fields=["status", "decided_on", "relief", "reliefs", "granted"])
    _record(waiver, actor, "waiver.granted", reason, before=WaiverStatus.ASKED)


@transaction.atomic
def ask_to_take_back(*, actor: User, waiver_id: int, reason: str) -> Request:
    """Ask that a waiver be taken back, by the path on which it was granted. Locks the customer.

    Raises:
        PermissionDenied: `actor` asks for no waivers, or not for this customer.
        Invalid: no reason.
        Conflict: it is neither granted nor waiting, or that is asked for already.
    """
    require(actor, ASK)
    waiver = visible_to(actor).select_related("customer").filter(pk=waiver_id).first()
    if waiver is None:
        raise PermissionDenied
    return approvals.ask(
        actor=actor,
        kind=TAKE_BACK,
        subject=waiver,
        payload={"waiver": waiver.pk},
        preview={"waiver": waiver.ref, "amount": waiver.granted or waiver.amount, "status": waiver.status},
        reason=reason,
        customer=waiver.customer,
        amount=waiver.granted or waiver.amount,
        currency=waiver.currency,
    )


def check_takeable(waiver: Waiver) -> None:
    """Refuse to take back what is not, or no longer, in force.

    Raises:
        Conflict: it says how the waiver stands.
    """
    if waiver.status not in TAKEABLE:
        raise Conflict(_("Waiver %(waiver)s is “%(state)s”: there is nothing to take back.") % _named(waiver))


def take_back(waiver: Waiver, *, actor: User, reason: str) -> None:
    """Take a waiver back from the open day on; one that waits, waits no longer. What depends on it fails. Locks customer →
    account."""
    lock_account(waiver.account_id)
    before, relief = waiver.status, waiver.relief
    waiver.status = WaiverStatus.TAKEN_BACK
    waiver.save(update_fields=["status"])
    if relief is not None:
        day = max(open_day() or clock.today(), relief.effective_on)
        reliefs.take_back(actor=actor, relief_id=relief.pk, reason=reason[:300] or waiver.ref, effective_on=day)
    _record(waiver, actor, "waiver.taken-back", reason, before=before)
    judge(actor=actor, customer_ids=[waiver.customer_id])


def _named(waiver: Waiver) -> dict[str, str]:
    return {"waiver": waiver.ref, "state": waiver.shown_status}


def _record(waiver: Waiver, actor: Actor, verb: str, reason: str, *, before: str) -> None:
    record(
        actor=actor,
        verb=verb,
        subject=waiver,
        customer_id=waiver.customer_id,
        account_id=waiver.account_id,
        before={"status": before},
        after={"status": waiver.status, "amount": waiver.granted or waiver.amount, "currency": waiver.currency},
        reason=reason,
    )
