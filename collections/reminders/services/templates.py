"""Writing templates: a draft at a time, its words checked, approved by somebody else before anything carries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import localtime

from accounts.errors import Conflict, Invalid
from approvals import services as approvals
from approvals.models import Request, RequestStatus
from audit.services import record
from reminders.models import LANGUAGES, Template, TemplateVersion, VersionStatus
from reminders.selectors import faults_of_texts, request_of
from reminders.sentences import say_fault
from runs import clock
from runs.said import said as _
from staff.models import User
from staff.permissions import require

KIND = "template-version"
WRITE = "reminders.change_template"
LONGEST_BODY = 10_000
_NO_WORDS: Mapping[str, Any] = {language: {"subject": "", "body": ""} for language in LANGUAGES}
# Wrong in themselves, wherever they stand; the other faults may be mended until the draft is put before somebody.
_BROKEN = ("brace", "variable", "unseen", "scripts")


@transaction.atomic
def add_template(
    *, actor: User, name: str, title: str, kind: str, channel: str, by_letter: Template | None = None
) -> Template:
    """A new template with its first, empty draft.

    Raises:
        ValidationError: by field; the name is taken, or a notice names no letter, say.
    """
    template = Template(name=name, title=title, kind=kind, channel=channel, by_letter=by_letter)
    template.full_clean()
    template.save()
    record(actor=actor, verb="template.added", subject=template, after={"name": name, "kind": kind, "channel": channel})
    _begin(template, actor, _NO_WORDS)
    return template


@transaction.atomic
def begin_draft(*, actor: User, template_id: int) -> TemplateVersion:
    """The template's draft: the one there is, else a new version with the words of the approved one. Locks the template."""
    template = Template.objects.select_for_update().get(pk=template_id)
    draft = template.versions.filter(status=VersionStatus.DRAFT).first()
    if draft is not None:
        return draft
    approved = template.versions.filter(status=VersionStatus.APPROVED).first()
    return _begin(template, actor, approved.texts if approved else _NO_WORDS)


def _begin(template: Template, actor: User, texts: Mapping[str, Any]) -> TemplateVersion:
    latest = template.versions.order_by("-number").first()
    version = TemplateVersion.objects.create(
        template=template,
        number=latest.number + 1 if latest else 1,
        texts=texts,
        written_by=actor,
        written_by_name=str(actor)[:150],
        written_at=clock.now(),
    )
    record(actor=actor, verb="template.drafted", subject=template, after={"version": version.number})
    return version


@transaction.atomic
def write_draft(
    *, actor: User, version_id: int, seen_edits: int, texts: Mapping[str, Mapping[str, str]]
) -> TemplateVersion:
    """Write the words of a draft, of every language. Locks the version.

    Raises:
        Conflict: it is no draft any more, waits for a decision, or was changed since `seen_edits`.
        ValidationError: by field (`subject_en`, `body_zh-hans`, …); a variable that there is not, a brace that stands alone, a
            character that nobody sees.
    """
    version = _locked(version_id, seen_edits)
    written = {language: _cleaned(texts.get(language, {})) for language in LANGUAGES}
    _refuse(version, written, only=_BROKEN)
    version.texts = written
    version.edits += 1
    version.written_by, version.written_by_name, version.written_at = actor, str(actor)[:150], clock.now()
    version.save(update_fields=["texts", "edits", "written_by", "written_by_name", "written_at"])
    record(
        actor=actor,
        verb="template.written",
        subject=version.template,
        after={"version": version.number, "edits": version.edits},
    )
    return version


@transaction.atomic
def discard_draft(*, actor: User, version_id: int, seen_edits: int) -> TemplateVersion:
    """Give a draft up: it keeps its number and words, and nobody writes on it or approves it any more. Locks the version.

    Raises:
        PermissionDenied: `actor` may not write templates.
        Conflict: as `write_draft`, or it was sent back and is still asked for.
    """
    require(actor, WRITE)
    version = _locked(version_id, seen_edits)
    waiting = request_of(version)
    if waiting is not None:
        raise Conflict(
            _("%(version)s was sent back (request %(request)s). Withdraw that to discard it.")
            % {**_named(version), "request": waiting}
        )
    version.status = VersionStatus.DISCARDED
    version.save(update_fields=["status"])
    record(actor=actor, verb="template.discarded", subject=version.template, after={"version": version.number})
    return version


