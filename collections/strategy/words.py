"""A rule of a strategy in the reader's words: to whom it applies, what it does, and how often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import OverdueKind, Product, RiskClass
from cases.models import Queue
from compliance.models import Channel
from reminders.models import MessageKind, Template
from strategy.models import WRITES, Action, PromiseState, Rule, Stage
from strategy.order import behind
from strategy.rules import doubts_of, faults_of
from strategy.selectors import known
from strategy.sentences import say_fault


@dataclass(frozen=True)
class RuleInWords:
    """A rule with its sentences, in the reader's language."""

    rule: Rule
    conditions: list[str]
    treatment: str
    repetition: str
    # What becomes of a message that the gate refuses; blank for what is no message.
    trying_again: str
    # That another takes its place for ever, that it fits nobody, or what keeps the strategy from being put in force.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """What the codes in rules are called: products by code, templates by name; and which of these are notices."""

    products: Mapping[str, str]
    templates: Mapping[str, str]
    # Of the templates those that the law demands.
    notices: frozenset[str]

    def in_words(self, rule: Rule) -> RuleInWords:
        return RuleInWords(
            rule,
            conditions(rule, self.products),
            treatment(rule, self.templates),
            repetition(rule),
            trying_again(rule, self.notices),
        )

    def in_order(self, rules: Iterable[Rule]) -> list[RuleInWords]:
        """All rules of a strategy, in their order, each with what is to be warned of. Seven queries."""
        told = [self.in_words(rule) for rule in rules]
        titles = {one.rule.code: one.rule.title for one in told}
        there = known()
        warnings = {
            one.rule.code: [say_fault(fault) for fault in (*faults_of(one.rule, there), *doubts_of(one.rule, there))]
            for one in told
        }
        for one in behind([one.rule for one in told], self.notices):
            warnings[one.code].insert(0, kept_back_by(titles[one.before], is_never=one.is_never))
        return [replace(one, warnings=tuple(warnings[one.rule.code])) for one in told]


def names() -> Names:
    """Read now. Two queries."""
    templates = list(Template.objects.values_list("name", "title", "kind"))
    return Names(
        {product.code: product.label for product in Product.objects.all()},
        {name: title for name, title, _kind in templates},
        frozenset(name for name, _title, kind in templates if kind == MessageKind.NOTICE),
    )


def conditions(rule: Rule, products: Mapping[str, str]) -> list[str]:
    """What must be so of an account or its borrower, each as a phrase; `products`: their names by code."""
    said = [_days(rule)]
    if rule.products:
        said.append(_("product %(names)s") % {"names": either(products.get(code, code) for code in rule.products)})
    if rule.buckets:
        said.append(_("bucket %(names)s") % {"names": either(rule.buckets)})
    if rule.kinds:
        said.append(_("late for: %(names)s") % {"names": either(_labels(OverdueKind, rule.kinds))})
    if rule.risk_classes:
        said.append(_("risk class %(names)s") % {"names": either(_labels(RiskClass, rule.risk_classes))})
    if rule.languages:
        languages = dict(settings.LANGUAGES)
        said.append(_("reads %(names)s") % {"names": either(_(str(languages.get(one, one))) for one in rule.languages)})
    if rule.amount_from is not None or rule.amount_to is not None:
        said.append(_amount(rule))
    if rule.promise:
        said.append(promise_in_words(rule.promise))
    if rule.reachable_by:
        said.append(_("can be reached by %(channel)s") % {"channel": Channel(rule.reachable_by).label})
    return said


def queue_name(queue: Queue) -> str:
    """A queue's name: what is installed in the reader's language, what somebody wrote as it stands."""
    return _(queue.name) if queue.code else queue.name


def treatment(rule: Rule, templates: Mapping[str, str]) -> str:
    """What is done; `templates`: their titles by name."""
    action = Action(rule.action)
    if rule.templates:
        # What the installation named is in the catalogue; what somebody wrote stays as it stands.
        titles = pgettext("what is tried next", ", else ").join(_(templates.get(name, name)) for name in rule.templates)
        said = _("Announce a report to the bureau: %(templates)s")
        return (said if action == Action.BUREAU_NOTICE else _("Write: %(templates)s")) % {"templates": titles}
    if action == Action.CALL and rule.queue is not None:
        return _("Have called, in the queue “%(queue)s”") % {"queue": queue_name(rule.queue)}
    return str(action.label)


