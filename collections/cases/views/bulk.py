"""Giving several cases at once to somebody, or to nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
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
from staff.models import User
from staff.permissions import needs
from staff.requests import user_of

# The messages travel in a cookie while they fit: more references are counted.
REFS_SHOWN = 50
# What the session keeps from a refusal to the list that tells of it.
TICKED = "ticked"


@require_POST
@needs("cases.assign_case")
def assign_many(request: HttpRequest) -> HttpResponse:
    """Assign the selected cases to a member of the reader's teams, or release them.

    What cannot be assigned is refused case by case, in words, and stays selected on the list, as everything does where the whole
    is refused. Of a case or a person out of reach nothing is told but that; they may have moved since the list was read.
    """
    user = user_of(request)
    seen = _selected(request)
    reach = set(visible_to(user).filter(pk__in=seen).values_list("pk", flat=True))
    do = request.POST.get("do", "")
    if do not in ("assign", "release"):
        return _refused(
            request, _("“%(do)s” cannot be done with cases: expected assign or release.") % {"do": do}, reach
        )
    releases = do == "release"
    chosen = "" if releases else request.POST.get("to", "")
    to = members_of(user).filter(pk=key).first() if (key := number_in(chosen)) else None
    if chosen and key is None:
        raise Http404
    if not seen:
        return _refused(request, _("No case was selected. Tick the cases first."))
    if not releases and to is None:
        said = (
            _("The person chosen is not in your teams any more. Choose somebody else: the cases are still selected.")
            if chosen
            else _("Nobody was chosen. Choose to whom the cases go, then assign.")
        )
        return _refused(request, said, reach)
    try:
        answer = assign(actor=user, case_ids=sorted(reach), to=to, seen=seen)
    except Invalid as error:
        return _refused(request, str(error), reach)
    if answer.done:
        messages.success(request, _done(len(answer.done), to))
    if left := len(answer.refused):
        said = ngettext(
            "%(left)d of %(all)d was not changed and stays selected:",
            "%(left)d of %(all)d were not changed and stay selected:",
            left,
        )
        messages.warning(request, said % {"left": left, "all": len(seen)})
    _tell_refused(request, answer.refused)
    if gone := len(seen) - len(reach):
        said = ngettext(
            "%(number)d case is out of your reach: it may have moved to another team.",
            "%(number)d cases are out of your reach: they may have moved to another team.",
            gone,
        )
        messages.warning(request, said % {"number": gone})
    _keep_ticked(request, [case.pk for case, _why in answer.refused])
    return redirect(back_to(request))


def _done(number: int, to: User | None) -> str:
    if to is None:
        return ngettext("%(number)d case released.", "%(number)d cases released.", number) % {"number": number}
    said = ngettext("%(number)d case assigned to %(name)s.", "%(number)d cases assigned to %(name)s.", number)
    return said % {"number": number, "name": to}


def _refused(request: HttpRequest, why: str, cases: Iterable[int] = ()) -> HttpResponse:
    """Nothing was changed: why, and the list as it was, with the same cases ticked."""
    messages.error(request, why)
    _keep_ticked(request, cases)
    return redirect(back_to(request))


def _keep_ticked(request: HttpRequest, cases: Iterable[int]) -> None:
    """Have the list that is shown next tick these cases, and choose the same person."""
    if kept := sorted(cases):
        request.session[TICKED] = {"cases": kept, "to": number_in(request.POST.get("to", ""))}


def take_ticked(request: HttpRequest) -> dict[str, Any]:
    """What stays ticked on the list that is shown now, and who was chosen; told once."""
    kept: dict[str, Any] = request.session.pop(TICKED) if TICKED in request.session else {"cases": [], "to": None}
    return kept


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
