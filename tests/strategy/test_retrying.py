"""What the gate refuses for now is tried again on the next evenings."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account
from cases.models import Case
from compliance.models import ContactDecision
from reminders.models import Message
from strategy.models import Treatment, Version
from strategy.panels import treatments_of
from strategy.retrying import UNTIL_IT_GOES, after_refusal
from tests.factories import ContactFactory, ContactPointFactory, DecisionFactory, UserFactory
from tests.reminders.conftest import NOON
from tests.strategy.conftest import DAY, late, rule
from tests.strategy.test_evaluating import deploy, message, night
from tests.strategy.test_matching import matched, rows


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def written_to(account: Account, channel: str = "email", times: int = 4) -> Account:
    """So often since yesterday that the week's cap refuses until `later(6)`: the gate lets it wait from `later(3)` on."""
    at = NOON - timedelta(days=1)
    for _ in range(times):
        decision = DecisionFactory(customer=account.customer, channel=channel, purpose="reminder")
        ContactFactory(customer=account.customer, decision=decision, channel=channel, outcome="sent", at=at)
    return account


def outcomes() -> list[tuple[int, str, date | None]]:
    """Each treatment's outcome, on the first of the evenings of which it tells."""
    found = Treatment.objects.order_by("business_day", "code").values_list("business_day", "outcome", "again_until")
    return [((day - DAY).days, outcome, until) for day, outcome, until in found]


def tried() -> list[tuple[int, int]]:
    """Of each treatment how often it was tried, and on which evening last."""
    found = Treatment.objects.order_by("business_day", "code").values_list("attempts", "tried_on", "business_day")
    return [(attempts, ((last or first) - DAY).days) for attempts, last, first in found]


@pytest.mark.parametrize(
    ("passes", "by_law", "retry_days", "tried_until", "kept"),
    [
        (True, False, 3, None, ("again", later(3))),
        (True, False, 3, later(1), ("again", later(1))),
        (True, False, 3, DAY, ("refused", None)),
        (True, False, 0, None, ("refused", None)),
        (False, False, 3, None, ("refused", None)),
        (False, False, 3, later(1), ("refused", None)),
        (True, True, 0, None, ("again", UNTIL_IT_GOES)),
        (False, True, 3, UNTIL_IT_GOES, ("refused", UNTIL_IT_GOES)),
    ],
)
def test_what_becomes_of_a_refusal(
    passes: bool, by_law: bool, retry_days: int, tried_until: date | None, kept: tuple[str, date | None]
) -> None:
    found = after_refusal(DAY, passes=passes, by_law=by_law, retry_days=retry_days, tried_until=tried_until)
    assert tuple(found) == kept


def test_a_reminder_goes_on_the_first_evening_on_which_the_gate_allows_it(version: Version) -> None:
    message(version, "first", "first-late", retry_days=3)
    deploy(version)
    account = written_to(late())
    for days, counted in enumerate(({"refused": 1}, {"refused": 1}, {"refused": 1}, {"queued": 1}, {})):
        assert night(later(days)) == counted
    assert outcomes() == [(0, "again", later(3)), (3, "queued", None)]
    assert tried() == [(3, 2), (1, 3)]
    assert Message.objects.get().customer == account.customer


def test_no_longer_than_the_rule_says(version: Version) -> None:
    message(version, "first", "first-late", retry_days=1)
    message(version, "second", "first-late", days_from=4, retry_days=0)
    deploy(version)
    written_to(late())
    for days in range(3):
        night(later(days))
    assert outcomes() == [(0, "again", later(1)), (1, "refused", None)]
    assert night(later(3)) == {"queued": 1}
    assert Treatment.objects.get(outcome="queued").code == "second"


def test_no_longer_than_the_account_meets_the_rule(version: Version) -> None:
    message(version, "first", "first-late", days_to=2)
    deploy(version)
    written_to(late())
    assert [night(later(days)) for days in range(4)] == [{"refused": 1}, {"refused": 1}, {}, {}]


def test_who_cannot_be_reached_is_asked_about_once(version: Version) -> None:
    message(version, "first", "overdue-sms")
    deploy(version)
    late()
    assert [night(later(days)) for days in range(2)] == [{"refused": 1}, {}]
    assert outcomes() == [(0, "refused", None)]


