"""The one gate: every contact asks here first, and every answer is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.dated import check_ahead
from accounts.errors import Invalid
from accounts.models import Account, ContactPoint, Customer
from accounts.services.locks import lock_customers
from audit.services import Actor, record
from compliance.models import Channel, ContactDecision, ContactRule, Purpose
from compliance.rules import EXAMPLES, PACKS, RESERVED, Facts, Past, Rule, Rulebook, Senseless, Verdict, parse
from compliance.selectors import PACK, facts_of, rulebook
from compliance.sentences import say_senseless
from runs import clock
from runs.bulk import copy_text, reserve_keys
from runs.texts import listed


class Candidate(NamedTuple):
    """A contact that somebody wants. Without a contact point the gate takes the person's most usable one.

    `replaces_id`: an earlier decision for the same contact, which gives up the place that it holds. `is_again`: it was refused
    before, and where the gate says the same of it still, that decision is the answer and no copy of it is written.
    """

    customer_id: int
    account_id: int | None = None
    contact_point_id: int | None = None
    replaces_id: int | None = None
    is_again: bool = False


class Decided(NamedTuple):
    """What the gate answered to one candidate, as recorded under `decision_id`, for the moment `at`; `postponed_by`: the rule for
    which it has to wait until then."""

    decision_id: int
    customer_id: int
    contact_point_id: int | None
    allowed: bool
    rule: str
    at: datetime
    next_allowed_at: datetime | None
    reserved_until: datetime | None = None
    postponed_by: str = ""


class _Row(NamedTuple):
    """A decision, column by column, but for what all of a batch share."""

    id: int
    customer_id: int
    contact_point_id: int | None
    account_id: int | None
    at: datetime
    allowed: bool
    pack: str
    rule: str
    rule_version: int
    next_allowed_at: datetime | None
    reserved_until: datetime | None
    replaces_id: int | None

    @property
    def says(self) -> tuple[object, ...]:
        """What it tells of the contact asked for, whenever that was: the columns of `_SAID`."""
        return (self.contact_point_id, self.allowed, self.pack, self.rule, self.rule_version, self.next_allowed_at)


# A message that has to wait longer than this says nothing new any more: it is refused instead.
LONGEST_POSTPONEMENT = timedelta(days=3)
# Attempts are counted at the number: those who share a verified one are locked together. One that is not is barred anyway.
_LOCK_WITH_SHARERS = """
    SELECT FROM accounts_customer WHERE id = ANY(%s::bigint[] || ARRAY(
        SELECT o.customer_id FROM accounts_contactpoint p JOIN accounts_contactpoint o USING (kind, value_index)
         WHERE p.customer_id = ANY(%s) AND p.verification = 'verified' AND kind IN ('mobile', 'phone')
           AND o.customer_id <> p.customer_id))
     ORDER BY id FOR NO KEY UPDATE"""
# The last word about each person and debt, by a channel and for a purpose.
_SAID = """
    SELECT DISTINCT ON (customer_id, account_id) customer_id, account_id, id,
           contact_point_id, allowed, pack, rule, rule_version, next_allowed_at
      FROM compliance_contactdecision
     WHERE customer_id = ANY(%s) AND channel = %s AND purpose = %s
     ORDER BY customer_id, account_id, id DESC"""


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

    Locks the customers (for calls also who shares a verified number with them), in order of their keys, so that no two can
    both be given the last place under a cap; an allowed decision holds its place until `reserved_until`, for the candidates
    after it too. With `postpone`, one to whom waiting for some days helps is decided for the next moment at which she may
    be contacted instead: the moment of its `Decided.at`. Costs five statements, however many the
    candidates, and one or two more where someone is flagged; another where something is asked again.

    Raises:
        Invalid: nobody is contacted by that channel, or for that purpose (that somebody came to us is `register.log_inbound`'s
            to enter).
    """
    _check_asked(channel, purpose)
    if not candidates:
        return []
    rows = _decide_all(actor, _shared(actor, channel, purpose), candidates, at, postpone=postpone)
    return [
        Decided(
            row.id,
            row.customer_id,
            row.contact_point_id,
            row.allowed,
            row.rule,
            row.at,
            row.next_allowed_at,
            row.reserved_until,
            postponed_by,
        )
        for row, postponed_by in rows
    ]


def _decide_all(
    actor: Actor, shared: Mapping[str, Any], candidates: Sequence[Candidate], at: datetime, *, postpone: bool
) -> list[tuple[_Row, str]]:
    """The decisions, as written with what they share, each with the rule that postponed it."""
    channel, purpose = shared["channel"], shared["purpose"]
    customers = [candidate.customer_id for candidate in candidates]
    if channel == Channel.VOICE:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_WITH_SHARERS, [customers, customers])
    else:
        lock_customers(customers)
    rules = rulebook()
    known = facts_of(
        channel=channel,
        purpose=purpose,
        asked=[(c.customer_id, c.contact_point_id, c.account_id) for c in candidates],
        at=at,
        actor=actor,
        rules=rules,
        replaced={(c.customer_id, c.replaces_id) for c in candidates if c.replaces_id is not None},
    )
    taken: dict[int, list[Past]] = {}
    rows: list[tuple[_Row, str]] = []
    said = _said(channel, purpose, [c.customer_id for c in candidates if c.is_again])
    written: list[_Row] = []
    keys = reserve_keys(ContactDecision, len(candidates))
    for key, candidate, (customer, point, facts) in zip(keys, candidates, known, strict=True):
        if customer in taken:
            facts = facts._replace(history=[*facts.history, *taken[customer]])
        moment, verdict = decide_for(rules, facts, at, postpone=postpone)
        until = rules.reserved_until(facts, moment) if verdict.allowed else None
        if until:
            place = Past(moment, RESERVED, channel, point, candidate.account_id, False, until)
            taken.setdefault(customer, []).append(place)
        point = point or candidate.contact_point_id
        row = _Row(
            *(key, customer, point, candidate.account_id, moment, verdict.allowed, facts.pack),
            *(verdict.rule, verdict.rule_version, verdict.next_allowed_at, until, candidate.replaces_id),
        )
        before, says = said.get((customer, candidate.account_id), (None, ()))
        if candidate.is_again and before is not None and not row.allowed and says == row.says:
            row = row._replace(id=before)
        else:
            written.append(row)
        rows.append((row, verdict.postponed_by))
    copy_text(ContactDecision, _Row._fields, written, same=shared)
    return rows


