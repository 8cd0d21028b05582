"""Signing an agreement by a one-time code: sent to the debtor through the gate and the outbox, entered as the debtor tells it."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import vault
from accounts.errors import BookError, Conflict, Invalid
from accounts.models import ContactPoint
from audit.services import record
from compliance.models import ContactDecision, Purpose
from compliance.services import Decided, may_contact
from reminders.models import ChannelControl, ChannelState, MessageKind
from reminders.sealing import seal
from reminders.selectors import approved_number
from reminders.services import Wanted, queue, sweep
from restructuring.models import Agreement, Plan, SigningCode, Way
from restructuring.selectors.position import open_day, rule_on
from restructuring.selectors.signing import WAYS, is_closed, latest_code, points_for_codes
from restructuring.services.agreements import SIGN, lock_to_sign, sign
from runs import clock
from runs.bulk import reserve_keys
from staff.models import User
from staff.permissions import require

DIGITS = 6


@dataclass(frozen=True)
class Answer:
    """What the gate decided about sending a code, and the code's row where it allowed."""

    decision: ContactDecision
    code: SigningCode | None


def send_code(*, actor: User, plan_id: int, language: str, contact_point_id: int) -> Answer:
    """Send the debtor a code to sign the agreement in that language with; one sent before ends. Locks customer → account → plan.

    The gate decides, and a refusal is kept like every answer of it: then nothing is sent, and a code sent before goes on. What
    goes out is queued in the outbox, where nobody of the staff can read the code.

    Raises:
        PermissionDenied: `actor` does not record signatures.
        Conflict: the plan is not to be signed, its agreement not printed in that language, the channel not open, or the last code
            was sent a moment ago.
        Invalid: at `contact_point`; it is not the debtor's own, verified and permitted.
    """
    require(actor, SIGN)
    with transaction.atomic():
        plan, agreement = lock_to_sign(plan_id, language)
        point = points_for_codes(plan.customer_id).filter(pk=contact_point_id).first()
        if point is None:
            raise Invalid(
                _(
                    "A code goes to the debtor's own, verified mobile number or e-mail address. Choose one of those listed."
                ),
                "contact_point",
            )
        channel, template = WAYS[point.kind]
        version = approved_number(template)
        _check_open(channel)
        _check_pause(plan)
        decision = may_contact(
            actor=actor,
            customer=plan.account.customer,
            contact_point=point,
            channel=channel,
            purpose=Purpose.SIGNING,
            account=plan.account,
        )
        if not decision.allowed:
            return Answer(decision, None)
        code = _sent(actor, plan, agreement, point, decision, template, version)
    # Not the next minute: somebody waits for it. Outside of the transaction, whose locks the sweep must not meet.
    sweep()
    return Answer(decision, code)


def sign_by_code(*, actor: User, plan_id: int, code_id: int, entered: str) -> Agreement:
    """Record that the debtor signed the agreement by the code that was sent for it. Locks customer → account → plan.

    A wrong attempt counts, whatever the caller does about the error: it is committed before it is raised.

    Raises:
        PermissionDenied: `actor` does not record signatures.
        Conflict: the plan is not to be signed any more; the code has lapsed, is used up, or a newer one took its place.
        Invalid: at `code`; no six digits (which is no attempt), or not the code.
    """
    require(actor, SIGN)
    typed = "".join(entered.split())
    if not (len(typed) == DIGITS and typed.isascii() and typed.isdigit()):
        raise Invalid(_("A code has six digits. Enter it as the debtor reads it out; this was no attempt."), "code")
    with transaction.atomic(durable=True):
        agreement, refused = _entered(actor, plan_id, code_id, typed)
    if refused is not None:
        raise refused
    return agreement


