"""Writing strategies: a draft, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max

from accounts.errors import Conflict
from approvals.models import RequestStatus
from audit.services import record
from runs import clock
from runs.said import said as _
from staff.models import User
from staff.permissions import require
from strategy.models import Rule, Version, VersionStatus
from strategy.rules import faults_of
from strategy.selectors import known, request_of
from strategy.sentences import say_fault

ADD, CHANGE = "strategy.add_version", "strategy.change_version"
MOST_RULES = 200
# A template may be written and named before it is approved; it is needed when the strategy is put in force.
_MAY_WAIT = ("unapproved",)
# What of a rule is copied and told; its place in the order is kept apart.
FIELDS = tuple(field.name for field in Rule._meta.concrete_fields if field.name not in ("id", "version", "position"))


@transaction.atomic
def draft(*, actor: User, title: str, based_on: int | None = None) -> Version:
    """A new draft, with the rules of the strategy `based_on` (its key), or with none.

    Raises:
        PermissionDenied: the actor does not write strategies.
        ValidationError: by field; no title.
    """
    require(actor, ADD)
    with connection.cursor() as cursor:
        # Two who begin at once get two numbers.
        cursor.execute("LOCK TABLE strategy_version IN SHARE ROW EXCLUSIVE MODE")
    number = (Version.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    version = Version(
        number=number,
        title=title.strip(),
        based_on=Version.objects.get(pk=based_on) if based_on else None,
        created_by=actor,
        created_by_name=str(actor)[:150],
        created_at=clock.now(),
    )
    version.full_clean()
    version.save()
    version.writers.add(actor)
    if version.based_on is not None:
        rules = list(version.based_on.rules.order_by("position", "id"))
        Rule.objects.bulk_create(
            Rule(version=version, position=place, **{name: getattr(rule, name) for name in FIELDS})
            for place, rule in enumerate(rules, start=1)
        )
    record(
        actor=actor,
        verb="strategy.drafted",
        subject=version,
        after={"number": number, "based_on": version.based_on.number if version.based_on else None},
    )
    return version


@transaction.atomic
def discard(*, actor: User, version_id: int, seen_edits: int) -> Version:
    """Give a draft up: it keeps its number and rules, and is neither edited, simulated nor activated any more. Locks the draft.

    Raises:
        PermissionDenied: the actor does not write strategies.
        Conflict: no draft, waiting for a decision or sent back, or edited since `seen_edits`.
    """
    version = _locked(actor, version_id, seen_edits)
    waiting = request_of(version)
    if waiting is not None:
        raise Conflict(
            _("Strategy %(number)s was sent back (request %(request)s). Withdraw that to discard it.")
            % {"number": version.number, "request": waiting}
        )
    version.status = VersionStatus.DISCARDED
    version.save(update_fields=["status"])
    record(actor=actor, verb="strategy.discarded", subject=version, after={"number": version.number})
    return version


def refuse_discarded(version: Version) -> None:
    """Refuse (Conflict) a strategy that was given up."""
    if version.status == VersionStatus.DISCARDED:
        raise Conflict(
            _("Strategy %(number)s is discarded. Begin a new one from it to go on.") % {"number": version.number}
        )


@transaction.atomic
def add_rule(
    *, actor: User, version_id: int, seen_edits: int, fields: Mapping[str, Any], position: int | None = None
) -> Rule:
    """A new rule of a draft, at the place `position` from 1 (None: the last). `fields` are the model's, by name. Locks the draft.

    Raises:
        PermissionDenied: the actor does not write strategies.
        Conflict: no draft, waiting for a decision, or edited since `seen_edits`.
        ValidationError: by field; what is wrong with the rule.
    """
    version = _locked(actor, version_id, seen_edits)
    rules = list(version.rules.order_by("position", "id"))
    if len(rules) >= MOST_RULES:
        raise Conflict(_("A strategy has at most %(most)s rules. Remove one first.") % {"most": MOST_RULES})
    rule = Rule(version=version, position=len(rules) + 1, **fields)
    _check(rule)
    rule.save()
    place = len(rules) if position is None else min(max(position - 1, 0), len(rules))
    _place([*rules[:place], rule, *rules[place:]])
    _edited(actor, version, "strategy.rule-added", None, _told(rule))
    return rule


@transaction.atomic
def change_rule(*, actor: User, rule_id: int, seen_edits: int, fields: Mapping[str, Any]) -> Rule:
    """Write `fields` of a draft's rule. Locks the draft. Raises as `add_rule`."""
    version, rule = _locked_rule(actor, rule_id, seen_edits)
    before = _told(rule)
    for name, value in fields.items():
        setattr(rule, name, value)
    _check(rule)
    rule.save()
    _edited(actor, version, "strategy.rule-changed", before, _told(rule))
    return rule


