"""The one gate: every contact asks here first, and every answer is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, ContactPoint, Customer
from audit.services import Actor, record
from compliance.models import ContactDecision, ContactRule
from compliance.rules import CONTACT_HOURS, CONTACT_POINT, Facts, Rule, is_usable, parse_hours
from compliance.selectors import PACK, contact_facts, rulebook
from runs import clock
from runs.bulk import copy_rows, reserve_keys


class Candidate(NamedTuple):
    """A contact that somebody wants. Without a contact point the gate takes the person's most usable one."""

    customer_id: int
    account_id: int | None = None
    contact_point_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What the gate answered to one candidate, as recorded under `decision_id`, for the moment `at`."""

    decision_id: int
    customer_id: int
    contact_point_id: int | None
    allowed: bool
    rule: str
    at: datetime
    next_allowed_at: datetime | None


_COLUMNS = (
    *("id", "customer_id", "contact_point_id", "account_id", "channel", "purpose", "at", "decided_at"),
    *("actor_id", "actor_name", "allowed", "rule", "rule_version", "next_allowed_at"),
)


@transaction.atomic
def decide_many(
    *,
    actor: Actor,
    channel: str,
    purpose: str,
    candidates: Sequence[Candidate],
    at: datetime,
    postpone: bool = False,
) -> list[Decided]:
    """Decide and record each candidate's contact at `at`, allowed or refused, in the candidates' order.

    With `postpone`, one whom only the hour refuses is decided for the next moment at which she may be contacted
    instead: the moment of its `Decided.at`. Costs four statements, however many the candidates.
    """
    if not candidates:
        return []
    rules = rulebook()
    decided_at, actor_name = clock.now(), str(actor)[:150]
    facts = contact_facts(channel=channel, asked=[(c.customer_id, c.contact_point_id) for c in candidates])
    keys = reserve_keys(ContactDecision, len(candidates))
    answers: list[Decided] = []
    rows: list[tuple[Any, ...]] = []
    for key, candidate, (point, known) in zip(keys, candidates, facts, strict=True):
        moment, verdict = at, rules.decide(known, at)
        if postpone and verdict.next_allowed_at is not None:
            moment = verdict.next_allowed_at
            verdict = rules.decide(known, moment)
        point = point or candidate.contact_point_id
        answers.append(
            Decided(key, candidate.customer_id, point, verdict.allowed, verdict.rule, moment, verdict.next_allowed_at)
        )
        rows.append(
            (
                *(key, candidate.customer_id, point, candidate.account_id, channel, purpose, moment, decided_at),
                *(actor.pk, actor_name, verdict.allowed, verdict.rule, verdict.rule_version, verdict.next_allowed_at),
            )
        )
    copy_rows(ContactDecision, _COLUMNS, rows)
    return answers


def may_contact(
    *,
    actor: Actor,
    customer: Customer,
    contact_point: ContactPoint,
    channel: str,
    purpose: str,
    account: Account | None = None,
    at: datetime | None = None,
) -> ContactDecision:
    """Decide and record whether this person may be contacted there and so, now or at `at`.

    A refusal is an answer, not an error: look at `allowed`, `rule` and `next_allowed_at`.
    """
    candidate = Candidate(customer.pk, account.pk if account else None, contact_point.pk)
    (answer,) = decide_many(actor=actor, channel=channel, purpose=purpose, candidates=[candidate], at=at or clock.now())
    return ContactDecision.objects.get(pk=answer.decision_id)


@transaction.atomic
def add_rule(
    *, actor: Actor, code: str, effective_from: date, parameters: Mapping[str, Any], source: str, pack: str = PACK
) -> ContactRule:
    """Put the next version of a rule in force from a date on. Versions are never changed: decisions name them.

    Raises:
        ValidationError: the gate would not understand the rule, and so refuse every contact under it.
    """
    check_rule(pack=pack, code=code, effective_from=effective_from, parameters=parameters)
    latest = ContactRule.objects.select_for_update().filter(pack=pack, code=code).order_by("-version").first()
    version = latest.version + 1 if latest else 1
    rule = ContactRule(
        pack=pack, code=code, version=version, effective_from=effective_from, parameters=parameters, source=source
    )
    rule.full_clean()
    rule.save()
    record(
        actor=actor,
        verb="contact-rule.added",
        subject=rule,
        before={"version": latest.version, "parameters": latest.parameters} if latest else None,
        after={"rule": str(rule), "effective_from": effective_from, "parameters": dict(parameters), "source": source},
    )
    return rule


def check_rule(*, code: str, effective_from: date, parameters: Mapping[str, Any], pack: str = PACK) -> None:
    """Refuse a rule that would close the gate for everybody because it makes no sense, or has its date taken.

    Raises:
        ValidationError: by field.
    """
    rule = Rule(code, 0, effective_from, parameters)
    understood = {
        CONTACT_HOURS: lambda: parse_hours(rule) is not None,
        CONTACT_POINT: lambda: is_usable(Facts("", ""), rule) is not None,
    }
    if not isinstance(parameters, dict) or code not in understood or not understood[code]():
        raise ValidationError({"parameters": _("The gate does not understand this rule.")})
    if ContactRule.objects.filter(pack=pack, code=code, effective_from=effective_from).exists():
        raise ValidationError({"effective_from": _("A version of this rule starts on that day already.")})
