"""Whether a contact can have been as it is told: its place, its hours, its length; and who may put it right, how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, ContactPoint, Customer
from audit.services import Actor
from compliance.models import Channel, Contact, ContactDecision, Outcome
from compliance.outcomes import possible
from compliance.rules import KINDS, SPOKEN_TO, class_of
from compliance.selectors import facts_of, rulebook
from runs import clock
from runs.texts import listed
from staff.permissions import may

CORRECT = "compliance.correct_contact"
LONGEST = timedelta(hours=4)
# How long a decision that reserved no place can be used.
USABLE_FOR = timedelta(minutes=30)
# Any number of our own: calls of one person are looked at by one transaction at a time.
_CALLS_OF = 0x43414C4C


def check_usable(decision: ContactDecision, actor: Actor, began: datetime) -> None:
    """The decision allows, is the actor's, is free, and was good when the contact began. Two queries.

    Raises:
        Conflict: otherwise; it says what to do.
    """
    if not decision.allowed:
        raise Conflict(_("The gate refused this contact: it cannot be entered. Ask the gate again."))
    if (decision.actor_id, decision.actor_name) != (actor.pk, str(actor)[:150]):
        raise Conflict(_("The gate allowed this contact to %(name)s, not to you. Ask the gate yourself.")
                       % {"name": decision.actor_name})  # fmt: skip
    if Contact.objects.filter(decision=decision, corrects__isnull=True).exists():
        raise Conflict(used())
    if ContactDecision.objects.filter(replaces=decision).exists():
        raise Conflict(_("The gate was asked again since, and its later answer holds. Use that one."))
    good_until = decision.reserved_until or decision.decided_at + USABLE_FOR
    if began > good_until:
        raise Conflict(
            _("The gate kept this contact's place until %(time)s only. Ask the gate again.")
            % {"time": date_format(timezone.localtime(good_until), "H:i")}
        )


def used() -> str:
    """What is said where a decision carries a contact already."""
    return _("A contact was entered under this decision already. For another contact ask the gate again.")


def check_outcome(outcome: str, channel: str, direction: str) -> None:
    """The outcome is one that a contact of that channel and direction can have.

    Raises:
        Invalid: it names those that fit.
    """
    fitting = possible(channel, direction)
    if outcome in fitting:
        return
    known = dict(Outcome.choices)
    raise Invalid(
        _("“%(outcome)s” is no outcome of this channel (%(channel)s). Choose one of: %(fitting)s.")
        % {
            "outcome": known.get(outcome, outcome),
            "channel": dict(Channel.choices).get(channel, channel),
            "fitting": listed(str(known[one]) for one in fitting) or "–",
        },
        "outcome",
    )


def check_whose(customer: Customer, channel: str, contact_point_id: int | None, account_id: int | None) -> None:
    """The contact point and the account, where they are named, are the customer's, and people come to us by that way.

    Raises:
        Invalid: at `contact_point` or `account`.
    """
    if contact_point_id is not None:
        point = ContactPoint.objects.filter(pk=contact_point_id, customer=customer).first()
        if point is None:
            raise Invalid(
                _("This contact point is not the customer's. Choose one of the customer's, or none."), "contact_point"
            )
        kinds = KINDS.get(channel)
        if kinds and point.kind not in kinds:
            raise Invalid(
                _("Nobody comes by %(channel)s from a contact point of this kind (%(kind)s). Choose another, or none.")
                % {"channel": dict(Channel.choices)[channel], "kind": point.get_kind_display()},
                "contact_point",
            )
    if account_id is not None and not Account.objects.filter(pk=account_id, customer=customer).exists():
        raise Invalid(_("This account is not the customer's. Choose one of the customer's, or none."), "account")


def length_of(seconds: int | None, outcome: str) -> timedelta:
    """How long the contact lasted.

    Raises:
        Invalid: longer than any does, or a length of what was not made.
    """
    most = int(LONGEST.total_seconds())
    if seconds is not None and not 0 <= seconds <= most:
        raise Invalid(
            _("A contact lasts between 0 seconds and 4 hours, not %(seconds)s s.") % {"seconds": seconds}, "seconds"
        )
    if seconds and outcome == Outcome.NOT_MADE:
        raise Invalid(_("What was not made has no length. Leave the length out, or choose what came of it."), "seconds")
    return timedelta(seconds=seconds or 0)


def too_long(since: datetime, length: timedelta) -> str:
    """What is said of a contact that cannot have lasted so long since it was allowed, or began."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return _(
        "Since %(time)s, when it was allowed or began, it cannot have lasted %(length)s. Leave the length out; ask the gate "
        "before the next one, and its length can be entered."
    ) % {"time": date_format(timezone.localtime(since), "H:i:s"), "length": f"{minutes}:{seconds:02}"}


