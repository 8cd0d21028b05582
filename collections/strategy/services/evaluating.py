"""A step of the close of day: what the strategies in force do to whom on a day, and the doing of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from accounts.services.locks import lock_customers
from audit.services import SystemActor
from cases.services import call_tasks
from compliance.services import Candidate, Decided, decide_many
from reminders.models import ChannelControl, Template
from reminders.selectors import NOT_HELD
from reminders.services import Wanted, queue
from runs import clock
from runs.bulk import copy_rows
from runs.services import StepRun
from strategy.matching import TABLE, Fitting, match
from strategy.models import PROPOSED, WRITES, Action, Deployment, Outcome, Rule, Treatment
from strategy.reaching import Reached, Way, open_ways, reach
from strategy.retrying import after_refusal
from strategy.selectors import deployment_on
from strategy.services import proposing, repeating
from strategy.services.telling import tell
from strategy.services.ways import way_of, ways_of
from strategy.stock import stock_tonight

BATCH = 2_000
ACTOR = SystemActor("strategy")

# What was found, of the customers now locked, as far as it still holds: paid or put on hold since, an account is passed over.
_STILL = f"""FROM {TABLE} m JOIN accounts_account a ON a.id = m.account_id
     WHERE m.customer_id = ANY(%(customers)s) AND {NOT_HELD}
       AND (m.stage = 'before-due' OR EXISTS (SELECT FROM accounts_standing s WHERE s.account_id = m.account_id))"""
_FITTING = f"""SELECT m.customer_id, m.account_id, m.rule_id, m.code, m.anchor_on, m.arm, m.action, m.language, m.by_law,
           m.tried_until {_STILL}
       AND NOT m.held_out ORDER BY m.customer_id, m.account_id"""
# All but messages, of which the gate must be asked first.
_RECORD = f"""
    INSERT INTO strategy_treatment (business_day, customer_id, account_id, rule_id, code, anchor_on, arm, action, outcome,
           created_at)
    SELECT %(on)s, m.customer_id, m.account_id, m.rule_id, m.code, m.anchor_on, m.arm, m.action,
           CASE WHEN m.held_out THEN 'held-out' WHEN m.action = 'call' THEN 'call' ELSE 'proposed' END, %(now)s
      {_STILL} AND (m.held_out OR m.does <> 'message')
     ORDER BY m.customer_id, m.account_id
    RETURNING outcome"""
_COLUMNS = (
    *("business_day", "customer_id", "account_id", "rule_id", "code", "anchor_on", "arm", "action", "outcome"),
    *("message_id", "decision_id", "again_until", "created_at"),
)


class Person(NamedTuple):
    """Somebody to write to: for which accounts the rule fits, the first that the message names, and what it tells."""

    fitting: list[Fitting]
    account_id: int
    context: str

    @property
    def was_refused(self) -> bool:
        """Whether it is tried again."""
        return any(one.tried_until is not None for one in self.fitting)


@dataclass(frozen=True)
class Plan:
    """What holds for the whole step: its day, the rules by key, and of each that writes the ways to a person."""

    day: date
    rules: dict[int, Rule]
    ways: dict[int, list[Way]]


def strategy(run: StepRun) -> None:
    """Do what the strategies in force on `run.day` say: queue messages, ask for calls, open proposals, record the held out.

    A person gets one message at most, by the first rule in order that fits one of her accounts and by the first of its templates
    that the gate allows, now or at the next opening of the hours where she lives; it names all her accounts of that stage.
    First what the law demands and the gate refused as it went becomes due again.
    Accounts under a hold of contact or treatment are left out. Proposals about accounts that are not late any more lapse.
    In batches of customers, each one transaction with its decisions, messages, treatments, events and the run's cursor:
    killed at any point, it goes on behind the last batch, and whoever was treated that day is passed over.
    """
    _lapse(run)
    repeating.take_back(run.day)
    deployment = deployment_on(run.day)
    if deployment is None:
        return
    people = match(stock_tonight(run.day), deployment, run.day, after=run.cursor)
    run.expect(people)
    if people:
        plan = _plan(run.day, deployment)
        for customers in _batches():
            with transaction.atomic():
                run.advance(cursor=customers[-1], done=len(customers), **_treat(plan, customers))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


def _lapse(run: StepRun) -> None:
    while True:
        with transaction.atomic():
            lapsed = proposing.lapse(actor=ACTOR)
            if not lapsed:
                return
            run.advance(cursor=run.cursor, done=0, lapsed=lapsed)


def _plan(day: date, deployment: Deployment) -> Plan:
    versions = [key for key in (deployment.champion_id, deployment.challenger_id) if key is not None]
    rules = {rule.pk: rule for rule in Rule.objects.filter(version__in=versions)}
    names = {name for rule in rules.values() for name in rule.templates}
    own = {template.name: way_of(template) for template in Template.objects.filter(name__in=names)}
    return Plan(day, rules, ways_of(rules, own))


def _batches() -> Iterator[list[int]]:
    """The keys of the people found, in order, some at a time."""
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT customer_id FROM {TABLE} WHERE customer_id > %s ORDER BY 1 LIMIT %s", (last, BATCH)
            )
            keys = [key for (key,) in cursor.fetchall()]
        if not keys:
            return
        last = keys[-1]
        yield keys


def _treat(plan: Plan, customers: Sequence[int]) -> dict[str, int]:
    """Do what was found for these customers, whom it locks, in the caller's transaction; how much of what."""
    now = clock.now()
    of_batch: dict[str, Any] = {"customers": list(customers), "on": plan.day, "now": now}
    lock_customers(customers)
    with connection.cursor() as cursor:
        cursor.execute(_FITTING, of_batch)
        fitting = [Fitting(*row) for row in cursor.fetchall()]
        cursor.execute(_RECORD, of_batch)
        held_out = sum(outcome == Outcome.HELD_OUT for (outcome,) in cursor.fetchall())
    calls = {one.customer_id: one for one in reversed(fitting) if one.action == Action.CALL}
    return {
        **_write(plan, [one for one in fitting if one.action in WRITES], now),
        "calls": call_tasks.ask_many(
            actor=ACTOR, asked=[_asked(plan, one) for _customer, one in sorted(calls.items())]
        ),
        "proposed": proposing.open_many(
            actor=ACTOR,
            day=plan.day,
            proposed=[
                proposing.Proposed(one.account_id, one.customer_id, one.action, one.rule_id)
                for one in fitting
                if one.action in PROPOSED
            ],
        ),
        "held_out": held_out,
    }


