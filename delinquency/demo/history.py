"""The demo's last days: closed one by one, with what two collectors did in between, through the services that everyone uses.

Without it a new book shows empty worklists, no promise that was kept or broken, and no call to count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

from accounts.errors import BookError
from accounts.models import Account
from accounts.services.posting import post_payment
from audit.services import SystemActor
from cases.models import Case, DisputeReason
from cases.services.assigning import release
from cases.services.contacts import CallBack, ask_to_contact, log_contact, log_inbound
from cases.services.disputes import open_dispute
from cases.services.follow_ups import schedule
from cases.services.notes import add_note
from cases.services.promises import take_promise
from cases.services.taking import take_next
from compliance.models import Channel, ComplaintReason, Contact, FlagKind, Outcome, Purpose
from compliance.services.complaints import open_complaint
from compliance.services.flags import place_flag
from delinquency.close_of_day import close_day
from delinquency.demo.decisions import Deeds
from delinquency.demo.writing import write_more
from runs import clock
from staff.models import User

ACTOR = SystemActor("demo")
# So many that a plan of the first can be breached by now: an instalment of the second day, and its days of grace.
DAYS = 6
# The collectors work on the last ones.
WORKED = 3
CASES_A_DAY = 14
COLLECTORS = ("collector", "senior")
BEGINS, DECIDES = time(9, 5), time(16, 30)
ON_THE_PHONE, BETWEEN_CALLS = timedelta(minutes=3), timedelta(minutes=9)

Story = Callable[[User, Case, Contact | None], None]


def before_all() -> datetime:
    """The morning of the first day that is lived through: the book is loaded by then, or its cases would be older than it."""
    return _moment(clock.today() - timedelta(days=DAYS), time(6))


def live_through(*, on_day: Callable[[date, float], None]) -> None:
    """Close the days before today, the first ever closed among them, and let the demo's people work and decide."""
    today = clock.today()
    first = today - timedelta(days=DAYS)
    deeds: Deeds | None = None
    for number in range(DAYS):
        day = first + timedelta(days=number)
        if number >= DAYS - WORKED:
            _work(day)
        if number:
            with clock.frozen(_moment(day, DECIDES)):
                if deeds is None:
                    deeds = Deeds()
                    write_more(asks=deeds.supervisor, decides=deeds.deputy)
                deeds.on(number)
                _pay(day)
        with clock.frozen(_moment(day, time(23, 30))):
            (result,) = close_day(actor=ACTOR, day=day)
        on_day(result.day, result.seconds)
    _pay(today)
    if deeds is not None:
        deeds.receive_files()


def _work(day: date) -> None:
    """One collector's morning each: the next case, a call if the gate allows it, and what came of it."""
    stories = _stories()
    for username in COLLECTORS:
        actor = User.objects.get(username=username)
        at = _moment(day, BEGINS)
        for _ in range(CASES_A_DAY):
            with clock.frozen(at):
                case = take_next(actor=actor)
                if case is None:
                    break
                decision_id = _ask(actor, case)
            with clock.frozen(at + ON_THE_PHONE):
                _tell(actor, case, decision_id, next(stories))
            at += BETWEEN_CALLS


def _ask(actor: User, case: Case) -> int | None:
    """Ask the gate for the customer's telephone; its decision, if it allows."""
    point = case.customer.contact_points.filter(kind="mobile").first()
    if point is None:
        return None
    decision = ask_to_contact(
        actor=actor, case_id=case.pk, contact_point_id=point.pk, channel=Channel.VOICE, purpose=Purpose.COLLECTION
    ).decision
    return decision.pk if decision.allowed else None


def _tell(actor: User, case: Case, decision_id: int | None, told: tuple[str, Story]) -> None:
    outcome, story = told
    contact = None
    if decision_id is not None:
        contact = log_contact(
            actor=actor,
            case_id=case.pk,
            seen_version=_version(case),
            decision_id=decision_id,
            outcome=outcome,
            seconds=0 if outcome in (Outcome.NO_ANSWER, Outcome.BUSY) else 140,
            call_back=CallBack(clock.today() + timedelta(days=2), time(15)) if outcome == Outcome.CALL_BACK else None,
        )
    story(actor, case, contact)


