"""Receipts that wait for a person: what a provider told of something that nobody knows, and answers to be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError, Conflict
from accounts.forms import refuse
from reminders.forms import AttachForm, KeepWithForm, ReasonForm
from reminders.masking import masked_in
from reminders.models import Receipt, ReceiptState
from reminders.permissions import receipts_visible_to
from reminders.services import receipt_review
from reminders.services.receipt_review import PERMISSION
from runs.paging import log_page
from staff.permissions import may, needs, require
from staff.requests import user_of

Deed = tuple[Any, Any, type[ReasonForm], Callable[..., Any]]
DEEDS: dict[str, Deed] = {
    "opt-out": (
        gettext_lazy("It opts out"),
        gettext_lazy("The person is not contacted by this channel there any more, from now on."),
        ReasonForm,
        receipt_review.opt_out,
    ),
    "take-in": (
        gettext_lazy("It is read, and opts nobody out"),
        gettext_lazy("What the person wrote is entered as a contact that this person made."),
        ReasonForm,
        receipt_review.take_in,
    ),
    "attach": (
        gettext_lazy("It belongs to a message"),
        gettext_lazy("It is acted on as if the provider had named the message."),
        AttachForm,
        receipt_review.attach,
    ),
    "keep-with": (
        gettext_lazy("It belongs to a customer"),
        gettext_lazy(
            "It stands with the customer, and nothing else is done: what follows from it is entered on the case."
        ),
        KeepWithForm,
        receipt_review.keep_with,
    ),
    "dismiss": (
        gettext_lazy("Dismiss it"),
        gettext_lazy("Nothing is done; it is kept with your reason."),
        ReasonForm,
        receipt_review.dismiss,
    ),
}


@require_GET
@needs(PERMISSION)
def receipts_review(request: HttpRequest) -> HttpResponse:
    """The receipts in sight that wait for a person, newest first."""
    found = receipts_visible_to(request.user).filter(state=ReceiptState.REVIEW).select_related("customer")
    return render(request, "reminders/receipts.html", {"page": log_page(found, request.GET.get("before"))})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.view_message")
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """One receipt, for whoever works its customer; who may decide does so here. Out of scope is 404, and so is for the others
    what is about nobody known. Name and number stand masked in what was written."""
    may_decide = may(request.user, PERMISSION)
    visible = receipts_visible_to(request.user).select_related("customer", "message", "contact_point")
    found = get_object_or_404(visible if may_decide else visible.exclude(customer=None), pk=pk)
    verb, status, refused = request.POST.get("verb", ""), 200, None
    forms = {code: form(auto_id=f"{code}-%s") for code, (_words, _does, form, _do) in DEEDS.items()}
    if request.method == "POST":
        require(request.user, PERMISSION)
        if verb not in DEEDS:
            raise BadRequest
        _words, _does, form_class, do = DEEDS[verb]
        form = forms[verb] = refused = form_class(request.POST, auto_id=f"{verb}-%s")
        status = 422
        if form.is_valid():
            try:
                do(actor=user_of(request), receipt_id=found.pk, **form.cleaned_data)
            except BookError as error:
                refuse(form, error)
                status = 409 if isinstance(error, Conflict) else 422
            else:
                notices.success(request, _("Receipt %(receipt)s is decided.") % {"receipt": found.pk})
                return redirect("receipts-review")
        found = get_object_or_404(visible, pk=pk)
    is_open = may_decide and found.state == ReceiptState.REVIEW
    offered = [code for code in DEEDS if code in _offered(found)]
    context = {
        "receipt": found,
        "text": masked_in(found.text, found.customer, found.contact_point) if found.customer else found.text,
        "deeds": [(code, *DEEDS[code][:2], forms[code]) for code in offered] if is_open else [],
        "refused": None if is_open else refused,
    }
    return render(request, "reminders/receipt.html", context, status=status)


def _offered(found: Receipt) -> set[str]:
    """What may be decided about a receipt: of an answer that is placed also what it says, of what is about nobody known also whom
    it is about."""
    always = {"attach", "dismiss"}
    return (
        always
        | ({"opt-out", "take-in"} if receipt_review.is_placed(found) else set())
        | ({"keep-with"} if found.customer_id is None else set())
    )