def _asked(plan: Plan, one: Fitting) -> call_tasks.Asked:
    rule = plan.rules[one.rule_id]
    assert rule.queue_id is not None  # a constraint of the rule
    return call_tasks.Asked(one.customer_id, rule.queue_id, plan.day, rule.title, f"strategy: {rule.code}")


def _write(plan: Plan, fitting: Sequence[Fitting], now: datetime) -> dict[str, int]:
    """Queue what the gate allows of these messages, and record each; how many were queued, refused, and put off because every
    channel takes nothing new: these stay as they are, and the rule applies again the next day."""
    states = dict(ChannelControl.objects.values_list("channel", "state"))
    people = [(person, open_ways(plan.ways[person.fitting[0].rule_id], states)) for person in _people(plan, fitting)]

    def decide(channel: str, purpose: str, asked: Sequence[Person]) -> list[Decided]:
        return decide_many(
            actor=ACTOR,
            channel=channel,
            purpose=purpose,
            candidates=[
                Candidate(person.fitting[0].customer_id, person.account_id, is_again=person.was_refused)
                for person in asked
            ],
            at=now,
            postpone=True,
        )

    reached = [one for one in reach(people, decide) if one.answer is not None]
    going = [one for one in reached if one.way is not None]
    keys = queue(actor=ACTOR, business_day=plan.day, wanted=[_wanted(plan.day, one) for one in going])
    message_of = {one.person.fitting[0].customer_id: key for one, key in zip(going, keys, strict=True)}
    _record(plan, reached, message_of, now)
    return {"queued": len(going), "refused": len(reached) - len(going), "put_off": len(people) - len(reached)}


def _people(plan: Plan, fitting: Sequence[Fitting]) -> list[Person]:
    """Who is written to: of each rule's people those who have something to be told, in order of their keys."""
    whose: dict[int, list[Fitting]] = defaultdict(list)
    of_rule: dict[int, list[int]] = defaultdict(list)
    for one in fitting:
        if one.customer_id not in whose:
            of_rule[one.rule_id].append(one.customer_id)
        whose[one.customer_id].append(one)
    found: dict[int, Person] = {}
    for rule_id, customers in of_rule.items():
        rule = plan.rules[rule_id]
        told = tell(rule.stage, customers=customers, day=plan.day, days_to=rule.days_to)
        found |= {customer: Person(whose[customer], *told[customer]) for customer in customers if customer in told}
    return [found[customer] for customer in sorted(found)]


def _wanted(day: date, one: Reached[Person, Decided]) -> Wanted:
    first, way, answer = one.person.fitting[0], one.way, one.answer
    assert way is not None
    assert answer is not None
    return Wanted(
        f"{first.code}:{first.customer_id}:{day.isoformat()}",
        first.customer_id,
        one.person.account_id,
        way.template,
        way.version,
        first.language,
        way.channel,
        way.purpose,
        way.kind,
        one.person.context,
        answer,
    )


def _record(plan: Plan, reached: Sequence[Reached[Person, Decided]], message_of: dict[int, int], now: datetime) -> None:
    """A treatment for each account for which the rule fitted; what was refused as it was before is added to that attempt's."""
    rows = [kept for one in reached for kept in _kept(plan, one, message_of)]
    again = [kept for kept in rows if kept.message_id is None and kept.fits.tried_until is not None]
    alike = repeating.repeated(day=plan.day, refused=again)
    copy_rows(
        Treatment,
        _COLUMNS,
        (
            (
                *(plan.day, fits.customer_id, fits.account_id, fits.rule_id, fits.code, fits.anchor_on, fits.arm),
                *(fits.action, outcome, message, decision, again_until, now),
            )
            for fits, outcome, message, decision, again_until in rows
            if (fits.account_id, fits.code, fits.anchor_on) not in alike
        ),
    )


def _kept(plan: Plan, one: Reached[Person, Decided], message_of: dict[int, int]) -> Iterator[repeating.Kept]:
    """Each account for which the rule fitted, and what is kept of it."""
    assert one.answer is not None
    for fits in one.person.fitting:
        message = message_of.get(fits.customer_id)
        outcome, again_until = Outcome.QUEUED.value, None
        if message is None:
            outcome, again_until = after_refusal(
                plan.day,
                passes=one.passes,
                by_law=fits.by_law,
                retry_days=plan.rules[fits.rule_id].retry_days,
                tried_until=fits.tried_until,
            )
        yield repeating.Kept(fits, outcome, message, one.answer.decision_id, again_until)
