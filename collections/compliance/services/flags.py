"""What is known of a person and changes how she may be contacted and worked: placed with evidence, ended with a reason."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import uploads
from accounts.errors import Conflict, Invalid
from accounts.services.locks import lock_customer
from audit.services import Actor, record
from compliance.models import CustomerFlag, FlagKind
from compliance.services.checks import LATEST, check_days, check_start
from compliance.services.reactions import person_changed
from runs import clock

# What has happened or has not: neither is known ahead.
HAPPENED = (FlagKind.DECEASED, FlagKind.INCAPACITY)


@transaction.atomic
def place_flag(
    *,
    actor: Actor,
    customer_id: int,
    kind: str,
    from_on: date,
    until_on: date | None = None,
    evidence: str,
    evidence_file: UploadedFile | None = None,
) -> CustomerFlag:
    """Place a flag from `from_on` to `until_on`, both included; without an end it holds until it is ended. Locks the customer.

    One of a kind whose last day has passed is ended by this. The evidence stays with the flag and out of the record of events.

    Raises:
        Invalid: no such kind, no evidence, an end before the start or a lifetime ahead, a start that cannot be (a death to come,
            or farther off than `checks` takes), or a document that is not taken.
        Conflict: the customer has this flag.
    """
    lock_customer(customer_id)
    if kind not in FlagKind.values:
        raise Invalid(_("There is no flag “%(kind)s”. Choose one of the list.") % {"kind": kind}, "kind")
    if not evidence.strip():
        raise Invalid(_("Say how this is known: which document, who said it and when."), "evidence")
    check_days(from_on, until_on)
    ahead = timedelta(0) if kind in HAPPENED else LATEST
    check_start(str(FlagKind(kind).label), from_on, ahead=ahead)
    present = CustomerFlag.objects.filter(customer_id=customer_id, kind=kind, ended_at__isnull=True).first()
    if present is not None:
        if present.until_on is None or present.until_on >= clock.today():
            raise Conflict(
                _("The customer has the flag “%(kind)s” already, since %(day)s. End that one first.")
                % {"kind": present.get_kind_display(), "day": present.from_on}
            )
        _end(actor, present, "Its last day has passed.")
    flag = CustomerFlag(
        customer_id=customer_id,
        kind=kind,
        from_on=from_on,
        until_on=until_on,
        evidence=evidence.strip(),
        placed_at=clock.now(),
        placed_by_name=str(actor)[:150],
    )
    after: dict[str, object] = {"kind": kind, "from_on": from_on, "until_on": until_on}
    with ExitStack() as stack:
        if evidence_file is not None:
            checked = uploads.check(evidence_file, uploads.DOCUMENTS, "evidence_file")
            stack.enter_context(uploads.kept(flag.evidence_file, evidence_file, checked))
            after["document"] = checked.sha256
        flag.save()
        record(actor=actor, verb="flag.placed", subject=flag, customer_id=customer_id, after=after)
    person_changed(actor, [customer_id])
    return flag


@transaction.atomic
def end_flag(*, actor: Actor, flag_id: int, reason: str) -> CustomerFlag:
    """End a flag: from now on it changes nothing; that it was there stays. Locks the customer.

    Raises:
        Invalid: no reason.
        Conflict: it was ended already.
    """
    customer_id = CustomerFlag.objects.values_list("customer_id", flat=True).get(pk=flag_id)
    lock_customer(customer_id)
    flag = CustomerFlag.objects.get(pk=flag_id)
    if not reason.strip():
        raise Invalid(_("Say why the flag ends."), "reason")
    if flag.ended_at is not None:
        raise Conflict(_("%(name)s ended this flag already.") % {"name": flag.ended_by_name})
    _end(actor, flag, reason.strip())
    person_changed(actor, [customer_id])
    return flag


def _end(actor: Actor, flag: CustomerFlag, reason: str) -> None:
    flag.ended_at, flag.ended_by_name, flag.end_reason = clock.now(), str(actor)[:150], reason[:300]
    flag.save(update_fields=["ended_at", "ended_by_name", "end_reason"])
    record(
        actor=actor,
        verb="flag.ended",
        subject=flag,
        customer_id=flag.customer_id,
        before={"kind": flag.kind, "from_on": flag.from_on, "until_on": flag.until_on},
        after={"ended_at": flag.ended_at},
        reason=reason,
    )