def _stories() -> Iterator[tuple[str, Story]]:
    """What happens on the calls, one after the other, over and over."""
    plot: list[tuple[str, Story]] = [
        (Outcome.PROMISE, _promise(days=2, parts=1)),
        (Outcome.NO_ANSWER, _again_in(days=1)),
        (
            Outcome.RIGHT_PARTY,
            _note("Will pay when the salary comes on the 25th; asks for the exact amount by message."),
        ),
        (Outcome.PROMISE, _promise(days=6, parts=3)),
        (Outcome.DISPUTE, _dispute("Says that a refund for a returned order was not deducted.")),
        (Outcome.BUSY, _again_in(days=1)),
        (Outcome.REFUSED, _complain),
        (Outcome.PROMISE, _promise(days=1, parts=1)),
        (Outcome.HARDSHIP, _hardship),
        (Outcome.NO_ANSWER, _come_in),
        (Outcome.CALL_BACK, _again_in(days=2)),
        (Outcome.RIGHT_PARTY, _let_go),
    ]
    while True:
        yield from plot


def _promise(*, days: int, parts: int) -> Story:
    def story(actor: User, case: Case, contact: Contact | None) -> None:
        case.refresh_from_db()
        part = (case.overdue_amount / 2 / parts).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if contact is None or part <= 0:
            return
        take_promise(
            actor=actor,
            case_id=case.pk,
            seen_version=case.version,
            instalments=[(clock.today() + timedelta(days=days + n), part) for n in range(parts)],
            contact_id=contact.pk,
        )

    return story


def _again_in(*, days: int) -> Story:
    def story(actor: User, case: Case, contact: Contact | None) -> None:
        schedule(
            actor=actor,
            case_id=case.pk,
            seen_version=_version(case),
            on=clock.today() + timedelta(days=days),
            note="Call again in the afternoon",
        )

    return story


def _note(text: str) -> Story:
    def story(actor: User, case: Case, contact: Contact | None) -> None:
        add_note(actor=actor, case_id=case.pk, text=text)

    return story


def _dispute(statement: str) -> Story:
    def story(actor: User, case: Case, contact: Contact | None) -> None:
        open_dispute(
            actor=actor,
            case_id=case.pk,
            seen_version=_version(case),
            reason=DisputeReason.GOODS,
            statement=statement,
            contact_id=contact.pk if contact else None,
        )

    return story


def _hardship(actor: User, case: Case, contact: Contact | None) -> None:
    place_flag(
        actor=actor,
        customer_id=case.customer_id,
        kind=FlagKind.HARDSHIP,
        from_on=clock.today(),
        evidence="Lost the job last month; will send the employer's letter.",
    )


def _complain(actor: User, case: Case, contact: Contact | None) -> None:
    open_complaint(
        actor=actor,
        customer_id=case.customer_id,
        reason=ComplaintReason.AMOUNT,
        channel=Channel.VOICE,
        text="Says that the late fee is wrong and that nobody explained it.",
        received_on=clock.today(),
        contact_id=contact.pk if contact else None,
    )


def _come_in(actor: User, case: Case, contact: Contact | None) -> None:
    log_inbound(
        actor=actor,
        case_id=case.pk,
        seen_version=_version(case),
        channel=Channel.VOICE,
        outcome=Outcome.RIGHT_PARTY,
        seconds=95,
        note="Called back and asked how to pay.",
    )


def _let_go(actor: User, case: Case, contact: Contact | None) -> None:
    release(actor=actor, case_id=case.pk, seen_version=_version(case), reason="Asked for a colleague")


def _pay(today: date) -> None:
    """Every other promise is kept: the money of its first part comes on the day it is due, today."""
    for case in Case.objects.filter(promises__isnull=False).distinct().order_by("pk"):
        promise = case.promises.order_by("pk").first()
        account = Account.objects.filter(customer=case.customer_id, standing__isnull=False).order_by("pk").first()
        if promise is None or account is None or promise.pk % 2 == 0:
            continue
        first = promise.instalments.earliest("number")
        if first.due_on == today:
            try:
                post_payment(
                    actor=ACTOR,
                    account_id=account.pk,
                    ref=f"DEMO-PAY-{promise.pk}",
                    amount=first.amount,
                    effective_on=first.due_on,
                    channel="bank transfer",
                )
            except BookError:
                continue


def _version(case: Case) -> int:
    return Case.objects.values_list("version", flat=True).get(pk=case.pk)


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, timezone.get_default_timezone())
