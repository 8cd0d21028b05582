"""What went out: the log, what is to be looked at, and one message as it was sent, with what may be decided about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages as notices
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError, Conflict
from accounts.forms import refuse
from audit.models import Event
from reminders.filters import MessageFilter
from reminders.forms import MarkSentForm, ReasonForm
from reminders.masking import masked, masked_in
from reminders.models import Message, MessageStatus
from reminders.permissions import visible_to
from reminders.sentences import HELD_BY
from reminders.services import reviewing
from runs.pages import numbers_in, page_or_part
from runs.paging import MOST_COUNTED, counted, log_page
from staff.exports import export_list
from staff.permissions import may, needs, require
from staff.requests import user_of

# What may be decided about a message in a state: verb, its words, what it does, and its form.
Deed = tuple[str, Any, Any, type[ReasonForm]]
DEEDS: dict[str, tuple[Deed, ...]] = {
    MessageStatus.REVIEW: (
        (
            "mark-sent",
            gettext_lazy("It went"),
            gettext_lazy("The provider shows it as taken, or the person has it."),
            MarkSentForm,
        ),
        (
            "send-again",
            gettext_lazy("Send it again"),
            gettext_lazy("The person may get it twice. The gate is asked anew, and counts the first one."),
            ReasonForm,
        ),
        (
            "give-up",
            gettext_lazy("Give it up"),
            gettext_lazy("Whether it went stays unknown; it is not sent again."),
            ReasonForm,
        ),
    ),
    MessageStatus.QUEUED: (
        (
            "cancel",
            gettext_lazy("Cancel it"),
            gettext_lazy("It is taken out before a worker sends it."),
            ReasonForm,
        ),
    ),
}
SERVICES: dict[str, Callable[..., Any]] = {
    "mark-sent": reviewing.mark_sent,
    "send-again": reviewing.send_again,
    "give-up": reviewing.give_up,
    "cancel": reviewing.cancel,
}


def _asked_for(request: HttpRequest) -> MessageFilter:
    queryset = visible_to(request.user).select_related("customer", "contact_point")
    return MessageFilter(request.GET, queryset=queryset, request=request)


@require_GET
@needs("reminders.view_message")
def messages(request: HttpRequest) -> HttpResponse:
    """The messages to customers in scope, newest first, filtered; HTMX gets the list alone."""
    filters = _asked_for(request)
    context = {
        "filter": filters,
        "page": log_page(filters.qs, request.GET.get("before")),
        "found": counted(filters.qs),
        "most_counted": MOST_COUNTED,
    }
    return page_or_part(request, "reminders/messages.html", "reminders/_messages.html", context)


@require_GET
@needs("reminders.export_message")
def messages_export(request: HttpRequest) -> HttpResponseBase:
    """What the address's filters leave, newest first, as CSV: names and addresses masked, no text. On the record."""
    filters = _asked_for(request)
    head = [
        *(_("Message"), _("Customer"), _("Customer reference"), _("State"), _("Delivery"), _("Kind"), _("Channel")),
        *(_("Purpose"), _("To"), _("Template"), _("Language"), _("Business day"), _("Not before"), _("Sent at")),
        *(
            _("Attempts"),
            _("Provider"),
            _("The provider's number"),
            _("Parts"),
            _("Cost"),
            _("Currency"),
            _("Held back by"),
            _("Error"),
        ),
    ]
    return export_list(
        request,
        filters.form,
        name="messages",
        head=head,
        found=filters.qs.order_by("-pk"),
        cells=_cells,
        back=reverse("messages"),
    )