def _shared(actor: Actor, channel: str, purpose: str) -> dict[str, Any]:
    """The columns in which all decisions of a batch are alike."""
    return {
        "channel": channel,
        "purpose": purpose,
        "decided_at": clock.now(),
        "actor_id": actor.pk,
        "actor_name": str(actor)[:150],
    }


def _said(
    channel: str, purpose: str, customers: Sequence[int]
) -> dict[tuple[int, int | None], tuple[int, tuple[object, ...]]]:
    """The last decision about each debt of these customers, whom the caller holds: its key, and what it says."""
    if not customers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [list(customers), channel, purpose])
        return {(customer, account): (key, tuple(says)) for customer, account, key, *says in cursor.fetchall()}


def decide_for(rules: Rulebook, facts: Facts, at: datetime, *, postpone: bool) -> tuple[datetime, Verdict]:
    """The verdict and its moment: `at`, or with `postpone` a later one where waiting for some days helps. Pure."""
    if postpone:
        return rules.decide_or_postpone(facts, at, LONGEST_POSTPONEMENT)
    return at, rules.decide(facts, at)


def _check_asked(channel: str, purpose: str) -> None:
    if channel not in Channel.values:
        raise Invalid(
            _("“%(channel)s” is no channel of contact. Choose one of: %(channels)s.")
            % {"channel": channel, "channels": listed(Channel.values)},
            "channel",
        )
    outbound = [one for one in Purpose.values if one != Purpose.INBOUND]
    if purpose not in outbound:
        raise Invalid(
            _("The gate is not asked for the purpose “%(purpose)s”. Choose one of: %(purposes)s.")
            % {"purpose": purpose, "purposes": listed(outbound)},
            "purpose",
        )


@transaction.atomic
def may_contact(
    *,
    actor: Actor,
    customer: Customer,
    contact_point: ContactPoint | None,
    channel: str,
    purpose: str,
    account: Account | None = None,
    at: datetime | None = None,
    replaces: ContactDecision | None = None,
) -> ContactDecision:
    """Decide and record whether this person may be contacted there and so, now or at `at`. Locks the customer.

    A refusal is an answer, not an error: look at `allowed`, `rule` and `next_allowed_at`. An allowed decision holds its
    place under the caps until `reserved_until`, or until a contact uses it or another decision `replaces` it.

    Raises:
        Invalid: as `decide_many`.
    """
    _check_asked(channel, purpose)
    candidate = Candidate(
        customer.pk,
        account.pk if account else None,
        contact_point.pk if contact_point else None,
        replaces.pk if replaces else None,
    )
    shared = _shared(actor, channel, purpose)
    ((row, _postponed_by),) = _decide_all(actor, shared, [candidate], at or clock.now(), postpone=False)
    decision = ContactDecision(**row._asdict(), **shared)
    decision._state.adding, decision._state.db = False, connection.alias
    return decision


@transaction.atomic
def add_rule(
    *, actor: Actor, code: str, effective_from: date, parameters: Mapping[str, Any], source: str, pack: str = PACK
) -> ContactRule:
    """Put the next version of a rule in force from a day to come on. Versions are never changed: decisions name them.

    Raises:
        ValidationError: it would begin today or before, or the gate would not understand the rule, and so refuse every contact
            under it.
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
    """Refuse a rule that would close the gate for everybody because it makes no sense, has its date taken, or would say of what
    was decided already that it was decided otherwise.

    Raises:
        ValidationError: by field.
    """
    if code not in PACKS.get(pack, ()):
        raise ValidationError(
            {
                "code": ValidationError(
                    _("“%(code)s” is no rule of the pack “%(pack)s”. Choose one of: %(codes)s."),
                    params={"code": code, "pack": pack, "codes": listed(PACKS.get(pack, ())) or "–"},
                )
            }
        )
    try:
        parse(Rule(code, 0, effective_from, parameters, pack))
    except Senseless as why:
        raise ValidationError(
            {
                "parameters": ValidationError(
                    _("The gate does not understand this rule. %(why)s. An example: %(example)s"),
                    params={"why": say_senseless(why), "example": json.dumps(EXAMPLES[code])},
                )
            }
        ) from why
    try:
        check_ahead(effective_from)
    except Invalid as early:
        raise ValidationError({"effective_from": str(early)}) from early
    if ContactRule.objects.filter(pack=pack, code=code, effective_from=effective_from).exists():
        raise ValidationError({"effective_from": _("A version of this rule starts on that day already.")})
