"""Taking the next case, of all that the reader sees or of a queue; and why it is this one, or why there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateformat import format as date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cases.models import Case, Queue, WaitFor
from cases.permissions import queues_of, visible_to
from cases.selectors import open_cases
from cases.selectors.queues import cases_of
from cases.services.taking import take_next
from compliance.selectors import callable_from
from runs import clock
from runs.pages import back_to, keeps_nothing, number_in
from runs.selectors import book_day
from runs.texts import listed
from staff.permissions import needs
from staff.requests import user_of

# Two presses closer than this are one: a double click, or two windows.
ONE_PRESS = timedelta(seconds=2)
# What the session keeps between one take and the next: the day, the cases of her own passed on it, and the case given last, with
# the moment and the queue that it came from.
KEPT = "taking"
# Of those passed, the session remembers the latest.
MOST_PASSED = 100


@keeps_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@needs("cases.work_case")
def take(request: HttpRequest) -> HttpResponse:
    """Give the reader the next case of a queue, or of all she sees, and open it; else say why there is none.

    Who takes the next one goes on behind the case that she has before her, in the queue that it came from, or behind the one
    that she was given last, if she went back to a list: one of her own that is due is not given back before everything else was
    looked at. Where somebody only goes to the address nothing is taken: it leads to her own cases.
    """
    if request.method != "POST":
        return redirect("my-work")
    user = user_of(request)
    leaving = number_in(request.POST.get("leaving", ""))
    kept = _kept(request)
    wanted = request.POST.get("queue", "") or (str(kept["queue"]) if leaving and leaving == kept["case"] else "")
    queue = get_object_or_404(queues_of(user), pk=number_in(wanted)) if wanted else None
    since = clock.now() - ONE_PRESS
    behind = leaving or (kept["case"] if kept.get("at", 0) < since.timestamp() else 0)
    passed = [one for one in kept["passed"] if one != behind]
    # One that waits is offered to nobody; at its hour (a call back) it is not to be one that she passed.
    if behind and not Case.objects.filter(pk=behind, wait_until__gt=clock.now()).exists():
        passed = [*passed, behind][-MOST_PASSED:]
    taken = take_next(actor=user, queue=queue, leaving=leaving, passed=passed, pressed_since=since)
    if taken is None and passed:
        # All are looked at: from the beginning again.
        passed = []
        taken = take_next(actor=user, queue=queue, leaving=leaving, pressed_since=since)
    request.session[KEPT] = {
        "day": clock.today().isoformat(),
        "passed": passed,
        "case": taken.pk if taken else 0,
        "at": clock.now().timestamp(),
        "queue": queue.pk if queue else "",
    }
    if taken is None:
        messages.info(request, _nothing_left(request, queue))
        return redirect(back_to(request))
    if taken.assigned_at is None or taken.assigned_at < since:
        messages.info(request, _why_hers(taken))
        if callable_from(customer_ids=[taken.customer_id], at=clock.now(), actor=user)[taken.customer_id] is None:
            messages.warning(
                request,
                _("None of the customer’s numbers may be called: find another, or leave the case to a supervisor."),
            )
    return redirect("case", taken.ref)


def _kept(request: HttpRequest) -> dict[str, Any]:
    kept = request.session.get(KEPT, {})
    if kept.get("day") != clock.today().isoformat():
        return {"passed": [], "case": 0, "queue": ""}
    return kept


def _why_hers(case: Case) -> str:
    """Why a case that was hers already comes before new ones."""
    if case.call_back_at is not None:
        return _("The customer asked to be called back at %(time)s, so you got this case back.") % {
            "time": date_format(localtime(case.call_back_at), "m-d H:i")
        }
    if case.follow_up_on is not None and case.follow_up_on <= clock.today():
        return _("Your follow-up on this case is due since %(day)s, so you got it back.") % {
            "day": case.follow_up_on.isoformat()
        }
    return _("The promise on this case was broken on %(day)s and nobody was in contact since, so you got it back.") % {
        "day": case.promise_broken_on
    }


def _nothing_left(request: HttpRequest, queue: Queue | None) -> str:
    """Why there is no case to take: what the free ones wait for, and until when. One query."""
    user = user_of(request)
    day = book_day() or clock.today()
    cases = cases_of(queue, user, day) if queue else open_cases(visible_to(user), day).order_by()
    now = clock.now()
    waiting = (
        cases.filter(assignee=None, wait_until__gt=now)
        .values_list("wait_for")
        .annotate(number=Count("*"), first=Min("wait_until"))
        .values_list("wait_for", "number", "first")
        .order_by("-number")
    )
    said = []
    for reason, number, first in waiting:
        moment = localtime(first)
        until = date_format(moment, "H:i" if moment.date() == clock.today() else "m-d H:i")
        said.append(_sentence(reason, number) % {"number": number, "until": until})
    if not said:
        return _("Nothing to take: every case here is worked by somebody, or there is none.")
    return _("Nothing to take now: %(reasons)s.") % {"reasons": listed(said)}


def _sentence(reason: str, number: int) -> str:
    if reason == WaitFor.GATE:
        return ngettext(
            "%(number)d may not be contacted before %(until)s",
            "%(number)d may not be contacted, the first before %(until)s",
            number,
        )
    if reason == WaitFor.PROMISE:
        return ngettext("%(number)d waits for a promise", "%(number)d wait for promises", number)
    if reason == WaitFor.FOLLOW_UP:
        return ngettext("%(number)d waits for its follow-up", "%(number)d wait for their follow-ups", number)
    if reason == WaitFor.CALL_BACK:
        return ngettext(
            "%(number)d asked to be called back at %(until)s",
            "%(number)d asked to be called back, the first at %(until)s",
            number,
        )
    if reason == WaitFor.DISPUTE:
        return ngettext("%(number)d is in dispute", "%(number)d are in dispute", number)
    if reason == WaitFor.HOLD:
        return ngettext("%(number)d is on hold", "%(number)d are on hold", number)
    return ngettext("%(number)d has a customer flag", "%(number)d have a customer flag", number)
