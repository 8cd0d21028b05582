"""Strategies: which there are and which is in force, one as a table in words, and two beside each other."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from audit.models import Event
from runs.pages import number_in
from runs.selectors import open_day
from staff.permissions import may, needs
from strategy.comparing import differences
from strategy.models import Deployment, Rule, Version, VersionStatus
from strategy.selectors import deployment_on, request_of
from strategy.words import names

WRITE = "strategy.change_version"
VERSIONS_SHOWN = 100


@require_GET
@needs("strategy.view_version")
def strategies(request: HttpRequest) -> HttpResponse:
    """Every strategy, the latest first, and which are, were and will be in force."""
    day = open_day()
    context = {
        "versions": Version.objects.select_related("based_on")[:VERSIONS_SHOWN],
        "deployments": Deployment.objects.select_related("champion", "challenger")[:VERSIONS_SHOWN],
        "current": deployment_on(day) if day else None,
        "day": day,
        "may_write": may(request.user, WRITE),
    }
    return render(request, "strategy/strategies.html", context)


@require_GET
@needs("strategy.view_version")
def strategy(request: HttpRequest, number: int) -> HttpResponse:
    """One strategy: its rules in words, its simulations, what happened to it."""
    version = get_object_or_404(Version.objects.select_related("based_on"), number=number)
    day = open_day()
    called = names()
    context = {
        "version": version,
        "rules": called.in_order(version.rules.select_related("queue")),
        "others": Version.objects.exclude(pk=version.pk).values_list("number", "title")[:VERSIONS_SHOWN],
        "current": deployment_on(day) if day else None,
        "simulations": version.simulations.select_related("run", "champion", "challenger")[:10],
        "waiting": request_of(version),
        "is_draft": version.status == VersionStatus.DRAFT,
        "is_discarded": version.status == VersionStatus.DISCARDED,
        "history": Event.objects.filter(subject_type="version", subject_id=version.pk).order_by("-pk")[:30],
        "may_write": may(request.user, WRITE),
    }
    return render(request, "strategy/strategy.html", context)


@require_GET
@needs("strategy.view_version")
def strategy_compare(request: HttpRequest, number: int) -> HttpResponse:
    """What one strategy does otherwise than another (`with`, by default the one that it is based on)."""
    version = get_object_or_404(Version.objects.select_related("based_on"), number=number)
    asked = number_in(request.GET.get("with", ""))
    if asked is None and version.based_on is None:
        return redirect("strategy-version", number=number)
    other = version.based_on if asked is None else get_object_or_404(Version, number=asked)
    assert other is not None
    called = names()

    def shown(rule: Rule | None) -> object:
        return called.in_words(rule) if rule else None

    context = {
        "version": version,
        "other": other,
        "rows": [
            (found, shown(found.before), shown(found.after))
            for found in differences(other.rules.select_related("queue"), version.rules.select_related("queue"))
        ],
    }
    return render(request, "strategy/compare.html", context)
