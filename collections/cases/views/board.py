"""The team board: who works what, how old the queues are, what was promised; and handing over the cases of who leaves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import Invalid
from cases.board import panels
from cases.forms import HandOverForm
from cases.models import CaseStatus
from cases.permissions import queues_of, visible_to
from cases.selectors.board import Load, Member
from cases.selectors.board import board as read_board
from cases.selectors.people import on_the_board, takers_for
from cases.selectors.queues import held
from cases.services.assigning import HandedOver
from cases.services.assigning import hand_over as hand_cases_over
from runs.texts import listed
from staff.models import User
from staff.permissions import needs
from staff.requests import user_of


@require_GET
@needs("cases.view_board")
def board(request: HttpRequest) -> HttpResponse:
    """The reader's teams now: people, cases that nobody works, promises, refusals of the gate."""
    found = read_board(user_of(request))
    most = max((member.load.cases for member in found.members), default=0)
    ended = sum(member.ended for member in found.members)
    in_all = Load()
    for load in found.by_team.values():
        for currency, amount in load.amounts.items():
            in_all.amounts[currency] = in_all.amounts.get(currency, Decimal(0)) + amount
        in_all.cases += load.cases
        in_all.waiting += load.waiting
    context: dict[str, Any] = {
        "board": found,
        "today": found.day,
        "in_all": in_all,
        "members": [_line(member, most) for member in found.members],
        "contacts_today": sum(member.contacts_today for member in found.members),
        "broken": sum(member.broken for member in found.members),
        "kept_percent": _percent(sum(member.kept for member in found.members), ended),
        "queues": [(queue, None, 0) for queue in found.queues],
        "refusals": [(rule, number, _percent(number, found.refusals[0][1])) for rule, number in found.refusals],
    }
    return render(request, "cases/board.html", context)


@require_GET
@needs("cases.view_board")
def board_queues(request: HttpRequest) -> HttpResponse:
    """What the board says of the queues, fetched after it and every minute: the board stays quick and the numbers live."""
    user = user_of(request)
    queues = list(queues_of(user))
    holds = held(user, queues)
    fullest = max((one.cases for one in holds.values()), default=0)
    lines = [(queue, holds[queue.pk], _percent(holds[queue.pk].cases, fullest) or 0) for queue in queues]
    return render(request, "cases/_board_queues.html", {"queues": lines})


@require_GET
@needs("cases.view_board")
def board_panels(request: HttpRequest) -> HttpResponse:
    """What other apps show on the board, fetched after it and every minute as its queues are."""
    return render(request, "cases/_board_panels.html", {"panels": panels(user_of(request))})


def _line(member: Member, most: int) -> dict[str, Any]:
    return {
        "member": member,
        "percent": _percent(member.load.cases, most),
        "kept_percent": _percent(member.kept, member.ended),
    }


def _percent(part: int, whole: int) -> int | None:
    """How much of a hundred; None of nothing."""
    return round(100 * part / whole) if whole else None


def _say_who_has_them(request: HttpRequest, leaver: User, done: HandedOver) -> None:
    if done.given:
        said = ngettext(
            "%(number)d case of %(name)s was handed over.", "%(number)d cases of %(name)s were handed over.", done.given
        )
        told = said % {"number": done.given, "name": leaver}
        if len(done.each) > 1:
            told = _("%(said)s Each got: %(each)s.") % {
                "said": told,
                "each": listed(f"{person} {count}" for person, count in done.each.items()),
            }
        messages.success(request, told)
    if done.released:
        said = ngettext(
            "%(number)d case of %(name)s is worked by nobody now: none of those chosen sees its team.",
            "%(number)d cases of %(name)s are worked by nobody now: none of those chosen sees their teams.",
            done.released,
        )
        messages.warning(request, said % {"number": done.released, "name": leaver})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("cases.assign_case")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Spread somebody's cases evenly over others. Who neither is in the reader's teams nor works a case of theirs is 404."""
    user = user_of(request)
    leaver = get_object_or_404(on_the_board(user), pk=pk)
    others = takers_for(user).exclude(pk=leaver.pk)
    form = HandOverForm(request.POST if request.method == "POST" else None, people=others)
    if request.method == "POST" and form.is_valid():
        try:
            done = hand_cases_over(
                actor=user, leaver=leaver, to=list(form.cleaned_data["to"]), reason=form.cleaned_data["reason"]
            )
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            _say_who_has_them(request, leaver, done)
            return redirect("board")
    number = visible_to(user).filter(assignee=leaver, status=CaseStatus.OPEN).count()
    return render(request, "cases/hand_over.html", {"leaver": leaver, "number": number, "form": form})
