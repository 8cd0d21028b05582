"""Trying a strategy on the days gone by: asking for it, watching it, reading what came of it; and asking that it be activated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import BookError
from accounts.forms import refuse
from approvals.models import Request
from compliance.models import Channel
from reminders.models import MessageStatus
from runs.charts import Chart, Series, columns
from runs.models import RunStatus
from runs.pages import page_or_part
from staff.exports import exported
from staff.permissions import needs, require
from staff.requests import user_of
from strategy.cells import FIGURES, PEOPLE, cells, refusal
from strategy.forms import ActivateForm, SimulateForm, with_edits
from strategy.models import Action, Arm, Simulation, Version, VersionStatus
from strategy.rules import Fault
from strategy.selectors import request_of, unfinished_simulations
from strategy.sentences import say_fault
from strategy.services.activating import ask_activation, found_by
from strategy.services.asking import ask_simulation, stop_simulation
from strategy.services.versions import CHANGE
from strategy.tally import MANY
from strategy.words import names


@require_http_methods(["GET", "HEAD", "POST"])
@needs("strategy.change_version")
def strategy_simulate(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for a simulation; its page shows how far it is."""
    version = get_object_or_404(Version, number=number)
    form = SimulateForm(request.POST or None, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            made = ask_simulation(
                actor=user_of(request), version_id=version.pk, days=form.cleaned_data["days"], **form.split()
            )
        except BookError as error:
            refuse(form, error)
        else:
            return redirect("simulation", pk=made.pk)
    context = {
        "version": version,
        "form": form,
        "simulations": _of(version)[:10],
        "unfinished": unfinished_simulations(),
    }
    return render(request, "strategy/simulate.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("strategy.change_version")
def strategy_activate(request: HttpRequest, number: int) -> HttpResponse:
    """Ask somebody else to put a strategy in force, for whom and from when; beside it, what its simulation found."""
    version = get_object_or_404(Version, number=number)
    latest = _latest(version)
    form = ActivateForm(request.POST or None, version=version, simulated=latest)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            asked = ask_activation(
                actor=user_of(request),
                version_id=version.pk,
                seen_edits=values["seen_edits"],
                effective_from=values["effective_from"],
                reason=values["reason"],
                simulation_id=latest.pk if latest else None,
                **form.split(),
            )
        except BookError as error:
            version.refresh_from_db()
            latest = _latest(version)
            # Beside the form stands the strategy as it is now: what was typed stays, and is asked when pressed again.
            form = ActivateForm(with_edits(request.POST, version.edits), version=version)
            refuse(form, error)
        else:
            messages.success(request, _("Request %(request)s: somebody else decides now.") % {"request": asked})
            _say_what_was_not_simulated(request, asked)
            return redirect("strategy-version", number=number)
    context = {
        "version": version,
        "form": form,
        "found": found_by(latest) | {"is_stale": latest.edits != version.edits} if latest else None,
        "waiting": request_of(version),
        "is_draft": version.status == VersionStatus.DRAFT,
        "warned": [
            row
            for row in names().in_order(version.rules.order_by("position", "id").select_related("queue"))
            if row.warnings
        ],
    }
    return render(request, "strategy/activate.html", context, status=422 if form.errors else 200)


@require_GET
@needs("strategy.view_version")
def simulation(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a simulation is, and once it is done what it found; HTMX gets the part that changes."""
    found = get_object_or_404(Simulation.objects.select_related("version", "champion", "challenger", "run"), pk=pk)
    context: dict[str, Any] = {"simulation": found, "job": found.run}
    if found.result:
        context |= _shown(found)
    return page_or_part(request, "strategy/simulation.html", "strategy/_simulation.html", context)


@require_POST
def simulation_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """End a simulation that is not done yet."""
    require(request.user, CHANGE)
    found = get_object_or_404(Simulation, pk=pk)
    try:
        stop_simulation(actor=user_of(request), simulation_id=found.pk)
    except BookError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The simulation is stopped."))
    return redirect("simulation", pk=pk)


@require_GET
@needs("strategy.view_version")
def simulation_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every figure of a simulation as CSV: what is counted, of what, and how many. On the record."""
    found = get_object_or_404(Simulation, pk=pk)
    if not found.result:
        raise Http404
    rows = list(cells(found.result))
    return exported(request, f"simulation-{pk}", [_("What"), _("Of"), _("Figure"), _("Count")], rows, len(rows))


def _of(version: Version) -> QuerySet[Simulation]:
    return Simulation.objects.filter(version=version).select_related("run", "champion", "challenger")


def _latest(version: Version) -> Simulation | None:
    """The last that was done of the strategy, as it stands or stood before."""
    return _of(version).filter(run__status=RunStatus.DONE).first()


def _say_what_was_not_simulated(request: HttpRequest, asked: Request) -> None:
    found = asked.preview["simulation"]
    if found and found["is_other_split"]:
        messages.warning(request, _("The split that is asked for was not simulated: who decides is told so."))
    if found and found["is_stale"]:
        messages.warning(request, _("The draft was changed since it was simulated: who decides is told so."))


def _shown(found: Simulation) -> dict[str, Any]:
    """The result in the reader's words: charts, and tables with the share of each figure."""
    result = found.result
    sent = [Series(_("Messages"), "brand")]
    days = [
        *(Series(_("Sent"), "may"), Series(_("Withheld by the gate"), "mustnot"), Series(_("Held out"), "plain")),
        *(Series(_("Calls asked for"), "brand"), Series(_("Proposed"), "watch")),
    ]
    charts: list[Chart] = [
        columns(
            name="by-day",
            title=_("By day"),
            head=_("Business day"),
            series=days,
            rows=[(date.fromisoformat(day).strftime("%m-%d"), figures) for day, *figures in result["by_day"]],
        ),
        columns(
            name="by-hour",
            title=_("By hour, where the person lives"),
            head=_("Hour"),
            series=sent,
            rows=[(f"{hour:02d}", [number]) for hour, number in _from_first_to_last(result["by_hour"])],
        ),
        columns(
            name="contacts-each",
            title=_("How often each person would have been written to"),
            head=_("Messages a person"),
            series=[Series(_("People"), "brand")],
            rows=[
                (f"{times}+" if times == MANY else str(times), [people]) for times, people in result["contacts_each"]
            ],
        ),
    ]
    channels = dict(Channel.choices)
    really = result["really"]
    return {
        "result": result,
        "charts": charts,
        "by_rule": [{**rule, "faults": list(_unapproved(rule))} for rule in result["by_rule"]],
        "by_channel": _shares((channels.get(code, code), number) for code, number in result["by_channel"]),
        "by_refusal": _shares((refusal(rule), number) for rule, number in result["by_refusal"]),
        "proposals": [(Action(action).label, number) for action, number in result["proposals"]],
        "arms": [{**arm, "name": Arm(arm["arm"]).label} for arm in result["by_arm"]],
        "cost": [(channels.get(code, code), currency, total) for code, currency, total in result["cost"]],
        # What was simulated before this was counted does not say.
        "unpriced": [(channels.get(code, code), number) for code, number in result.get("unpriced", [])],
        "compared": [
            (FIGURES["sent"], result["sent"], really["sent"]),
            # What was simulated before this was counted does not say.
            *((MessageStatus(status).label, None, number) for status, number in really.get("became", ())),
            (PEOPLE, result["people"], really["people"]),
            *((label, result[name], really[name]) for name, label in FIGURES.items() if name != "sent"),
        ],
        "really_cost": [(channels.get(code, code), currency, total) for code, currency, total in really["cost"]],
        "is_stale": found.edits != found.version.edits,
    }


def _from_first_to_last(hours: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """The hours between which anything was sent; all of them where nothing was."""
    busy = [place for place, (_hour, number) in enumerate(hours) if number]
    return hours[busy[0] : busy[-1] + 1] if busy else hours


def _unapproved(rule: Mapping[str, Any]) -> Iterator[str]:
    """What activation would say of a simulated rule's templates. What was simulated before this was looked at does not say."""
    for name in rule.get("unapproved_templates", ()):
        yield say_fault(Fault("unapproved", "templates", {"name": name}))


def _shares(rows: Any) -> list[tuple[str, int, int]]:
    """Label, number, and its share of the largest, in percent."""
    found = [(str(label), number) for label, number in rows]
    most = max((number for _label, number in found), default=1)
    return [(label, number, 100 * number // most) for label, number in found]
