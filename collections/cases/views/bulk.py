"""Giving several cases at once to somebody, or to nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.errors import Invalid
from cases.models import Case
from cases.permissions import visible_to
from cases.selectors.people import members_of
from cases.services.assigning import assign
from runs.pages import back_to, number_in
from staff.permissions import needs
from staff.requests import user_of

# The messages travel in a cookie while they fit: more references are counted.
REFS_SHOWN = 50


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
    _tell_refused(request, answer.refused)
    return redirect(back_to(request))


def _tell_refused(request: HttpRequest, refused: Sequence[tuple[Case, str]]) -> None:
    """Each reason once with the cases that it holds for; who wants to know which opens them."""
    by_reason = defaultdict(list)
    for case, why in refused:
        by_reason[why].append(case.ref)
    for why, refs in by_reason.items():
        if len(refs) == 1:
            messages.warning(request, f"{refs[0]}: {why}")
            continue
        said = ngettext("%(number)d case: %(why)s", "%(number)d cases: %(why)s", len(refs))
        shown, left = refs[:REFS_SHOWN], len(refs) - REFS_SHOWN
        further = ngettext("and %(left)d more", "and %(left)d more", left) % {"left": left} if left > 0 else ""
        messages.warning(
            request,
            format_html(
                "{}<details><summary>{}</summary>{}</details>",
                said % {"number": len(refs), "why": why},
                _("Which"),
                " ".join(filter(None, [*shown, further])),
            ),
        )


def _selected(request: HttpRequest) -> dict[int, int]:
    """The keys of the ticked cases, each with the version that the reader saw."""
    seen = {}
    for value in request.POST.getlist("case"):
        key, version = (number_in(part) for part in value.partition(":")[::2])
        if key is None or version is None:
            raise Http404
        seen[key] = version
    return seen
