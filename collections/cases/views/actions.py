"""Acting on a case: every verb has its address; GET opens its form, POST does it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.errors import BookError, Invalid
from cases import forms
from cases.errors import StaleScreen, told
from cases.models import DisputeReason
from cases.permissions import visible_to
from cases.selectors.desk import CaseDesk
from cases.services.versions import changes_since
from cases.views.doing import Refused, Work
from cases.views.panel import Panel, address_of, desk_of, panel_alone, whole
from cases.views.verbs import BY_CODE, Verb
from compliance.models import FlagKind, Outcome
from compliance.outcomes import REPORTS
from compliance.sentences import say
from runs.once import once
from runs.pages import elsewhere, is_part, never_issued, number_in
from staff.permissions import require

# What moves no case from one list to another.
_COUNTS_STAY = ("call", "reveal", "note", "recording", "correct")
RELEASE, TAKE = BY_CODE["release"], BY_CODE["take"]
# What a link may fill a form with.
FILLED = {
    "call": ("channel", "contact_point"),
    "contact": ("channel", "contact_point"),
    "inbound": ("channel", "contact_point"),
    "flag": ("kind",),
    "dispute": ("reason",),
}
# Of an outcome that tells of more than a contact keeps, what is to be entered next.
STEPS: dict[str, tuple[Verb, dict[str, str]]] = {
    **{kind: (BY_CODE["flag"], {"kind": kind}) for kind in (*REPORTS, FlagKind.HARDSHIP.value)},
    Outcome.ALREADY_PAID.value: (BY_CODE["dispute"], {"reason": DisputeReason.PAID.value}),
}


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, ref: str, code: str, target: int | None = None) -> HttpResponse:
    """One verb on one case. Without the permission 403, out of sight 404.

    A screen that the case has outrun is refused with 409, what changed and by whom; what was typed stays in the form. A form that
    is opened on such a screen (`seen`, its version) brings the case as it is along, and says what changed.
    """
    verb = BY_CODE[code]
    for permission in verb.permissions:
        require(request.user, permission)
    desk = desk_of(request.user, ref)  # type: ignore[arg-type]  # nobody else gets here
    found = verb.target(desk.case, target) if verb.target and target is not None else None
    if request.method == "POST":
        return _post(request, desk, verb, found)
    if verb.form is None:
        return redirect("case", ref)
    initial = {name: request.GET[name] for name in FILLED.get(code, ()) if name in request.GET}
    form = verb.form(desk=desk, target=found, initial=initial)
    panel = Panel(desk, verb, form, desk.case.version, found)
    if (shown := number_in(request.GET.get("seen", ""))) and (since := changes_since(desk.case, shown)):
        # The form begins on the case as it is: so the page is to show that, and what is new in it.
        said = _("The case changed since you opened it and is shown as it is now. %(changes)s.") % {
            "changes": told(since)
        }
        return whole(request, desk, panel, said=said)
    return panel_alone(request, panel)


def _post(request: HttpRequest, desk: CaseDesk, verb: Verb, target: Any) -> HttpResponse:
    form = (verb.form or forms.ActionForm)(request.POST, request.FILES, desk=desk, target=target)
    panel = Panel(desk, verb, form, _seen(request), target)
    if "look" in request.POST:
        return whole(request, desk, replace(panel, seen_version=desk.case.version))
    if "left" in request.POST and (promise := _promise_of(form)) is not None:
        return render(request, "cases/forms/_left.html", {"form": promise})
    if "split" in request.POST:
        return panel_alone(request, replace(panel, form=_split(form)))
    if not form.is_valid():
        return panel_alone(request, panel)
    promise = _promise_in(form)
    if promise is not None and promise.is_to_split:
        # Only what she has seen is promised: the instalments are shown first.
        split = _split(form)
        return panel_alone(request, replace(panel, form=split, to_confirm=split is not form))
    if said := never_issued(request.POST.get("seen_version", ""), desk.case.version):
        form.add_error(None, said)
        return whole(request, desk, replace(panel, seen_version=desk.case.version), status=400)
    try:
        work = Work(desk.user, desk.case, panel.seen_version, form.cleaned_data, form, target)
        said = once(request, lambda: verb.do(work)) if verb.once else verb.do(work)
    except StaleScreen as stale:
        return panel_alone(request, replace(panel, stale=stale), status=409)
    except Refused as refused:
        return _refused(request, panel, refused)
    except BookError as error:
        _blame(form, error)
        return panel_alone(request, panel)
    response = _done(request, desk, verb, said, target, form)
    if is_part(request) and verb.code not in _COUNTS_STAY:
        response["HX-Trigger"] = "counts"  # the rail asks for its numbers anew
    return response


def _next_step(desk: CaseDesk, verb: Verb, form: forms.ActionForm) -> tuple[Verb, dict[str, str]] | None:
    """What the outcome that was logged calls for, and what its form is filled with: to be done or left. None: nothing, or it
    stands already."""
    outcome = form.cleaned_data.get("outcome", "") if verb.code in ("contact", "inbound") else ""
    step = STEPS.get(outcome)
    if step is None or not step[0].is_offered(desk):
        return None
    found, filled = step
    stands = {one["reason"] for one in desk.matters["dispute"]} | desk.flagged
    return None if stands.intersection(filled.values()) else (found, dict(filled))  # a form adds to what it is given


def _done(
    request: HttpRequest, desk: CaseDesk, verb: Verb, said: str, target: Any, form: forms.ActionForm
) -> HttpResponse:
    if verb.code == "reveal":
        # Shown in this answer alone: an address that could be asked for again would show it unrecorded.
        desk = desk_of(desk.user, desk.case.ref)
        desk.revealed = {target.pk: said}
        return whole(request, desk, said=_("Shown. It is recorded."))
    if verb.gives_away and not visible_to(desk.user).filter(pk=desk.case.pk).exists():
        messages.success(request, _("%(said)s You do not see its team, so it is out of your sight.") % {"said": said})
        return elsewhere(request, reverse("my-work"))
    step = _next_step(desk, verb, form)
    if not is_part(request):
        messages.success(
            request, _with_way_back(request, desk_of(desk.user, desk.case.ref), said) if verb is RELEASE else said
        )
        if step:
            return redirect(f"{address_of(desk.case, step[0])}?{urlencode(step[1])}")
        return redirect("case-contact" if verb.code == "call" else "case", desk.case.ref)
    desk = desk_of(desk.user, desk.case.ref)
    if step and step[0].form:
        opened = Panel(desk, step[0], step[0].form(desk=desk, initial=step[1]), desk.case.version)
        return whole(request, desk, opened, said=said)
    if verb.code != "call":
        return whole(request, desk, said=_with_way_back(request, desk, said) if verb is RELEASE else said)
    logs = BY_CODE["contact"]
    return whole(request, desk, Panel(desk, logs, forms.ContactForm(desk=desk), desk.case.version), said=said)


def _with_way_back(request: HttpRequest, desk: CaseDesk, said: str) -> str:
    """What was said of a case that was given back, and a form beside it that takes it back, as it stands now: one press that was
    not meant costs one more."""
    if not TAKE.is_offered(desk):
        return said
    return render_to_string("cases/_take_back.html", {"said": said, "case": desk.case}, request)


def _refused(request: HttpRequest, panel: Panel, refused: Refused) -> HttpResponse:
    """The gate's no, in words, in the form as it was typed; the refusal stands in the timeline already."""
    desk = desk_of(panel.desk.user, panel.desk.case.ref)
    decision = refused.decision
    reach = next((one for one in desk.reaches if one.point.pk == decision.contact_point_id), None)
    words = str(refused)
    if reach is not None and reach.look.channel == decision.channel and reach.look.but_for_others:
        words = reach.state[1]  # who else is about to call
    elif reach is not None:
        shared = reach.look.shared
        words = say(decision, point=reach.point, channel=decision.channel, flags=reach.flags, shared=shared)
    return whole(request, desk, replace(panel, refusal=words))