def judge_again(decision: ContactDecision, *, actor: Actor, at: datetime, length: timedelta) -> dict[str, Any]:
    """Ask the rules once more at the moment when the contact began, under the customer's lock; what to say in its event.

    `after_change`: the rule that would refuse it now, because something changed since it was allowed. `ran_over`: it went on
    beyond the hours of contact. Two queries, a third where the person is flagged.

    Raises:
        Conflict: its place lapsed and is taken by now.
        Invalid: it began outside of the hours of contact.
    """
    now, rules = clock.now(), rulebook()
    (known,) = facts_of(
        channel=decision.channel,
        purpose=decision.purpose,
        asked=[(decision.customer_id, decision.contact_point_id, decision.account_id)],
        at=at,
        actor=actor,
        rules=rules,
        replaced={(decision.customer_id, decision.pk)},
        held_at=now,
    )
    facts = known.facts
    if decision.reserved_until is not None and now >= decision.reserved_until and rules.no_room(facts, at):
        raise Conflict(
            _(
                "The place of this contact was kept until %(time)s and is taken by now: with it there would be more than the "
                "rules allow, so it cannot be entered. Tell your supervisor."
            )
            % {"time": date_format(timezone.localtime(decision.reserved_until), "H:i")}
        )
    closes = rules.open_until(facts, at)
    # Where the hours themselves changed since, it was within those that held.
    if closes is None and rules.open_until(facts, decision.at) is not None:
        raise Invalid(
            _("The contact cannot have begun at %(time)s, outside of the hours of contact. Tell your supervisor.")
            % {"time": date_format(timezone.localtime(at), "H:i")},
            "at",
        )
    found: dict[str, Any] = {}
    verdict = rules.decide(facts, at)
    if not verdict.allowed:
        found["after_change"] = verdict.rule
    if closes is not None and at + length > closes:
        found["ran_over"] = True
    return found


def check_alone(author_id: int | None, *, at: datetime, length: timedelta, but: int | None = None) -> None:
    """Nobody is on two calls at once: `at` and `length` against the author's other calls (`but`: of another decision).

    Locks the author's calls until the end of the transaction; nothing else is waited for under that lock but what hangs on
    the customer, who is locked already.

    Raises:
        Conflict: she was on another call.
    """
    if author_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_CALLS_OF, author_id])
    now = clock.now()
    others = (
        Contact.objects.filter(
            decision__contacts__actor=author_id,
            decision__contacts__corrects__isnull=True,
            decision__contacts__at__gt=at - LONGEST,
            decision__contacts__at__lte=max(at + length, at),
            channel=Channel.VOICE,
            corrected_by__isnull=True,
        )
        .exclude(outcome=Outcome.NOT_MADE)
        .exclude(decision=but)
        .values_list("at", "seconds", "recorded_at")
    )
    ends = min(at + length, now)
    for began, seconds, recorded_at in others:
        # A length is told in whole seconds, a little late: no call ended after it was entered.
        ended = min(began + timedelta(seconds=seconds or 0), recorded_at)
        if at < ended and began < ends:
            raise Conflict(
                _(
                    "From %(from)s to %(until)s you were on another call, which is entered already: two calls cannot overlap. "
                    "Correct the length of the one that is wrong."
                )
                % {
                    "from": date_format(timezone.localtime(began), "H:i:s"),
                    "until": date_format(timezone.localtime(ended), "H:i:s"),
                }
            )


def check_correction(
    actor: Actor, chain: Sequence[Contact], customer: Customer, *, outcome: str, seconds: int | None
) -> bool:
    """Whether `actor` overrules the entry that is the last of `chain` (an entry and its corrections, oldest first).

    Whoever has the permission and entered none of them does. Else it is for who entered the last, for some hours (rule
    `reservation`), and never to say that there was no call when there was one.

    Raises:
        Conflict: neither.
    """
    first, last = chain[0], chain[-1]
    if may(actor, CORRECT) and actor.pk not in {one.actor_id for one in chain}:  # type: ignore[arg-type]  # a system may nothing
        return True
    if last.actor_id is None or last.actor_id != actor.pk:
        raise Conflict(
            _("This contact was entered by %(name)s. Only %(name)s, or a supervisor, can correct it.")
            % {"name": last.actor_name}
        )
    hours = rulebook().correct_hours(customer.jurisdiction, customer.time_zone, first.at)
    if clock.now() - first.recorded_at > timedelta(hours=hours):
        raise Conflict(
            _("A contact can be corrected by who entered it for %(hours)s hours. Ask your supervisor to correct it.")
            % {"hours": hours}
        )
    happened = any(one.seconds or class_of(one.outcome, one.channel) in SPOKEN_TO for one in chain)
    if outcome == Outcome.NOT_MADE and (happened or seconds):
        raise Conflict(
            _("Somebody was on the line: that there was no call cannot be said. Ask your supervisor to correct it.")
        )
    return False
