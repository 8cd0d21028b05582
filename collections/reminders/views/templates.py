"""Templates: the list, one with its versions, writing a draft beside what it would look like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import BookError, Invalid
from accounts.forms import refuse
from accounts.models import Account, Customer
from accounts.permissions import customers_visible_to
from audit.models import Event
from compliance.models import Channel
from reminders.forms import LANGUAGE_NAMES, SubmitForm, TemplateForm, WordsForm
from reminders.models import LANGUAGES, Template, TemplateVersion, VersionStatus
from reminders.rendering import LONGEST_NAME, MOST_ACCOUNTS, Due, Signing, longest_sms, sms_length
from reminders.rendering import render as render_text
from reminders.rules import VARIABLES
from reminders.selectors import dues, faults_of_texts, request_of
from reminders.sentences import say_fault
from reminders.services import templates as services
from reminders.services.templates import WRITE
from runs import clock
from runs.pages import number_in
from staff.permissions import may, needs, require
from staff.requests import user_of

# How long the values of an SMS may be, of which the preview says how many parts it takes at most.
RECKONED = {"name": LONGEST_NAME, "accounts": MOST_ACCOUNTS}


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
    sample = _sample(request, found)
    context = {
        "template": found,
        "version": version,
        "words": words,
        "submit": submit,
        "waiting": request_of(version),
        "variables": sorted(VARIABLES[found.kind]),
        "previews": _previews(found, words.texts() if words.is_bound else version.texts, sample),
        "sample": sample,
        "reckoned": RECKONED,
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
    sample = _sample(request, found)
    context = {"previews": _previews(found, words.texts(), sample), "sample": sample, "reckoned": RECKONED}
    return render(request, "reminders/_template_preview.html", context)


def _add(form: WordsForm, errors: ValidationError) -> None:
    for field, found in errors.message_dict.items():
        form.add_error(field if field in form.fields else None, found)


def _sample(request: HttpRequest, template: Template) -> dict[str, Any]:
    """The values of a preview: of the customer named by her reference or an account's, masked; else made up."""
    # A reference has no NUL, and PostgreSQL's texts hold none.
    asked = (request.POST.get("customer") or request.GET.get("customer") or "").replace("\0", "").strip()
    today = clock.today()
    due_on = today + timedelta(days=3 if template.kind == "pre-due" else -3)
    made_up = [Due("A-1001", "CNY", Decimal("1234.50"), due_on), Due("A-1002", "CNY", Decimal("80.00"), due_on)]
    values: dict[str, Any] = {
        "asked": asked,
        "customer_name": "王*",
        "dues": made_up,
        "found": None,
        "signing": Signing("123456", "R00000001", "9f86d081884c", 10),
    }
    if asked:
        named = Q(ref=asked) | Q(pk__in=Account.objects.filter(ref=asked).values("customer_id"))
        customer: Customer | None = customers_visible_to(request.user).filter(named).order_by("pk").first()
        if customer is not None:
            accounts = list(customer.accounts.values_list("pk", flat=True))
            owed = list(dues(accounts=accounts, on=today).values())
            values |= {"found": customer, "customer_name": customer.masked_name, "dues": owed or made_up}
    return values


def _previews(template: Template, texts: Mapping[str, Any], sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each language: how it reads with the sample's values, what is wrong, and the length of an SMS."""
    faults = faults_of_texts(template, texts, clock.today())
    found = []
    for language in LANGUAGES:
        text = {"subject": "", "body": "", **texts.get(language, {})}
        try:
            shown = render_text(text, language, sample)
        except (KeyError, ValueError):
            shown = None
        is_sms = shown is not None and template.channel == Channel.SMS
        found.append(
            {
                "language": language,
                "name": LANGUAGE_NAMES[language],
                "shown": shown,
                "faults": [(place, say_fault(fault)) for of, place, fault in faults if of == language],
                "length": sms_length(shown) if shown and is_sms else None,
                "longest": longest_sms(text, language) if is_sms else None,
            }
        )
    return found