def test_one_of_several_ways_that_will_open_is_worth_waiting_for(version: Version) -> None:
    message(version, "first", "first-late", "overdue-sms")
    deploy(version)
    written_to(late())
    assert night() == {"refused": 1}
    assert outcomes() == [(0, "again", later(3))]
    assert Treatment.objects.get().decision.channel == "sms"


def test_what_the_law_demands_is_tried_until_it_goes(version: Version) -> None:
    """By a letter, of which nobody gets more than two a week; its last day and bucket pass meanwhile."""
    message(version, "notice", "demand-letter", days_from=5, days_to=5, buckets=["M1"], retry_days=0)
    deploy(version)
    account = late(5)
    ContactPointFactory(customer=account.customer, kind="address", clear="上海市浦东新区世纪大道1号")
    written_to(account, "letter", 2)
    assert night() == {"refused": 1}
    account.standing.bucket = "M2"
    account.standing.save()
    assert [night(later(days)) for days in (1, 2, 3, 4)] == [{"refused": 1}, {"refused": 1}, {"queued": 1}, {}]
    assert outcomes() == [(0, "again", UNTIL_IT_GOES), (3, "queued", None)]
    assert tried() == [(3, 2), (1, 3)]


def test_what_the_law_demands_ends_with_the_lateness(version: Version) -> None:
    message(version, "notice", "demand-letter", days_to=1)
    deploy(version)
    account = late()
    assert night() == {"refused": 1}
    assert night(later(1)) == {"refused": 1}
    account.standing.overdue_since = account.standing.clock_from_on = later(1)
    account.standing.save()
    # Late anew: the rule's day comes again, and with it another notice.
    assert [night(later(days)) for days in (2, 3)] == [{"refused": 1}, {"refused": 1}]
    account.standing.delete()
    assert night(later(4)) == {}


def test_who_cannot_be_told_what_the_law_demands_is_still_reminded(version: Version) -> None:
    message(version, "notice", "demand-letter", days_to=1)
    message(version, "reminder", "first-late", days_from=2)
    deploy(version)
    account = late()
    assert night() == {"refused": 1}
    # Without an address the letter cannot go: the reminder has its turn before it is tried again.
    assert night(later(1)) == {"queued": 1}
    assert night(later(2)) == {"refused": 1}
    ContactPointFactory(customer=account.customer, kind="address", clear="上海市浦东新区世纪大道1号")
    assert night(later(3)) == {"queued": 1}
    assert set(Treatment.objects.filter(outcome="queued").values_list("code", flat=True)) == {"notice", "reminder"}


def test_what_is_repeated_counts_its_days_from_the_last_attempt(version: Version) -> None:
    message(version, "weekly", "first-late", every_days=7, retry_days=2)
    account = late(30)
    anchor = DAY - timedelta(days=30)

    def refused(ago: int, until: date | None) -> tuple[object, ...]:
        outcome = "again" if until else "refused"
        return (account.customer_id, account.pk, "weekly", anchor, DAY - timedelta(days=ago), outcome, until)

    due = {("weekly", account.pk)}
    first = refused(1, later(1))
    assert matched(version, earlier=[first]) == due
    assert rows(version, earlier=[first])[0]["tried_until"] == later(1)
    ended = [refused(3, later(-1)), refused(2, later(-1)), refused(1, None)]
    assert matched(version, earlier=ended) == set()
    assert matched(version, earlier=ended, day=later(5)) == set()
    assert matched(version, earlier=ended, day=later(6)) == due
    assert rows(version, earlier=ended, day=later(6))[0]["tried_until"] is None


def test_what_went_after_all_is_not_tried_any_more(version: Version) -> None:
    message(version, "notice", "demand-letter", days_to=30, every_days=7)
    account = late(40)
    before = (account.customer_id, account.pk, "notice", DAY - timedelta(days=40))
    refused = (*before, DAY - timedelta(days=20), "again", UNTIL_IT_GOES)
    assert matched(version, earlier=[refused]) == {("notice", account.pk)}
    assert matched(version, earlier=[refused, (*before, DAY - timedelta(days=19))]) == set()


