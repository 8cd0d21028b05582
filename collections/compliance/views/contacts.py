"""One contact with its recordings; and what is fetched on the record: recordings, documents."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.uploads import DOCUMENTS, give
from audit.services import record
from compliance.forms import CorrectContactForm, RecordingForm
from compliance.models import Contact, CustomerFlag
from compliance.permissions import contacts_visible_to, flags_visible_to, may_hear, recordings_visible_to
from compliance.services import recordings
from compliance.services.register import correct_contact
from runs.said import said_list
from staff.permissions import may, needs, require, roles_with


@require_http_methods(["GET", "HEAD", "POST"])
@needs("compliance.view_contact")
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """One contact: what came of it, under which decision, its recordings; corrected and added to here. Out of scope is 404."""
    related = ("customer", "contact_point", "account", "decision", "corrects", "corrected_by")
    found = get_object_or_404(contacts_visible_to(request.user).select_related(*related), pk=pk)
    verb = request.POST.get("verb")
    correct = CorrectContactForm(request.POST if verb == "correct" else None, contact=found)
    attach = RecordingForm(*((request.POST, request.FILES) if verb == "attach" else ()))
    if verb == "correct":
        require(request.user, "compliance.add_contact")
        if correct.is_valid():
            made = _correct(request, found, correct)
            if made is not None:
                return redirect("contact", pk=made.pk)
    elif verb == "attach":
        require(request.user, "compliance.add_recording")
        if attach.is_valid() and _attach(request, found, attach):
            return redirect("contact", pk=pk)
    context = {
        "contact": found,
        "corrected_by": getattr(found, "corrected_by", None),
        "recordings": found.recordings.order_by("pk"),
        "may_listen": may(request.user, "compliance.view_recording"),
        "may_hold": may(request.user, "compliance.change_recording"),
        "correct": correct if may(request.user, "compliance.add_contact") else None,
        "attach": attach if may(request.user, "compliance.add_recording") else None,
    }
    wrong = correct.errors or attach.errors
    return render(request, "compliance/contact.html", context, status=422 if wrong else 200)


@require_GET
def recording(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A recording, for who may hear it, as a download, or for a link a page that says where it leads: nobody is sent
    elsewhere unasked.

    That it was fetched is recorded, once while parts of it are asked for; out of scope or removed is 404."""
    if not may_hear(request.user, pk):
        roles = said_list(map(str, roles_with("compliance.view_recording")))
        raise PermissionDenied(
            _(
                "A recording is listened to by who attached it, while the case is in reach, and by these roles: %(roles)s."
            )
            % {"roles": roles}
        )
    found = get_object_or_404(recordings_visible_to(request.user), pk=pk)
    try:
        wanted = request.headers.get("Range", "")
        found = recordings.listen(actor=request.user, recording_id=found.pk, goes_on=bool(wanted))
        if found.link:
            context = {"recording": found, "host": urlsplit(found.link).hostname}
            return render(request, "compliance/recording_link.html", context)
        return give(
            found.file,
            f"contact-{found.contact_id}-{found.pk}.{str(found.file.name).rpartition('.')[2]}",
            found.media_type,
            wanted,
        )
    except BookError as error:
        raise Http404(str(error)) from error


@require_POST
@needs("compliance.change_recording")
def recording_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a recording under legal hold, or lift it, for a reason."""
    found = get_object_or_404(recordings_visible_to(request.user), pk=pk)
    on = request.POST.get("on") == "1"
    try:
        recordings.set_legal_hold(
            actor=request.user, recording_id=found.pk, on=on, reason=request.POST.get("reason", "")
        )
    except BookError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The recording is under legal hold.") if on else _("The legal hold is lifted."))
    return redirect("contact", pk=found.contact_id)


@require_GET
def flag_document(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The document behind a flag, as a download. That it was fetched is recorded; out of scope is 404."""
    require(request.user, "compliance.read_evidence")
    flag: CustomerFlag = get_object_or_404(flags_visible_to(request.user).exclude(evidence_file=""), pk=pk)
    ending = str(flag.evidence_file.name).rpartition(".")[2]
    media_type = next(kind for kind, end in DOCUMENTS.items() if end == ending)
    try:
        given = give(flag.evidence_file, f"flag-{flag.pk}.{ending}", media_type)
    except BookError as error:
        raise Http404(str(error)) from error
    record(
        actor=request.user,
        verb="flag.document-fetched",
        subject=flag,
        customer_id=flag.customer_id,
        after={"kind": flag.kind},
    )
    return given


def _correct(request: HttpRequest, found: Contact, form: CorrectContactForm) -> Contact | None:
    try:
        made = correct_contact(actor=request.user, contact_id=found.pk, **form.cleaned_data)
    except BookError as error:
        refuse(form, error)
        return None
    messages.success(request, _("The entry is corrected; the first stays readable."))
    return made


def _attach(request: HttpRequest, found: Contact, form: RecordingForm) -> bool:
    try:
        made = recordings.attach(actor=request.user, contact_id=found.pk, **form.cleaned_data)
    except BookError as error:
        refuse(form, error)
        return False
    messages.success(request, _("The recording is attached and kept until %(day)s.") % {"day": made.keep_until})
    return True