@transaction.atomic
def move_rule(*, actor: User, rule_id: int, seen_edits: int, position: int) -> Rule:
    """Give a draft's rule another place in the order, from 1; what is beyond the ends is the end. Raises as `add_rule`."""
    version, rule = _locked_rule(actor, rule_id, seen_edits)
    others = list(version.rules.exclude(pk=rule.pk).order_by("position", "id"))
    place = min(max(position - 1, 0), len(others))
    before = {"code": rule.code, "position": rule.position}
    _place([*others[:place], rule, *others[place:]])
    _edited(actor, version, "strategy.rule-moved", before, {"code": rule.code, "position": place + 1})
    return rule


@transaction.atomic
def remove_rule(*, actor: User, rule_id: int, seen_edits: int) -> dict[str, Any]:
    """Take a rule out of a draft; returns its fields and its place (`position`), with which `add_rule` puts it back.

    Raises as `add_rule`.
    """
    version, rule = _locked_rule(actor, rule_id, seen_edits)
    fields = {name: getattr(rule, name) for name in FIELDS} | {"position": rule.position}
    before = _told(rule)
    rule.delete()
    _place(list(version.rules.order_by("position", "id")))
    _edited(actor, version, "strategy.rule-removed", before, None)
    return fields


def _locked_rule(actor: User, rule_id: int, seen_edits: int) -> tuple[Version, Rule]:
    version = _locked(actor, Rule.objects.values_list("version_id", flat=True).get(pk=rule_id), seen_edits)
    return version, version.rules.get(pk=rule_id)


def _locked(actor: User, version_id: int, seen_edits: int) -> Version:
    require(actor, CHANGE)
    version = Version.objects.select_for_update(no_key=True).get(pk=version_id)
    refuse_discarded(version)
    if version.status != VersionStatus.DRAFT:
        raise Conflict(
            _("Strategy %(number)s is approved, and keeps its rules. Begin a new one from it.")
            % {"number": version.number}
        )
    waiting = request_of(version)
    if waiting is not None and waiting.status == RequestStatus.PENDING:
        raise Conflict(
            _("Strategy %(number)s waits for a decision (request %(request)s). Withdraw that to edit it.")
            % {"number": version.number, "request": waiting}
        )
    if version.edits != seen_edits:
        raise stale()
    return version


def stale() -> Conflict:
    """What is said to a screen that somebody else's edit made stale."""
    return Conflict(
        _(
            "Somebody edited this strategy since you opened it. Nothing was saved: look at it as it is now, and do it again."
        )
    )


def _check(rule: Rule) -> None:
    """Refuse (ValidationError, by field) a rule that makes no sense. The table's constraints say the same, in worse words."""
    rule.clean_fields()
    rule.clean()
    errors: dict[str, list[str]] = {}
    if Rule.objects.filter(version=rule.version, code=rule.code).exclude(pk=rule.pk).exists():
        errors["code"] = [
            _("A rule of this strategy has the code “%(code)s” already. Choose another.") % {"code": rule.code}
        ]
    for fault in faults_of(rule, known()):
        if fault.code not in _MAY_WAIT:
            errors.setdefault(fault.place, []).append(say_fault(fault))
    if errors:
        raise ValidationError(errors)


def _place(rules: Sequence[Rule]) -> None:
    for place, rule in enumerate(rules, start=1):
        rule.position = place
    Rule.objects.bulk_update(rules, ["position"])


def _edited(
    actor: User, version: Version, verb: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    version.edits += 1
    version.save(update_fields=["edits"])
    version.writers.add(actor)
    record(actor=actor, verb=verb, subject=version, before=before, after=after)


def _told(rule: Rule) -> dict[str, Any]:
    """What the record keeps of a rule: what it says, and nothing that is blank."""
    told = {name: getattr(rule, f"{name}_id" if name == "queue" else name) for name in FIELDS}
    return {name: value for name, value in told.items() if value not in (None, "", [])}
