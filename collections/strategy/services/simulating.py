"""What a strategy would have done on the last closed days. It writes nothing but its result, and locks no row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Sum

from audit.services import SystemActor
from compliance.rules import Facts, Past, Rulebook, Verdict
from compliance.rules.outcomes import MESSAGE
from compliance.selectors import facts_of, rulebook
from compliance.services.gate import decide_for
from reminders.channels.registry import provider_of
from reminders.models import Message, MessageStatus, TemplateVersion, VersionStatus
from reminders.rendering import Due, render, sms_length, texts_of
from reminders.selectors import price_of
from runs import clock
from runs.models import JobRun
from runs.services import advance
from strategy.history import prepare, stock_on
from strategy.matching import TABLE, Earlier, match
from strategy.models import WRITES, Deployment, Outcome, Rule, Simulation
from strategy.reaching import Way, reach
from strategy.retrying import after_refusal
from strategy.services.ways import way_of, ways_of
from strategy.tally import CALL, HELD_OUT, PROPOSED, SENT, WITHHELD, Tally

ACTOR = SystemActor("simulation")
# When the close runs (`delinquency.cron`): what it queues leaves when the hours open.
NIGHT = time(23, 30)
BATCH = 5000

_SIMULATED = """
    DROP TABLE IF EXISTS strategy_simulated;
    CREATE TEMPORARY TABLE strategy_simulated (
        customer_id bigint, account_id bigint, code text, anchor_on date, business_day date, outcome text, again_until date);
    CREATE INDEX ON strategy_simulated (customer_id, business_day)"""
_KEEP = f"""
    INSERT INTO strategy_simulated
    SELECT m.customer_id, m.account_id, m.code, m.anchor_on, %(day)s, coalesce(r.outcome, ''), r.again_until
      FROM {TABLE} m
      LEFT JOIN unnest(%(accounts)s::bigint[], %(rules)s::bigint[], %(outcomes)s::text[], %(untils)s::date[])
             AS r (account_id, rule_id, outcome, again_until) ON r.account_id = m.account_id AND r.rule_id = m.rule_id"""
# Before the first day what was really done counts; from then on what would have been.
_EARLIER = """
    SELECT customer_id, account_id, code, anchor_on, business_day, outcome, again_until
      FROM strategy_treatment WHERE business_day < %(simulated_from)s
    UNION ALL
    SELECT customer_id, account_id, code, anchor_on, business_day, outcome, again_until FROM strategy_simulated"""
# Of what was refused alike on several evenings, those of the days; it was tried on each of them, or nearly.
_REALLY = """
    SELECT outcome, sum(least(
               attempts, least(coalesce(tried_on, business_day), %(last)s) - greatest(business_day, %(first)s) + 1))::int
      FROM strategy_treatment
     WHERE business_day BETWEEN %(first)s AND %(last)s
        OR business_day < %(first)s AND again_until IS NOT NULL AND again_until >= %(first)s AND tried_on >= %(first)s
     GROUP BY 1"""
_MATCHED = f"""
    SELECT customer_id, array_agg(account_id ORDER BY account_id), rule_id, action, arm, language, held_out, by_law,
           array_agg(tried_until ORDER BY account_id)
      FROM {TABLE}
     GROUP BY customer_id, rule_id, action, arm, language, held_out, by_law, whose
     ORDER BY customer_id"""


class _Person(NamedTuple):
    """Whom a rule fits: a row of the match, all her accounts together where it is about the person."""

    customer_id: int
    accounts: list[int]
    rule_id: int
    action: str
    arm: str
    language: str
    held_out: bool
    by_law: bool
    tried_until: list[date | None]


class _Refused(NamedTuple):
    """What the gate would have refused of an account, as `after_refusal` keeps it."""

    account_id: int
    rule_id: int
    outcome: str
    again_until: date | None


class _Known(NamedTuple):
    """What the gate knows of a person; `shape` is the same for all of whom it knows the same, but for their contacts."""

    facts: Facts
    shape: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the gate would have said, for which moment of which zone."""

    allowed: bool
    rule: str
    at: datetime
    next_allowed_at: datetime | None
    zone: str