def _sent(
    actor: User,
    plan: Plan,
    agreement: Agreement,
    point: ContactPoint,
    decision: ContactDecision,
    template: str,
    version: int,
) -> SigningCode:
    """Make a code, queue its message, end those before it; the caller holds the plan."""
    now, rule = clock.now(), rule_on(clock.today())
    (key,) = reserve_keys(SigningCode, 1)
    number = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    wanted = Wanted(
        key=f"signing-code:{key}",
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        template=template,
        version=version,
        language=agreement.language,
        channel=decision.channel,
        purpose=decision.purpose,
        kind=MessageKind.SIGNING.value,
        context=json.dumps({"accounts": [{"id": plan.account_id, "ref": plan.account.ref}]}),
        answer=Decided(
            decision.pk, plan.customer_id, point.pk, True, decision.rule, decision.at, None, decision.reserved_until
        ),
        secret=seal({"code": number}),
    )
    (message,) = queue(actor=actor, business_day=open_day(), wanted=[wanted])
    SigningCode.objects.filter(agreement__plan=plan, ended_at=None).update(ended_at=now)
    code = SigningCode.objects.create(
        pk=key,
        agreement=agreement,
        sha256=agreement.sha256,
        contact_point=point,
        message_id=message,
        digest=_digest(key, agreement, number),
        sent_at=now,
        sent_by_name=str(actor)[:150],
        valid_until=now + timedelta(minutes=rule.code_minutes),
        most_attempts=rule.code_attempts,
    )
    _record(actor, plan, code, "agreement.code-sent", valid_until=code.valid_until, decision=decision.pk)
    return code


def _entered(actor: User, plan_id: int, code_id: int, typed: str) -> tuple[Agreement, BookError | None]:
    """The agreement, signed; or what to say about a wrong attempt, which is counted."""
    language = Agreement.objects.filter(codes=code_id, plan=plan_id).values_list("language", flat=True).first()
    if language is None:
        raise Conflict(_("No such code was sent for this plan. Send one, and enter it."))
    plan, agreement = lock_to_sign(plan_id, language)
    code = SigningCode.objects.select_for_update(no_key=True).get(pk=code_id)
    now = clock.now()
    _check_lives(code, now)
    if not points_for_codes(plan.customer_id).filter(pk=code.contact_point_id).exists():
        raise Conflict(
            _("The contact point that got the code is not the debtor's own and verified any more. Send another.")
        )
    if not hmac.compare_digest(bytes(code.digest), _digest(code.pk, agreement, typed)):
        return agreement, _wrong(actor, plan, code, now)
    code.used_at = code.ended_at = now
    code.save(update_fields=["used_at", "ended_at"])
    agreement.code = code
    facts = {
        "sha256": code.sha256,
        "signing_code": code.pk,
        "contact_point": code.contact_point_id,
        "sent_at": code.sent_at,
    }
    sign(actor, plan, agreement, Way.CODE, facts, at=now)
    return agreement, None


def _wrong(actor: User, plan: Plan, code: SigningCode, now: datetime) -> Invalid:
    code.attempts += 1
    if not code.left:
        code.ended_at = now
    code.save(update_fields=["attempts", "ended_at"])
    _record(actor, plan, code, "agreement.code-wrong", attempts=code.attempts)
    if not code.left:
        return Invalid(_("That is not the code, and it was the last attempt: this code is dead. Send another."), "code")
    return Invalid(
        ngettext(
            "That is not the code that was sent. %(left)s attempt is left.",
            "That is not the code that was sent. %(left)s attempts are left.",
            code.left,
        )
        % {"left": code.left},
        "code",
    )


def _check_lives(code: SigningCode, now: datetime) -> None:
    if not code.left:
        raise Conflict(_("The attempts at this code are used up. Send another."))
    if code.ended_at is not None:
        raise Conflict(_("A newer code was sent, and this one ended. Enter the newer one."))
    if now >= code.valid_until:
        raise Conflict(_("This code held until %(time)s. Send another.") % {"time": _clock_face(code.valid_until)})


def _check_open(channel: str) -> None:
    control = ChannelControl.objects.get(channel=channel)
    if control.state != ChannelState.OPEN:
        raise Conflict(is_closed(control))


def _check_pause(plan: Plan) -> None:
    latest = latest_code(plan)
    if latest is None:
        return
    again = latest.sent_at + timedelta(seconds=rule_on(clock.today()).code_pause_seconds)
    if clock.now() < again:
        raise Conflict(
            _("The last code was sent at %(sent)s; another may be sent from %(again)s on.")
            % {"sent": _clock_face(latest.sent_at), "again": _clock_face(again)}
        )


def _digest(key: int, agreement: Agreement, number: str) -> bytes:
    """What is kept of a code: keyed, and good for that file alone."""
    return vault.blind_index("signing-code", f"{key} {agreement.sha256} {number}")


def _clock_face(at: datetime) -> str:
    return date_format(localtime(at), "H:i:s")


def _record(actor: User, plan: Plan, code: SigningCode, verb: str, **told: object) -> None:
    record(
        actor=actor,
        verb=verb,
        subject=code.agreement,
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        after={"signing_code": code.pk, "contact_point": code.contact_point_id, **told},
    )