@transaction.atomic
def submit_draft(*, actor: User, version_id: int, seen_edits: int, reason: str) -> Request:
    """Ask for a draft's approval; asks again where it was sent back. Locks the version.

    Raises:
        Conflict: as `write_draft`, or another asked for it.
        Invalid: no reason. ValidationError: by field; all that is wrong with the words.
        PermissionDenied: `actor` may not write templates.
    """
    version = _locked(version_id, seen_edits)
    _refuse(version, version.texts)
    approved = version.template.versions.filter(status=VersionStatus.APPROVED).first()
    payload = {"version": version.pk, "number": version.number, "edits": version.edits}
    preview = {"texts": version.texts, "before": approved.texts if approved else None}
    return approvals.ask_anew(actor=actor, kind=KIND, subject=version, payload=payload, preview=preview, reason=reason)


def check_approvable(version: TemplateVersion, edits: int) -> None:
    """Refuse a version that is not what somebody was asked to approve.

    Raises:
        Conflict: it is no draft any more, its words changed since, or a rule in force by now finds them wrong.
    """
    if version.status != VersionStatus.DRAFT:
        raise Conflict(_("%(version)s is “%(state)s”: there is nothing to approve.") % _named(version))
    if version.edits != edits:
        raise Conflict(
            _("The words of %(version)s were changed since this was asked. Send it back, to be asked anew.")
            % _named(version)
        )
    for language, place, fault in faults_of_texts(version.template, version.texts, clock.today()):
        raise Conflict(
            _("%(version)s, %(language)s, %(place)s: %(fault)s")
            % {**_named(version), "language": language, "place": place, "fault": say_fault(fault)}
        )


@transaction.atomic
def approve_version(*, actor: User, version_id: int) -> TemplateVersion:
    """Put a draft in force; the version before it is retired, and messages that carry it still go. Called by the deciding
    transaction alone, which locks the request; locks template and version.

    Raises:
        Conflict: `actor` wrote these words, whoever asked for their approval.
    """
    version = TemplateVersion.objects.select_related("template").get(pk=version_id)
    if version.written_by_id == actor.pk:
        raise Conflict(_("You wrote the words of %(version)s: somebody else approves them.") % _named(version))
    Template.objects.select_for_update().get(pk=version.template_id)
    version.template.versions.filter(status=VersionStatus.APPROVED).update(status=VersionStatus.RETIRED)
    version.status = VersionStatus.APPROVED
    version.approved_by_name, version.approved_at = str(actor)[:150], clock.now()
    version.save(update_fields=["status", "approved_by_name", "approved_at"])
    record(actor=actor, verb="template.approved", subject=version.template, after={"version": version.number})
    return version


def _locked(version_id: int, seen_edits: int) -> TemplateVersion:
    version = TemplateVersion.objects.select_for_update(of=("self",)).select_related("template").get(pk=version_id)
    if version.status != VersionStatus.DRAFT:
        raise Conflict(_("%(version)s is “%(state)s”, and keeps its words. Begin a new version.") % _named(version))
    waiting = request_of(version)
    if waiting is not None and waiting.status == RequestStatus.PENDING:
        raise Conflict(
            _("%(version)s waits for a decision (request %(request)s). Withdraw that to write on.")
            % {**_named(version), "request": waiting}
        )
    if version.edits != seen_edits:
        raise Conflict(
            _("%(who)s changed this draft at %(when)s. Nothing was saved: reload the page, and write yours in again.")
            % {"who": version.written_by_name, "when": f"{localtime(version.written_at):%Y-%m-%d %H:%M}"}
        )
    return version


def _cleaned(text: Mapping[str, str]) -> dict[str, str]:
    body = text.get("body", "").replace("\r\n", "\n").strip()
    if len(body) > LONGEST_BODY:
        raise Invalid(
            _("The text is %(length)s characters long, and may have %(most)s. Shorten it.")
            % {"length": len(body), "most": LONGEST_BODY},
            "body",
        )
    return {"subject": text.get("subject", "").strip(), "body": f"{body}\n" if body else ""}


def _refuse(version: TemplateVersion, texts: Mapping[str, Any], only: tuple[str, ...] = ()) -> None:
    errors: dict[str, Any] = {}
    for language, place, fault in faults_of_texts(version.template, texts, clock.today()):
        if not only or fault.code in only:
            errors.setdefault(f"{place}_{language}", []).append(say_fault(fault))
    if errors:
        raise ValidationError(errors)


def _named(version: TemplateVersion) -> dict[str, Any]:
    return {"version": str(version), "state": VersionStatus(version.status).label}