def _seen(request: HttpRequest) -> int:
    """The version that the screen showed; 0, which no case has, for what is no number."""
    return number_in(request.POST.get("seen_version", "")) or 0


def _blame(form: forms.ActionForm, error: BookError) -> None:
    """The service's no at the field that it names, if one of the forms has it."""
    field = error.field if isinstance(error, Invalid) else None
    inner = getattr(form, "inner", None)
    if field in form.fields:
        form.add_error(field, str(error))
    elif inner is not None and field in inner.fields:
        inner.add_error(field, str(error))
    else:
        form.add_error(None, str(error))


def _promise_in(form: forms.ActionForm) -> forms.PromiseForm | None:
    """The promise that saving the form would take, if it would."""
    asked = getattr(form, "inner", form)
    return asked if isinstance(asked, forms.PromiseForm) else None


def _promise_of(form: forms.ActionForm) -> forms.PromiseForm | None:
    """The promise that the form is, or has in it, whatever it would save."""
    return form if isinstance(form, forms.PromiseForm) else getattr(form, "promise", None)


def _split(form: forms.ActionForm) -> forms.ActionForm:
    """The form anew with the promise divided; as it was, with its faults, if that cannot be."""
    promise = _promise_of(form)
    rows = promise.divided() if promise is not None else None
    if promise is None or rows is None:
        return form
    typed = _typed(promise) | rows
    initial = typed if promise is form else _typed(form) | {"promise": typed}
    return type(form)(desk=form.desk, target=form.target, initial=initial)


def _typed(form: forms.ActionForm) -> dict[str, Any]:
    return {name: form[name].data for name in form.fields}
