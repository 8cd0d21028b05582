"""Agreements: printed once a language and kept with their hash; signed, and the signature recorded."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import documents, uploads
from accounts.errors import Conflict
from audit.services import record
from restructuring.models import PROPOSED, Agreement, Plan, PlanStatus, SigningCode, Way
from restructuring.services.asking import ASK, DECIDE
from restructuring.services.rows import lock_plan, move
from runs import clock
from staff.models import User
from staff.permissions import Anyone, may, require

SIGN = "restructuring.sign_plan"


@transaction.atomic
def agreement_of(*, actor: User, plan_id: int, language: str) -> Agreement:
    """The plan's agreement in a language: printed the first time, and the very same file ever after. Locks customer →
    account → plan.

    Raises:
        PermissionDenied: none was printed in that language yet, and `actor` only sees plans.
        Conflict: the plan was cancelled before one was printed in that language.
    """
    plan = lock_plan(plan_id)
    made = Agreement.objects.filter(plan=plan, language=language).first()
    if made is not None:
        return made
    if not may_print(actor):
        raise PermissionDenied
    if plan.status == PlanStatus.CANCELLED:
        raise Conflict(_("Plan %(plan)s is cancelled: there is nothing to agree.") % {"plan": plan.ref})
    # What writes PDF is read here: every process would start with it, and it takes a quarter of the time of that.
    from restructuring.document import print_agreement

    printed = print_agreement(plan, language)
    made = Agreement(
        plan=plan,
        language=language,
        sha256=hashlib.sha256(printed).hexdigest(),
        made_at=clock.now(),
        made_by_name=str(actor)[:150],
    )
    made.file.save(f"{plan.ref}-{language}.pdf", ContentFile(printed), save=False)
    made.save()
    record(
        actor=actor,
        verb="agreement.printed",
        subject=made,
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        after={"language": language, "sha256": made.sha256},
    )
    return made


def may_print(actor: Anyone) -> bool:
    """Whether `actor` prints agreements: who has something to do with plans, not who reads them alone."""
    return any(may(actor, one) for one in (ASK, DECIDE, SIGN))


@transaction.atomic
def sign_by_scan(*, actor: User, plan_id: int, language: str, file: UploadedFile) -> Agreement:
    """Record that the debtor signed the agreement in that language, by the paper's scan. Locks customer → account → plan.

    Raises:
        PermissionDenied: `actor` does not record signatures.
        Conflict: it is signed already, was not printed in that language, or the plan is decided.
        Invalid: the file is empty, too large, no PDF, JPEG or PNG, or cannot be opened to its end.
    """
    require(actor, SIGN)
    plan, agreement = lock_to_sign(plan_id, language)
    checked = uploads.check(file, uploads.DOCUMENTS, "scan")
    documents.open_whole(file, checked.media_type, "scan")
    agreement.scan_type, agreement.scan_sha256 = checked.media_type, checked.sha256
    with uploads.kept(agreement.scan, file, checked):
        sign(actor, plan, agreement, Way.SCAN, {"sha256": checked.sha256}, at=clock.now())
    return agreement


def lock_to_sign(plan_id: int, language: str) -> tuple[Plan, Agreement]:
    """Lock a plan that is to be signed, with its agreement in that language, for the rest of the transaction.

    Raises:
        Conflict: it is signed or decided already, or was not printed in that language.
    """
    plan = lock_plan(plan_id)
    if plan.status not in PROPOSED or plan.status == PlanStatus.SIGNED:
        raise Conflict(
            _("Plan %(plan)s is “%(state)s”: it is not to be signed any more.")
            % {"plan": plan.ref, "state": plan.get_status_display()}
        )
    agreement = Agreement.objects.select_for_update(no_key=True).filter(plan=plan, language=language).first()
    if agreement is None:
        raise Conflict(_("The agreement was not printed in that language. Print it and have it signed first."))
    return plan, agreement


def sign(actor: User, plan: Plan, agreement: Agreement, way: Way, facts: dict[str, Any], *, at: datetime) -> None:
    """Write that a locked plan was signed by this agreement `at` a moment, and record it with `facts`; no code of its is entered
    any more."""
    SigningCode.objects.filter(agreement__plan=plan, ended_at=None).update(ended_at=at)
    agreement.signed_at, agreement.way = at, way
    agreement.recorded_by_name = str(actor)[:150]
    agreement.save()
    move(plan, actor=actor, verb="plan.signed", status=PlanStatus.SIGNED)
    record(
        actor=actor,
        verb="agreement.signed",
        subject=agreement,
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        after={"language": agreement.language, "way": way.value, **facts},
    )