def repetition(rule: Rule) -> str:
    """When it applies to the same person again."""
    if rule.every_days is not None:
        return ngettext("again after %(days)s day", "again after %(days)s days", rule.every_days) % {
            "days": rule.every_days
        }
    if rule.stage == Stage.LATE:
        return _("once in each time of lateness")
    return _("once for each due date") if rule.stage == Stage.BEFORE_DUE else _("once for each promised payment")


def trying_again(rule: Rule, notices: Collection[str]) -> str:
    """What becomes of what the gate refuses; blank for what is no message."""
    if rule.action not in WRITES:
        return ""
    if rule.action == Action.BUREAU_NOTICE or any(name in notices for name in rule.templates):
        return _("refused, it is tried every evening until it goes")
    if not rule.retry_days:
        return _("refused, it is not tried again")
    return ngettext(
        "refused for now, it is tried again for %(days)s day",
        "refused for now, it is tried again for %(days)s days",
        rule.retry_days,
    ) % {"days": rule.retry_days}


def kept_back_by(title: str, *, is_never: bool) -> str:
    """That a rule stands behind another, which is called `title`, and takes its place."""
    if is_never:
        said = _("Never reached: “%(rule)s” before it fits whatever this one fits, every day.")
    else:
        said = _(
            "“%(rule)s” before it has the same day and fits whatever this one fits: reached only where that was done before."
        )
    return said % {"rule": _(title)}


def promise_in_words(state: str) -> str:
    """What a rule asks of promises, as a phrase."""
    return {
        PromiseState.NONE: _("no promise is open"),
        PromiseState.OPEN: _("a promise is open"),
        PromiseState.BROKEN: _("the promise was broken"),
    }[PromiseState(state)]


def either(parts: Iterable[Any]) -> str:
    """a, b or c."""
    *most, last = map(str, parts)
    if not most:
        return last
    separator = pgettext("between items of a list", ", ")
    return _("%(most)s or %(last)s") % {"most": separator.join(most), "last": last}


def _days(rule: Rule) -> str:
    first, last = rule.days_from, rule.days_to
    values = {"first": first, "last": last}
    if rule.stage == Stage.LATE:
        if last is None:
            return _("from day %(first)s past due on") % values
        if last == first:
            return _("on day %(first)s past due") % values
        return _("day %(first)s to %(last)s past due") % values
    if rule.stage == Stage.BEFORE_DUE:
        if last is None:
            said = ngettext(
                "%(first)s day or more before the due date", "%(first)s days or more before the due date", first
            )
        elif last != first:
            said = _("%(last)s to %(first)s days before the due date")
        elif first == 0:
            said = _("on the due date")
        else:
            said = ngettext("%(first)s day before the due date", "%(first)s days before the due date", first)
    elif last is None:
        said = ngettext(
            "%(first)s day or more before a promised payment", "%(first)s days or more before a promised payment", first
        )
    elif last != first:
        said = _("%(last)s to %(first)s days before a promised payment")
    elif first == 0:
        said = _("on the day of a promised payment")
    else:
        said = ngettext("%(first)s day before a promised payment", "%(first)s days before a promised payment", first)
    return said % values


def _amount(rule: Rule) -> str:
    values = {"least": _money(rule.amount_from), "most": _money(rule.amount_to), "currency": rule.currency}
    if rule.amount_to is None:
        return _("%(currency)s %(least)s or more") % values
    if rule.amount_from is None:
        return _("%(currency)s %(most)s or less") % values
    return _("%(currency)s %(least)s to %(most)s") % values


def _money(amount: Decimal | None) -> str:
    return f"{amount:,.2f}" if amount is not None else ""


def _labels(choices: Any, values: Iterable[str]) -> list[str]:
    known = dict(choices.choices)
    return [str(known.get(value, value)) for value in values]
