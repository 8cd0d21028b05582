"""What the law demands, where the gate refuses it only as it goes, or its person opted out of the channel."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest

from accounts.models import Account, ContactPoint
from compliance.models import ContactDecision
from compliance.services.opt_outs import opt_out
from reminders import services
from reminders.models import Message, Template, TemplateVersion
from reminders.services.notices import ACTOR
from runs import clock
from strategy.models import Deployment, Simulation, Treatment, Version
from strategy.reaching import Way, reach
from strategy.retrying import UNTIL_IT_GOES
from strategy.services.evaluating import _plan
from strategy.services.simulating import _Nights
from tests.factories import MOMENT, ContactPointFactory
from tests.reminders.conftest import NOON
from tests.strategy.conftest import DAY, late
from tests.strategy.test_evaluating import deploy, message, night

ADDRESS = "上海市浦东新区世纪大道1号"


def later(days: int) -> date:
    return DAY + timedelta(days=days)


@pytest.fixture
def by_sms(version: Version) -> Account:
    """A late account to which a notice is due by SMS, which names its letter."""
    letter = Template.objects.get(name="demand-letter")
    notice = Template.objects.create(name="notice-sms", title="Notice", kind="notice", channel="sms", by_letter=letter)
    words = TemplateVersion.objects.get(template=letter, status="approved").texts
    TemplateVersion.objects.create(
        template=notice, number=1, status="approved", texts=words, written_by_name="Test", written_at=MOMENT
    )
    message(version, "notice", "notice-sms", days_to=1)
    deploy(version)
    account = late()
    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002046")
    return account


def deliver(channel: str, days: int) -> dict[str, int]:
    """What goes by a channel in the morning after the evening before that day."""
    with clock.frozen(NOON + timedelta(days=days, hours=-1)):
        return services.deliver(channel, seconds=5)


def leave_now() -> None:
    """Let what is queued be due whatever the hours said."""
    Message.objects.filter(status="queued").update(send_after=NOON - timedelta(days=1))


def opted_out(account: Account) -> ContactPoint:
    mobile = account.customer.contact_points.get(kind="mobile")
    with clock.frozen(NOON + timedelta(hours=1)):
        opt_out(actor=ACTOR, contact_point_id=mobile.pk, channel="sms", source="staff", evidence="A call")
    return mobile


def kept() -> list[tuple[int, str, bool, int]]:
    rows = Treatment.objects.order_by("business_day")
    return [
        ((one.business_day - DAY).days, one.outcome, one.again_until == UNTIL_IT_GOES, one.attempts) for one in rows
    ]


def test_refused_as_it_went_it_is_tried_again(by_sms: Account) -> None:
    assert night() == {"queued": 1}
    mobile = by_sms.customer.contact_points.get(kind="mobile")
    ContactPoint.objects.filter(pk=mobile.pk).update(verification="wrong")
    leave_now()
    assert deliver("sms", 1) == {"withheld": 1}
    (withheld,) = Message.objects.all()
    assert kept() == [(0, "queued", False, 1)]
    assert [night(later(days)) for days in (1, 2)] == [{"refused": 1}] * 2
    refusal = Treatment.objects.get(business_day=DAY)
    assert (refusal.outcome, refusal.message, refusal.decision.replaces) == ("refused", withheld, withheld.decision)
    ContactPoint.objects.filter(pk=mobile.pk).update(verification="verified")
    assert night(later(3)) == {"queued": 1}
    assert Message.objects.filter(channel="sms").count() == 2
    assert night(later(4)) == {}


def test_no_letter_could_go_in_its_place_until_there_is_an_address(by_sms: Account) -> None:
    night()
    opted_out(by_sms)
    leave_now()
    assert deliver("sms", 1) == {"withheld": 1}
    assert night(later(1)) == {"refused": 1}
    ContactPointFactory(customer=by_sms.customer, kind="address", clear=ADDRESS)
    assert night(later(2)) == {"queued": 1}
    assert Message.objects.get(status="queued").template == "demand-letter"
    assert night(later(3)) == {}


def test_where_the_letter_goes_in_its_place_nothing_is_tried_again(by_sms: Account) -> None:
    ContactPointFactory(customer=by_sms.customer, kind="address", clear=ADDRESS)
    night()
    opted_out(by_sms)
    leave_now()
    deliver("sms", 1)
    assert Message.objects.get(status="queued").channel == "letter"
    assert night(later(1)) == {}
    assert kept() == [(0, "queued", False, 1)]


def test_where_the_letter_is_refused_as_it_goes_too_it_is(by_sms: Account) -> None:
    address = ContactPointFactory(customer=by_sms.customer, kind="address", clear=ADDRESS)
    night()
    opted_out(by_sms)
    leave_now()
    deliver("sms", 1)
    ContactPoint.objects.filter(pk=address.pk).update(verification="wrong")
    leave_now()
    assert deliver("letter", 1) == {"withheld": 1}
    assert night(later(1)) == {"refused": 1}
    assert kept()[0][1:3] == ("refused", True)
    ContactPoint.objects.filter(pk=address.pk).update(verification="verified")
    assert night(later(2)) == {"queued": 1}


def test_who_opted_out_before_it_is_queued_gets_the_letter(by_sms: Account, version: Version) -> None:
    ContactPointFactory(customer=by_sms.customer, kind="address", clear=ADDRESS)
    opted_out(by_sms)
    assert night() == {"queued": 1}
    queued = Message.objects.get()
    assert (queued.channel, queued.template, queued.kind) == ("letter", "demand-letter", "notice")
    asked = ContactDecision.objects.filter(customer=by_sms.customer).order_by("pk").values_list("channel", "rule")
    assert asked[0] == ("sms", "opt-out")
    simulated = _Nights(Simulation(champion=version, first_day=DAY, last_day=DAY))
    assert simulated.ways == _plan(DAY, Deployment.objects.get(champion=version)).ways


def test_a_letter_stands_in_for_an_opt_out_alone() -> None:
    class Said(NamedTuple):
        allowed: bool
        rule: str
        next_allowed_at: datetime | None = None

    ways = [
        Way("one", 1, "notice", "sms", "notice"),
        Way("two", 1, "notice", "email", "notice"),
        Way("letter", 1, "notice", "letter", "notice", instead_of="opt-out"),
    ]
    says = {("a", "sms"): "opt-out", ("a", "email"): "contact-point", ("b", "sms"): "messages", ("b", "email"): "hold"}

    def decide(channel: str, _purpose: str, people: object) -> list[Said]:
        return [Said((one, channel) not in says, says.get((one, channel), "contact-hours")) for one in people]

    reached = reach([("a", ways), ("b", ways), ("c", ways)], decide)
    assert [one.way and one.way.template for one in reached] == ["letter", None, "one"]
    assert reached[1].answer == Said(False, "hold")


def test_words_of_the_letter_that_nobody_approved_do_not_go(by_sms: Account) -> None:
    TemplateVersion.objects.filter(template__name="demand-letter").update(status="retired")
    ContactPointFactory(customer=by_sms.customer, kind="address", clear=ADDRESS)
    opted_out(by_sms)
    assert night() == {"refused": 1}