def test_the_same_evening_does_not_try_twice(version: Version) -> None:
    message(version, "first", "first-late")
    account = late()
    today = (account.customer_id, account.pk, "first", DAY - timedelta(days=1), DAY, "again", later(3))
    assert matched(version, earlier=[today]) == set()


def test_one_message_a_person_also_where_one_is_tried_again(version: Version) -> None:
    message(version, "notice", "demand-letter", days_to=1)
    rule(version, "report", action="bureau-notice", templates=["demand-letter"], days_from=2)
    deploy(version)
    account = late()
    ContactPointFactory(customer=account.customer, kind="address", clear="上海市浦东新区世纪大道1号")
    written_to(account, "letter", 2)
    assert [night(later(days)) for days in range(3)] == [{"refused": 1}] * 3
    assert set(Treatment.objects.values_list("code", flat=True)) == {"notice"}
    assert [night(later(days)) for days in (3, 4)] == [{"queued": 1}, {"queued": 1}]
    assert list(Message.objects.order_by("pk").values_list("key", flat=True)) == [
        f"notice:{account.customer_id}:{later(3)}",
        f"report:{account.customer_id}:{later(4)}",
    ]


def test_the_case_shows_the_last_attempt_for_all(version: Version) -> None:
    message(version, "first", "first-late")
    rule(version, "freeze", days_from=2)
    deploy(version)
    account = written_to(late())
    for days in range(2):
        night(later(days))
    case = Case.objects.get(customer=account.customer)
    panel = treatments_of(case, UserFactory(role="collector"))
    assert panel is not None
    shown = [(row.code, row.outcome, row.attempts, row.tried_on) for row in panel.context["rows"]]
    assert sorted(shown) == [("first", "again", 2, later(1)), ("freeze", "proposed", 1, None)]
    assert ContactDecision.objects.filter(customer=account.customer, allowed=False).count() == 1


def test_the_same_refusal_on_many_evenings_is_one_decision_and_one_treatment(version: Version) -> None:
    """And another answer of the gate, or another version's rule, begins another."""
    message(version, "notice", "demand-letter", days_to=1)
    deploy(version)
    account = late()
    assert [night(later(days)) for days in range(3)] == [{"refused": 1}] * 3
    (decision,) = ContactDecision.objects.filter(customer=account.customer)
    assert (outcomes(), tried()) == ([(0, "refused", UNTIL_IT_GOES)], [(3, 2)])
    point = ContactPointFactory(customer=account.customer, kind="address", clear="上海市浦东新区世纪大道1号")
    written_to(account, "letter", 2)
    assert night(later(3)) == {"queued": 1}
    assert outcomes() == [(0, "refused", UNTIL_IT_GOES), (3, "queued", None)]
    assert Treatment.objects.get(outcome="refused").decision == decision
    assert Message.objects.get().contact_point == point


def test_an_answer_that_changed_begins_another_treatment(version: Version) -> None:
    message(version, "notice", "demand-letter", days_to=1)
    deploy(version)
    account = late()
    night()
    night(later(1))
    address = ContactPointFactory(customer=account.customer, kind="address", clear="上海市浦东新区世纪大道1号")
    written_to(account, "letter", 2)
    night(later(2))
    address.verification = "wrong"
    address.save()
    night(later(3))
    night(later(4))
    assert [(day, outcome) for day, outcome, _until in outcomes()] == [(0, "refused"), (2, "again"), (3, "refused")]
    assert tried() == [(2, 1), (1, 2), (2, 4)]
    assert ContactDecision.objects.filter(customer=account.customer, purpose="notice", allowed=False).count() == 3


def test_a_treatment_changes_in_no_other_way(version: Version) -> None:
    message(version, "notice", "demand-letter", days_to=1)
    deploy(version)
    late()
    night()
    night(later(1))
    row = Treatment.objects.filter(outcome="refused")
    later_on = {"attempts": 3, "tried_on": later(2)}
    for values in (
        {"outcome": "queued"},
        {"again_until": None},
        {"attempts": 3},
        {"tried_on": later(2)},
        {"attempts": 3, "tried_on": later(1)},
        {**later_on, "code": "other"},
    ):
        with pytest.raises(IntegrityError, match="stays as it was recorded"), transaction.atomic():
            row.update(**values)
    assert row.update(**later_on) == 1