def run_simulation(simulation: Simulation, run: JobRun | None = None) -> dict[str, Any]:
    """Simulate day by day and keep the result; `run` shows how far it is.

    Everything is read as of one moment, in one transaction. Of the past the book tells what `history` says it does; how people
    may be reached is taken as it is now; what was really sent by itself in these days is not counted, what staff did is.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        result = _Nights(simulation).through(run)
    simulation.result = result
    simulation.save(update_fields=["result"])
    return result


class _Nights:
    """The simulated nights, one after the other, and what they remember of each other."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        latest = Deployment.objects.order_by("-effective_from", "-id").first()
        self.split = Deployment(
            champion_id=simulation.champion_id,
            challenger_id=simulation.challenger_id,
            challenger_percent=simulation.challenger_percent,
            holdout_percent=simulation.holdout_percent,
            salt=latest.salt if latest else "simulation",
        )
        self.first, self.last = simulation.first_day, simulation.last_day
        self.rules = {
            rule.pk: rule
            for rule in Rule.objects.filter(version__in=self._versions())
            .select_related("version")
            .order_by("version__number", "position", "id")
        }
        self.book: Rulebook = rulebook()
        self.tally = Tally()
        self.proposed: set[tuple[int, str]] = set()
        # What the gate knows of a person by channel and account, and what was simulated of her by channel.
        self.known: dict[tuple[str, int, int | None], _Known] = {}
        self.contacts: dict[tuple[str, int], list[Past]] = {}
        self.shapes: dict[str, int] = {}
        self.answered: dict[tuple[Any, ...], tuple[datetime, Verdict]] = {}
        self.ways, self.unapproved = self._ways()
        self.prices: dict[tuple[str, int, str], tuple[Decimal | None, str]] = {}

    def through(self, run: JobRun | None) -> dict[str, Any]:
        """Every day in order; the whole result."""
        days = [self.first + timedelta(days=n) for n in range(self.simulation.days)]
        prepare(self.first, self.last)
        with connection.cursor() as cursor:
            cursor.execute(_SIMULATED)
        earlier = Earlier(_EARLIER, {"simulated_from": self.first})
        for number, day in enumerate(days):
            match(stock_on(day), self.split, day, earlier=earlier)
            with connection.cursor() as cursor:
                cursor.execute(_MATCHED)
                people = [_Person(*row) for row in cursor.fetchall()]
            refused = self._one(day, people)
            with connection.cursor() as cursor:
                accounts, rules, outcomes, untils = [list(column) for column in zip(*refused, strict=True)] or [[]] * 4
                of_day: dict[str, Any] = {
                    "day": day,
                    "accounts": accounts,
                    "rules": rules,
                    "outcomes": outcomes,
                    "untils": untils,
                }
                cursor.execute(_KEEP, of_day)
                cursor.execute("ANALYZE strategy_simulated")
            if run is not None:
                advance(run, done=number + 1, total=len(days))
        shown = {
            key: {
                "code": rule.code,
                "title": rule.title,
                "version": rule.version.number,
                "action": rule.action,
                "unapproved_templates": self.unapproved[key],
            }
            for key, rule in self.rules.items()
        }
        return {**self.tally.result(days, shown), "really": really(self.first, self.last)}

    def _one(self, day: date, people: Iterable[_Person]) -> list[_Refused]:
        """What one night would have done of whom the rules fit; what the gate would have refused."""
        written: list[_Person] = []
        for person in people:
            if person.held_out:
                self._happened(day, person, HELD_OUT)
            elif person.action in WRITES and not self.ways[person.rule_id]:
                self.tally.unapproved[person.rule_id] += 1
            elif person.action in WRITES:
                written.append(person)
            elif person.action == "call":
                self._happened(day, person, CALL)
            elif (proposal := (person.accounts[0], person.action)) not in self.proposed:
                self.proposed.add(proposal)
                self.tally.proposals[person.action] += 1
                self._happened(day, person, PROPOSED)
        night = datetime.combine(day, NIGHT, clock.begins(day).tzinfo)
        self.answered.clear()
        refused: list[_Refused] = []
        for start in range(0, len(written), BATCH):
            refused += self._write(day, night, written[start : start + BATCH])
        return refused

    def _write(self, day: date, night: datetime, people: Sequence[_Person]) -> Iterator[_Refused]:
        def decide(channel: str, purpose: str, asked: Sequence[_Person]) -> list[_Answer]:
            return self._decide(channel, purpose, asked, night)

        for reached in reach([(person, self.ways[person.rule_id]) for person in people], decide):
            person, way, answer = reached.person, reached.way, reached.answer
            if way is None or answer is None:
                self._happened(day, person, WITHHELD)
                self.tally.by_refusal[answer.rule if answer else "no-way"] += 1
                for account, tried_until in zip(person.accounts, person.tried_until, strict=True):
                    outcome, until = after_refusal(
                        day,
                        passes=reached.passes,
                        by_law=person.by_law,
                        retry_days=self.rules[person.rule_id].retry_days,
                        tried_until=tried_until,
                    )
                    yield _Refused(account, person.rule_id, outcome, until)
                continue
            self._happened(day, person, SENT)
            price, currency = self._price(way, person.language)
            self.tally.sent(person.customer_id, way.channel, answer.at, answer.zone, price, currency)

    def _happened(self, day: date, person: _Person, what: str) -> None:
        self.tally.happened(day, person.rule_id, person.arm, what, person.customer_id)

    def _decide(self, channel: str, purpose: str, people: Sequence[_Person], at: datetime) -> list[_Answer]:
        """The gate's answers, each with what was simulated of the person before; an allowed message counts as sent.

        Messages are counted in their channel, whoever's and wherever: people of whom the same is known, and who had contacts at
        the same moments, get the same answer, asked for once.
        """
        self._know(channel, purpose, people)
        since = at - timedelta(days=self.book.looks_back(channel) + 1)
        answers = []
        for person in people:
            known = self.known[channel, person.customer_id, person.accounts[0]]
            contacts = self.contacts.setdefault((channel, person.customer_id), [])
            # What was simulated may be for a later moment, as a place that is held is; what staff did later is not known yet.
            history = [past for past in known.facts.history if since <= past.at <= at]
            history += [past for past in contacts if past.at >= since]
            asked = (known.shape, purpose, at, *((past.at, past.what, past.inbound, past.echo) for past in history))
            answer = self.answered.get(asked)
            if answer is None:
                told = known.facts._replace(purpose=purpose, history=history)
                answer = self.answered[asked] = decide_for(self.book, told, at, postpone=True)
            moment, verdict = answer
            if verdict.allowed:
                contacts.append(Past(moment.astimezone(UTC), MESSAGE, channel))
            answers.append(
                _Answer(verdict.allowed, verdict.rule, moment, verdict.next_allowed_at, known.facts.time_zone)
            )
        return answers

    def _know(self, channel: str, purpose: str, people: Sequence[_Person]) -> None:
        """Read the facts of those not read yet; once for the whole simulation."""
        wanted = [(channel, person.customer_id, person.accounts[0]) for person in people]
        new = [key for key in dict.fromkeys(wanted) if key not in self.known]
        if not new:
            return
        begins = clock.begins(self.first)
        found = facts_of(
            channel=channel,
            purpose=purpose,
            asked=[(customer, None, account) for _channel, customer, account in new],
            at=begins,
            actor=ACTOR,
            rules=self.book,
            # No place that was really held is held in the simulation.
            held_at=datetime.max.replace(tzinfo=UTC),
            no_batch_from=begins,
        )
        for key, known in zip(new, found, strict=True):
            alike = repr(known.facts._replace(point=None, account=None, history=()))
            self.known[key] = _Known(known.facts, self.shapes.setdefault(alike, len(self.shapes)))

    def _versions(self) -> list[int]:
        return [key for key in (self.split.champion_id, self.split.challenger_id) if key is not None]

    def _ways(self) -> tuple[dict[int, list[Way]], dict[int, list[str]]]:
        """The ways of each rule, in the order in which they are tried, and its templates of which no version is approved: by
        those nothing goes, and the strategy is not put in force with them."""
        wanted = {name for rule in self.rules.values() for name in rule.templates}
        approved = TemplateVersion.objects.filter(template__name__in=wanted, status=VersionStatus.APPROVED)
        found = {
            version.template.name: way_of(version.template, version.number)
            for version in approved.select_related("template")
        }
        rules = self.rules.items()
        unapproved = {key: [name for name in rule.templates if name not in found] for key, rule in rules}
        return ways_of(self.rules, found), unapproved

    def _price(self, way: Way, language: str) -> tuple[Decimal | None, str]:
        """What a message of that template would cost, of usual length."""
        key = (way.template, way.version, language)
        if key not in self.prices:
            each, currency = price_of(way.channel, provider_of(way.channel), self.last)
            parts = self._parts(way, language) if way.channel == "sms" else 1
            self.prices[key] = (None if each is None else each * parts, currency)
        return self.prices[key]

    def _parts(self, way: Way, language: str) -> int:
        text = self._texts.get((way.template, way.version), {}).get(language)
        due = [Due("A-1001", "CNY", Decimal("1234.50"), self.last)]
        try:
            return sms_length(render(text, language, {"customer_name": "王**", "dues": due})).parts if text else 1
        except KeyError:
            return 1

    @cached_property
    def _texts(self) -> dict[tuple[str, int], dict[str, Any]]:
        return texts_of((way.template, way.version) for ways in self.ways.values() for way in ways)


