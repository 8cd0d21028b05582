"""Giving several cases at once to somebody, or to nobody."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.errors import Invalid
from cases.permissions import visible_to
from cases.selectors.people import members_of
from cases.services.assigning import assign
from cases.views._pages import user_of
from runs.pages import back_to, number_in
from staff.permissions import needs

# A page's worth of refusals is read; more are counted.
REFUSALS_SHOWN = 25


@require_POST
@needs("cases.assign_case")
def assign_many(request: HttpRequest) -> HttpResponse:
    """Assign the selected cases to a member of the reader's teams, or release them. Each refusal is named.

    A case out of scope, or a person out of reach, is 404 for the whole: nothing is changed then.
    """
    user = user_of(request)
    seen = _selected(request)
    if visible_to(user).filter(pk__in=seen).count() != len(seen):
        raise Http404
    releases = request.POST.get("do") == "release"
    to = None
    if not releases:
        chosen = request.POST.get("to", "")
        if not chosen:
            messages.error(request, _("Nobody was chosen. Choose to whom the cases go, then assign."))
            return redirect(back_to(request))
        to = get_object_or_404(members_of(user), pk=number_in(chosen))
    if not seen:
        messages.error(request, _("No case was selected. Tick the cases first."))
        return redirect(back_to(request))
    try:
        answer = assign(actor=user, case_ids=list(seen), to=to, seen=seen)
    except Invalid as error:
        messages.error(request, str(error))
        return redirect(back_to(request))
    if answer.done:
        values = {"number": len(answer.done), "name": str(to)}
        if to is None:
            said = ngettext("%(number)d case released.", "%(number)d cases released.", len(answer.done))
        else:
            said = ngettext(
                "%(number)d case assigned to %(name)s.", "%(number)d cases assigned to %(name)s.", len(answer.done)
            )
        messages.success(request, said % values)
    for case, why in answer.refused[:REFUSALS_SHOWN]:
        messages.warning(request, f"{case.ref}: {why}")
    left = len(answer.refused) - REFUSALS_SHOWN
    if left > 0:
        messages.warning(request, ngettext("%(left)d more refused.", "%(left)d more refused.", left) % {"left": left})
    return redirect(back_to(request))


def _selected(request: HttpRequest) -> dict[int, int]:
    """The keys of the ticked cases, each with the version that the reader saw."""
    seen = {}
    for value in request.POST.getlist("case"):
        key, version = (number_in(part) for part in value.partition(":")[::2])
        if key is None or version is None:
            raise Http404
        seen[key] = version
    return seen
