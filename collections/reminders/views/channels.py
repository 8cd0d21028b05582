"""The channels: how each fares, and what those who run them may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages as notices
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import BookError, Conflict
from accounts.forms import refuse
from audit.models import Event
from reminders.forms import BoundsForm, ChannelForm, StateForm
from reminders.health import health
from reminders.models import ChannelPrice
from reminders.services import channels as running
from runs import clock
from staff.permissions import may, needs, require
from staff.requests import user_of

HISTORY_SHOWN = 20
SERVICES: dict[str, Callable[..., Any]] = {"state": running.set_state, "bounds": running.set_bounds}


@require_GET
@needs("reminders.view_channelcontrol")
def channels(request: HttpRequest) -> HttpResponse:
    """How every channel fares; the figures renew themselves while somebody looks."""
    return render(request, "reminders/channels.html", {"channels": health(), "now": clock.now()})


@require_GET
@needs("reminders.view_channelcontrol")
def channels_health(request: HttpRequest) -> HttpResponse:
    """The figures alone."""
    return render(request, "reminders/_channels.html", {"channels": health(), "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.view_channelcontrol")
def channel(request: HttpRequest, code: str) -> HttpResponse:
    """One channel; who runs channels opens, drains or pauses it here and sets its bounds."""
    found = next(iter(health(code)), None)
    if found is None:
        raise Http404
    verb, status = request.POST.get("verb", ""), 200
    forms: dict[str, ChannelForm] = {
        "state": StateForm(request.POST if verb == "state" else None, control=found.control, auto_id="state-%s"),
        "bounds": BoundsForm(request.POST if verb == "bounds" else None, control=found.control, auto_id="bounds-%s"),
    }
    if request.method == "POST":
        require(request.user, running.PERMISSION)
        if verb not in SERVICES:
            raise BadRequest
        error = _done(request, code, verb, forms[verb])
        if error is None:
            return redirect("channel", code=code)
        status = 409 if isinstance(error, Conflict) else 422
        found = health(code)[0]
        forms[verb].renew(found.control)
    context = {
        "one": found,
        "now": clock.now(),
        "may_run": may(request.user, running.PERMISSION),
        "prices": ChannelPrice.objects.filter(channel=code),
        "history": Event.objects.filter(subject_type="channelcontrol", subject_id=found.control.pk).order_by("-pk")[
            :HISTORY_SHOWN
        ],
        **forms,
    }
    return render(request, "reminders/channel.html", context, status=status)


def _done(
    request: HttpRequest, code: str, verb: str, form: django_forms.Form
) -> BookError | django_forms.ValidationError | None:
    """Do what a button says; what was refused stands in the form, and is returned."""
    if not form.is_valid():
        return django_forms.ValidationError("")
    try:
        control = SERVICES[verb](actor=user_of(request), channel=code, **form.cleaned_data)
    except BookError as error:
        refuse(form, error)
        return error
    notices.success(
        request,
        _("%(channel)s: %(state)s") % {"channel": control.get_channel_display(), "state": control.get_state_display()}
        if verb == "state"
        else _("The bounds of %(channel)s are set.") % {"channel": control.get_channel_display()},
    )
    return None