def really(first: date, last: date) -> dict[str, Any]:
    """What the treatments of these days were, to set beside the simulated ones: each attempt of these days. `sent` are those that
    were queued, as in a simulation, and `became` says what came of them by now. Four queries."""
    days = (first, last)
    with connection.cursor() as cursor:
        cursor.execute(_REALLY, {"first": first, "last": last})
        outcomes = dict(cursor.fetchall())
    messages = Message.objects.filter(business_day__range=days).exclude(status=MessageStatus.CANCELLED)
    became = messages.values_list("status").annotate(n=Count("pk")).order_by("-n", "status")
    by_channel = messages.values_list("channel").annotate(n=Count("pk")).order_by("-n")
    cost = (
        messages.exclude(cost=None)
        .values_list("channel", "cost_currency")
        .annotate(total=Sum("cost"))
        .order_by("channel")
    )
    return {
        "sent": messages.count(),
        "people": messages.values("customer").distinct().count(),
        "withheld": outcomes.get(Outcome.REFUSED, 0) + outcomes.get(Outcome.AGAIN, 0),
        "held_out": outcomes.get(Outcome.HELD_OUT, 0),
        "call": outcomes.get(Outcome.CALL, 0),
        "proposed": outcomes.get(Outcome.PROPOSED, 0),
        "became": [[status, number] for status, number in became],
        "by_channel": [[channel, number] for channel, number in by_channel],
        "cost": [[channel, currency, f"{total:.2f}"] for channel, currency, total in cost],
    }