def _cells(one: Message) -> tuple[Any, ...]:
    return (
        *(one.pk, one.customer.masked_name, one.customer.ref, one.get_status_display()),
        *(one.get_delivery_display() if one.delivery else "", one.get_kind_display(), one.get_channel_display()),
        *(one.get_purpose_display(), one.contact_point.masked_value, f"{one.template} v{one.template_version}"),
        *(one.language, one.business_day, one.send_after, one.sent_at, one.attempts),
        *(one.provider, one.provider_id, one.parts or None, one.cost, one.cost_currency),
        # What the delivery wrote by itself is in the catalogue; what a provider answered stays as it was written.
        *(HELD_BY.get(one.held_by, one.held_by), _(one.error) if one.error else ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.view_message")
def messages_review(request: HttpRequest) -> HttpResponse:
    """The messages in scope of which nobody knows whether they went, newest first: what a person has to decide. Who may review
    decides here about those that are ticked, each by itself: it is said first which they are and what becomes of them; confirmed
    (`confirmed`), those that were refused are named, with why."""
    refused: list[reviewing.Refused] = []
    status = 200
    if request.method == "POST":
        chosen = numbers_in(request.POST.getlist("message"))
        require(request.user, reviewing.PERMISSION)
        asked: dict[str, Any] = {
            "actor": user_of(request),
            "verb": request.POST.get("verb", ""),
            "message_ids": chosen,
            "reason": request.POST.get("reason", ""),
        }
        try:
            if not request.POST.get("confirmed"):
                return _to_confirm(request, asked)
            refused = reviewing.decide_together(**asked)
        except BookError as error:
            notices.error(request, str(error))
            status = 422
        else:
            done = len(chosen) - len(refused)
            if done:
                notices.success(
                    request,
                    ngettext("%(count)s message is decided.", "%(count)s messages are decided.", done)
                    % {"count": done},
                )
            if not refused:
                return redirect("messages-review")
            status = 409
    found = visible_to(request.user).filter(status=MessageStatus.REVIEW).select_related("customer", "contact_point")
    context = {
        "page": log_page(found, request.GET.get("before")),
        "reason": request.POST.get("reason", "") if status != 200 else "",
        "refused": refused,
        "may_review": may(request.user, reviewing.PERMISSION),
    }
    return render(request, "reminders/review.html", context, status=status)


def _to_confirm(request: HttpRequest, asked: dict[str, Any]) -> HttpResponse:
    """What the press comes to: how many messages, which, and what becomes of each; nothing is decided yet."""
    able, left_out = reviewing.look_together(**asked)
    does = next(does for code, _words, does, _form in DEEDS[MessageStatus.REVIEW] if code == asked["verb"])
    context = {**asked, "able": able, "left_out": left_out, "does": does}
    return render(request, "reminders/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.view_message")
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: to whom, what it said, how it went, and the decision that allowed it. Who may review decides here what
    becomes of one that is to be looked at, or takes back one that waits. Out of scope is 404.

    What is personal stands masked in what it said too: the letter as it was sent is proof, not reading matter.
    """
    visible = visible_to(request.user).select_related("customer", "contact_point", "decision")
    found = get_object_or_404(visible, pk=pk)
    verb, status = request.POST.get("verb", ""), 200
    bound: ReasonForm | None = None
    if request.method == "POST":
        require(request.user, reviewing.PERMISSION)
        if verb not in SERVICES:
            raise BadRequest
        form = MarkSentForm if verb == "mark-sent" else ReasonForm
        bound = form(request.POST, auto_id=f"{verb}-%s")
        error = _done(request, found, verb, bound)
        if error is None:
            return redirect("message", pk=pk) if verb == "cancel" else redirect("messages-review")
        status = 409 if isinstance(error, Conflict) else 422
        found = get_object_or_404(visible, pk=pk)
    deeds = [
        (code, words, does, bound if bound is not None and code == verb else form(auto_id=f"{code}-%s"))
        for code, words, does, form in (DEEDS.get(found.status, ()) if may(request.user, reviewing.PERMISSION) else ())
    ]
    context = {
        "message": found,
        "subject": masked(found, "subject"),
        "body": masked(found, "body"),
        "deeds": deeds,
        # What was refused because there is nothing left to decide still says why.
        "refused": bound if bound is not None and verb not in [code for code, *_ in deeds] else None,
        "history": _history(found),
        "receipts": [
            (one, masked_in(one.text, found.customer, found.contact_point))
            for one in found.receipts.select_related("message").order_by("-at", "-pk")
        ],
    }
    return render(request, "reminders/message.html", context, status=status)


def _history(found: Message) -> list[Event]:
    events = Event.objects.filter(customer_id=found.customer_id, subject_type="message", subject_id=found.pk)
    return list(events.order_by("-pk"))


def _done(
    request: HttpRequest, found: Message, verb: str, form: ReasonForm
) -> BookError | django_forms.ValidationError | None:
    """Do what a button says; what was refused stands in the form, and is returned."""
    if not form.is_valid():
        return django_forms.ValidationError("")
    try:
        answer = SERVICES[verb](actor=user_of(request), message_id=found.pk, **form.cleaned_data)
        if answer is not None and not answer.allowed:
            raise Conflict(reviewing.say_refused(answer))
    except BookError as error:
        refuse(form, error)
        return error
    said = {
        "mark-sent": _("Message %(message)s counts as sent."),
        "send-again": _("Message %(message)s is queued again."),
        "give-up": _("Message %(message)s is given up."),
        "cancel": _("Message %(message)s is cancelled."),
    }
    notices.success(request, said[verb] % {"message": found.pk})
    return None
