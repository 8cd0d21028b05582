"""Templates: the list, one with its versions, writing a draft beside what it would look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import BookError, Invalid
from accounts.forms import refuse
from approvals.permissions import visible_to
from audit.models import Event
from reminders.forms import LANGUAGE_NAMES, SubmitForm, TemplateForm, WordsForm
from reminders.models import LANGUAGES, Template, TemplateVersion, VersionStatus
from reminders.previews import as_read, sample, template_of, variables
from reminders.selectors import request_of
from reminders.services import templates as services
from reminders.services.templates import WRITE
from runs.pages import number_in, page_or_part
from staff.permissions import may, needs, require
from staff.requests import user_of


@require_GET
@needs("reminders.view_template")
def templates(request: HttpRequest) -> HttpResponse:
    """Every template with the version in force and its draft, if it has one."""
    versions = TemplateVersion.objects.filter(status__in=(VersionStatus.APPROVED, VersionStatus.DRAFT))
    rows = Template.objects.prefetch_related(Prefetch("versions", versions.order_by("number"), to_attr="current"))
    return render(request, "reminders/templates.html", {"rows": rows, "may_write": may(request.user, WRITE)})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.change_template")
def template_new(request: HttpRequest) -> HttpResponse:
    """A new template; its words are written next."""
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = services.add_template(actor=user_of(request), **form.cleaned_data)
        return redirect("template-edit", name=made.name)
    return render(request, "reminders/template_new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@needs("reminders.view_template")
def template(request: HttpRequest, name: str) -> HttpResponse:
    """One template: its words in force, its versions, what happened to it."""
    found = get_object_or_404(Template, name=name)
    versions = list(found.versions.order_by("-number"))
    shown = next((one for one in versions if one.status == VersionStatus.APPROVED), versions[0])
    draft = next((one for one in versions if one.status == VersionStatus.DRAFT), None)
    context = {
        "template": found,
        "versions": versions,
        "shown": shown,
        "texts": [(language, LANGUAGE_NAMES[language], shown.texts.get(language, {})) for language in LANGUAGES],
        "draft": draft,
        "waiting": request_of(draft) if draft else None,
        "history": Event.objects.filter(subject_type="template", subject_id=found.pk).order_by("-pk")[:50],
        "may_write": may(request.user, WRITE),
    }
    return render(request, "reminders/template.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.change_template")
def template_edit(request: HttpRequest, name: str) -> HttpResponse:
    """Write the draft, see what it would look like, put it before somebody else. Without a draft it leads to the template."""
    user = user_of(request)
    found = get_object_or_404(Template, name=name)
    if request.method == "POST":
        # The version on the screen, which may be approved by now, and never one begun after it.
        version = get_object_or_404(found.versions, number=number_in(request.POST.get("seen_version", "")))
    else:
        draft = found.versions.filter(status=VersionStatus.DRAFT).first()
        if draft is None:
            messages.info(request, _("There is no draft. Begin one to write."))
            return redirect("template", name=name)
        version = draft
    version.template = found
    verb = request.POST.get("verb", "")
    words = WordsForm(request.POST if request.method == "POST" else None, version=version)
    submit = SubmitForm(request.POST if verb == "submit" else None)
    if request.method == "POST" and words.is_valid() and (verb != "submit" or submit.is_valid()):
        try:
            version = services.write_draft(
                actor=user,
                version_id=version.pk,
                seen_edits=words.cleaned_data["seen_edits"],
                texts=words.texts(),
            )
            if verb == "submit":
                asked = services.submit_draft(
                    actor=user,
                    version_id=version.pk,
                    seen_edits=version.edits,
                    reason=submit.cleaned_data["reason"],
                )
                messages.success(request, _("Request %(request)s: somebody else decides now.") % {"request": asked})
                return redirect("template", name=name)
            messages.success(request, _("The draft is saved."))
            return redirect("template-edit", name=name)
        except ValidationError as errors:
            _add(words, errors)
            # What was written is kept even where it cannot be submitted yet.
            words.data = {**request.POST.dict(), "seen_edits": str(version.edits)}
        except BookError as refusal:
            refuse(words, refusal if not isinstance(refusal, Invalid) else Invalid(str(refusal)))
    context = {
        "template": found,
        "version": version,
        "words": words,
        "submit": submit,
        "waiting": request_of(version),
        **_preview(request, found, words.texts() if words.is_bound else version.texts),
    }
    wrong = words.is_bound and (words.errors or submit.errors)
    return render(request, "reminders/template_edit.html", context, status=422 if wrong else 200)


@require_POST
def template_draft(request: HttpRequest, name: str) -> HttpResponse:
    """Begin a draft with the words in force, or open the one there is."""
    require(request.user, WRITE)
    found = get_object_or_404(Template, name=name)
    services.begin_draft(actor=user_of(request), template_id=found.pk)
    return redirect("template-edit", name=name)


@require_POST
def template_discard(request: HttpRequest, name: str) -> HttpResponse:
    """Give up the draft on the screen."""
    require(request.user, WRITE)
    found = get_object_or_404(Template, name=name)
    version = get_object_or_404(found.versions, number=number_in(request.POST.get("seen_version", "")))
    seen_edits = number_in(request.POST.get("seen_edits", ""))
    if seen_edits is None:
        raise BadRequest
    try:
        services.discard_draft(actor=user_of(request), version_id=version.pk, seen_edits=seen_edits)
    except BookError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Version %(number)s is discarded.") % {"number": version.number})
    return redirect("template", name=name)


@require_POST
def template_preview(request: HttpRequest, name: str) -> HttpResponse:
    """What the words as they stand in the form would look like, and what is wrong with them. Nothing is saved."""
    require(request.user, WRITE)
    found = get_object_or_404(Template, name=name)
    version = found.versions.order_by("-number").first()
    words = WordsForm(request.POST, version=version or TemplateVersion(template=found))
    return render(request, "reminders/_template_preview.html", _preview(request, found, words.texts()))


@require_POST
@needs("approvals.view_request")
def template_proposed(request: HttpRequest, pk: int) -> HttpResponse:
    """How the words of a request for approval read with the customer that the form names, masked, where the reader sees her. For
    whoever may know of the request, deputies included; another's is 404. Nothing is saved."""
    asked = get_object_or_404(visible_to(user_of(request)).filter(kind=services.KIND), pk=pk)
    found = template_of(asked)
    values = sample(request.user, found.kind, request.POST.get("customer", ""))
    context = {"asked": asked, "template": found, **as_read(found, asked.preview["texts"], values)}
    return page_or_part(request, "reminders/template_proposed.html", "reminders/_template_proposed.html", context)


def _add(form: WordsForm, errors: ValidationError) -> None:
    for field, found in errors.message_dict.items():
        form.add_error(field if field in form.fields else None, found)


def _preview(request: HttpRequest, template: Template, texts: Mapping[str, Any]) -> dict[str, Any]:
    """What the preview shows of these texts, with the customer that the form names."""
    asked = request.POST.get("customer") or request.GET.get("customer") or ""
    values = sample(request.user, template.kind, asked)
    return {"variables": variables(template.kind, values), **as_read(template, texts, values)}
