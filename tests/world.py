"""Two teams, and one of everything that an address may name with each: what `tests/access.py` asks about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from accounts.models import ContactPoint, Hold, PaymentFile, UnmatchedPayment
from cases.models import Case, Dispute, Note, NoteFile, Promise, Queue
from compliance.models import ContactAgreement, CustomerFlag, OptOut, Recording
from reminders.models import Message, Receipt
from runs.models import JobRun
from staff.models import StaffSession, User
from strategy.models import Proposal, Rule, Simulation
from tests.clients import signed_in
from tests.factories import (
    DAY,
    MOMENT,
    BusinessDayFactory,
    ComplaintFactory,
    ContactFactory,
    DayCloseFactory,
    JobRunFactory,
    MessageFactory,
    PlanFactory,
    SimulationFactory,
    TeamFactory,
    UserFactory,
)
from tests.kinds import asked
from tests.whole_cases import late_case
from waivers.models import Waiver, WaiverPolicy


@dataclass
class World:
    """Two teams with a case each, and what hangs on them. The person who asks is in Team 1."""

    user: User
    session_key: str
    near: Case
    far: Case
    near_session: StaffSession
    far_session: StaffSession
    own_job: JobRun
    other_job: JobRun
    simulation: Simulation
    # What hangs on the cases, by kind: (near, far).
    things: dict[str, tuple[Any, Any]]

    @classmethod
    def around(cls, user: User, session_key: str) -> World:
        BusinessDayFactory()
        DayCloseFactory()
        far = late_case(team=TeamFactory(name="Team 2"))
        near = late_case(team=TeamFactory(name="Team 1"))
        mine, others = signed_in(user), signed_in(UserFactory(team=far.team))
        near_things, far_things = _things(near), _things(far)
        return cls(
            user=user,
            session_key=session_key,
            near=near,
            far=far,
            near_session=StaffSession.objects.get(session_key=mine.session.session_key),
            far_session=StaffSession.objects.get(session_key=others.session.session_key),
            own_job=JobRunFactory(actor_id=user.pk),
            other_job=JobRunFactory(),
            simulation=SimulationFactory(),
            things={kind: (near_things[kind], far_things[kind]) for kind in near_things},
        )


def _things(case: Case) -> dict[str, Any]:
    """One of everything that an address may name, on this case."""
    customer, account = case.customer, case.customer.accounts.get()
    contact = ContactFactory(customer=customer)
    return {
        "request": asked(UserFactory(team=case.team), account),
        "account": account,
        "agreement": ContactAgreement.objects.create(
            customer=customer, opens=time(8), closes=time(21), from_on=DAY, evidence="In writing", agreed_at=MOMENT
        ),
        "complaint": ComplaintFactory(customer=customer),
        "contact": contact,
        "dispute": Dispute.objects.create(
            case=case,
            reason="amount",
            statement="Paid",
            opened_on=DAY,
            opened_at=MOMENT,
            opened_by_name="Lin",
            due_on=DAY,
        ),
        "flag": CustomerFlag.objects.create(
            customer=customer, kind="hardship", from_on=DAY, evidence="Said so", placed_at=MOMENT, placed_by_name="Lin"
        ),
        "hold": Hold.objects.get(account=account),
        "message": Message.objects.get(customer=customer),
        "opt_out": OptOut.objects.create(
            customer=customer,
            contact_point=Message.objects.get(customer=customer).contact_point,
            channel="email",
            opted_out_at=MOMENT,
            source="staff",
            evidence="A call",
            recorded_at=MOMENT,
            recorded_by_name="Lin",
        ),
        "letter": MessageFactory(
            customer=customer,
            key=f"letter:{customer.pk}",
            channel="letter",
            decision__channel="letter",
            provider_id=f"20261122T100000-{customer.pk:08x}/1.pdf",
        ),
        "plan": PlanFactory(account=account),
        "point": ContactPoint.objects.filter(customer=customer).order_by("pk")[0],
        "promise": Promise.objects.create(
            case=case, currency="CNY", amount=Decimal(100), made_on=DAY, made_at=MOMENT, taken_by_name="Lin"
        ),
        "proposal": Proposal.objects.create(
            account=account, kind="freeze", rule=Rule.objects.earliest("pk"), business_day=DAY
        ),
        "queue": Queue.objects.create(name="Ours", team=case.team),
        "waiver": Waiver.objects.create(
            account=account,
            customer=customer,
            currency="CNY",
            basis="full",
            amount=1,
            reason_code="goodwill",
            policy=WaiverPolicy.objects.get(code="discretion"),
            asked_on=DAY,
            asked_at=MOMENT,
            asked_by=UserFactory(team=case.team),
            asked_by_name="Lin",
        ),
        "unmatched": UnmatchedPayment.objects.create(
            ref=f"U{customer.pk}",
            account_ref="?",
            amount=Decimal(5),
            effective_on=DAY,
            recorded_at=MOMENT,
            file=PaymentFile.objects.create(
                received_at=MOMENT, business_day=DAY, actor_name="Lin", received=1, received_amount=Decimal(5)
            ),
        ),
        "receipt": Receipt.objects.create(
            provider="webhook",
            event_id=f"{customer.pk}",
            kind="replied",
            channel="sms",
            at=MOMENT,
            received_at=MOMENT,
            customer=customer,
            state="review",
        ),
        "note-file": NoteFile.objects.create(
            note=Note.objects.create(case=case, text="x", at=MOMENT, author_name="Lin"),
            file="notes/none.pdf",
            media_type="application/pdf",
            size=1,
            keep_until=DAY,
        ),
        "recording": Recording.objects.create(
            contact=contact, link="https://records.example/1", added_at=MOMENT, keep_until=DAY
        ),
    }
