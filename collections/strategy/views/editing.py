"""Writing a strategy: a draft begun from another, changed rule by rule in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import BookError, Conflict
from accounts.forms import refuse
from approvals.models import RequestStatus
from cases.models import Queue
from runs.pages import elsewhere, is_part, number_in, page_or_part
from staff.permissions import needs, require
from staff.requests import user_of
from strategy.forms import DraftForm, RuleForm, with_edits
from strategy.models import Rule, Version, VersionStatus
from strategy.selectors import request_of
from strategy.services import versions as services
from strategy.words import names

SALT = "strategy.removed-rule"


@require_POST
def strategy_draft(request: HttpRequest) -> HttpResponse:
    """Begin a draft from another strategy, with its rules."""
    require(request.user, "strategy.add_version")
    form = DraftForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return redirect("strategies")
    made = services.draft(
        actor=user_of(request), title=form.cleaned_data["title"], based_on=form.cleaned_data["based_on"].pk
    )
    return redirect("strategy-edit", number=made.number)


@require_POST
def strategy_discard(request: HttpRequest, number: int) -> HttpResponse:
    """Give up the draft on the screen."""
    require(request.user, services.CHANGE)
    version = get_object_or_404(Version, number=number)
    seen = number_in(request.POST.get("seen_edits", ""))
    if seen is None:
        raise BadRequest
    try:
        services.discard(actor=user_of(request), version_id=version.pk, seen_edits=seen)
    except BookError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Strategy %(number)s is discarded.") % {"number": number})
    return redirect("strategy-version", number=number)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("strategy.change_version")
def strategy_edit(request: HttpRequest, number: int) -> HttpResponse:
    """The rules of a draft, and the form of one (`?rule=` its code, `?new=1`). HTMX gets the rules with what it asked for.

    What is no draft any more leads to its page.
    """
    version = get_object_or_404(Version, number=number)
    if version.status != VersionStatus.DRAFT:
        state = version.get_status_display()
        messages.info(
            request, _("Strategy %(number)s is “%(state)s” and stays as it is.") % {"number": number, "state": state}
        )
        return elsewhere(request, reverse("strategy-version", args=[number]))
    if request.method == "POST":
        return _changed(request, version)
    code = request.GET.get("rule", "")
    form = None
    if code:
        form = RuleForm(instance=get_object_or_404(version.rules, code=code), edits=version.edits)
    elif request.GET.get("new"):
        form = RuleForm(edits=version.edits)
    return _editor(request, version, form=form, opened=code)


def _changed(request: HttpRequest, version: Version) -> HttpResponse:
    """Do what a button says, and show the rules as they stand then."""
    verb, code = request.POST.get("verb", ""), request.POST.get("code", "")
    if verb == "save":
        return _saved(request, version)
    seen = number_in(request.POST.get("seen_edits", ""))
    if seen is None or verb not in VERBS:
        raise BadRequest
    asked: dict[str, Any] = {"actor": user_of(request), "seen_edits": seen}
    shown: dict[str, Any] = {}
    try:
        do = VERBS[verb]
        if do is None:
            shown = _restored(version, asked, request.POST.get("removed", ""))
        else:
            rule = version.rules.filter(code=code).first()
            if rule is None:
                raise Conflict(_("The rule “%(code)s” is no longer in this draft.") % {"code": code})
            shown = do(rule, asked)
    except BookError as error:
        shown["refused"] = str(error)
    except ValidationError as errors:
        shown["refused"] = " ".join(errors.messages)
    version.refresh_from_db()
    return _editor(request, version, status=409 if "refused" in shown else 200, **shown)


def _up(rule: Rule, asked: dict[str, Any]) -> dict[str, Any]:
    return _moved(rule, asked, rule.position - 1)


def _down(rule: Rule, asked: dict[str, Any]) -> dict[str, Any]:
    return _moved(rule, asked, rule.position + 1)


def _moved(rule: Rule, asked: dict[str, Any], position: int) -> dict[str, Any]:
    services.move_rule(**asked, rule_id=rule.pk, position=position)
    return {"said": _("“%(title)s” is moved.") % {"title": rule.title}}


def _copied(rule: Rule, asked: dict[str, Any]) -> dict[str, Any]:
    """A copy right below, under the first code that is free."""
    taken = set(rule.version.rules.values_list("code", flat=True))
    code = next(one for n in itertools.count(2) if (one := f"{rule.code[:36].rstrip('-')}-{n}") not in taken)
    fields = {name: getattr(rule, name) for name in services.FIELDS} | {"code": code}
    services.add_rule(**asked, version_id=rule.version_id, position=rule.position + 1, fields=fields)
    return {"said": _("“%(title)s” is copied: change what the copy shall do.") % {"title": rule.title}, "opened": code}


def _removed(rule: Rule, asked: dict[str, Any]) -> dict[str, Any]:
    fields = services.remove_rule(**asked, rule_id=rule.pk)
    # The page carries what it takes to put the rule back; signed, and checked again when it comes.
    kept = {
        name: str(value) if isinstance(value, Decimal) else value.pk if isinstance(value, Queue) else value
        for name, value in fields.items()
    }
    return {
        "said": _("“%(title)s” is taken out.") % {"title": rule.title},
        "removed": signing.dumps(kept, salt=SALT),
    }


def _restored(version: Version, asked: dict[str, Any], removed: str) -> dict[str, Any]:
    try:
        fields = signing.loads(removed, salt=SALT)
    except signing.BadSignature as error:
        raise BadRequest from error
    fields["queue"] = Queue.objects.filter(pk=fields["queue"]).first()
    position = fields.pop("position")
    rule = services.add_rule(**asked, version_id=version.pk, position=position, fields=fields)
    return {"said": _("“%(title)s” is back.") % {"title": rule.title}}


Verb = Callable[[Rule, dict[str, Any]], dict[str, Any]]
VERBS: dict[str, Verb | None] = {"up": _up, "down": _down, "copy": _copied, "remove": _removed, "restore": None}


def _saved(request: HttpRequest, version: Version) -> HttpResponse:
    """Save the open form: a rule changed, or a new one."""
    opened = request.POST.get("opened", "")
    rule = version.rules.filter(code=opened).first() if opened else None
    form = RuleForm(request.POST, instance=rule, edits=version.edits)
    if opened and rule is None:
        form.add_error(None, _("The rule “%(code)s” is no longer in this draft.") % {"code": opened})
    elif form.is_valid():
        asked: dict[str, Any] = {
            "actor": user_of(request),
            "seen_edits": form.cleaned_data["seen_edits"],
            "fields": form.values(),
        }
        try:
            if rule is None:
                saved = services.add_rule(**asked, version_id=version.pk)
            else:
                saved = services.change_rule(**asked, rule_id=rule.pk)
        except ValidationError as errors:
            form.add_found(errors)
        except BookError as error:
            version.refresh_from_db()
            # The rules are shown as they are now: what was typed stays, and is saved when the button is pressed again.
            form = RuleForm(with_edits(request.POST, version.edits), instance=rule, edits=version.edits)
            refuse(form, error)
        else:
            version.refresh_from_db()
            return _editor(request, version, said=_("“%(title)s” is saved.") % {"title": saved.title})
    version.refresh_from_db()
    return _editor(request, version, form=form, opened=opened, status=422)


def _editor(request: HttpRequest, version: Version, *, status: int = 200, **shown: Any) -> HttpResponse:
    called = names()
    waiting = request_of(version)
    # While somebody decides about it, it is only read; what was typed before that was known is shown all the same.
    locked = waiting is not None and waiting.status == RequestStatus.PENDING
    if locked and not (shown.get("form") and shown["form"].is_bound):
        shown["form"] = None
    context = {
        "version": version,
        "rules": called.in_order(version.rules.select_related("queue")),
        "waiting": waiting,
        "is_locked": locked,
        "editing": not locked,
        **shown,
    }
    # Who asked for the part alone gets what was refused in it: a part that comes with an error is not shown.
    return page_or_part(
        request, "strategy/edit.html", "strategy/_editor.html", context, status=200 if is_part(request) else status
    )
