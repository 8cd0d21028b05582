"""Who gets what at every address: the table behind `tests/test_access.py`. A new address without a row fails the test.

A row says which roles may open the page (`sees`: GET) and which may send its form (`does`: POST); every other role gets 403,
and nobody at all without signing in. Where an address names a thing, `near` gives one that Team 1 works and `far` one that
only Team 2 works: for the roles that see no further than their team the far one does not exist (404), whatever they ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    late_case,
)
from tests.kinds import asked
from waivers.models import Waiver, WaiverPolicy

Roles = frozenset[str]
# "" is somebody of the staff without any role.
NOBODY: Roles = frozenset()
OF_A_TEAM: Roles = frozenset({"collector", "senior-collector", "supervisor", ""})
WRITERS: Roles = frozenset({"supervisor", "administrator"})
COLLECTORS: Roles = frozenset({"collector", "senior-collector", "supervisor"})
LEAD: Roles = frozenset({"supervisor"})
OFFICERS: Roles = frozenset({"legal-officer", "bureau-officer"})
ENTRY: Roles = frozenset({"data-entry"})
ADMINISTRATOR: Roles = frozenset({"administrator"})
READERS: Roles = frozenset({"auditor", "administrator"})
EVERYONE: Roles = COLLECTORS | OFFICERS | ENTRY | READERS | {""}
DESK: Roles = COLLECTORS | OFFICERS | READERS
# Data entry knows no teams: who sees no further than a team is not let in.
INSIDE: Roles = ENTRY | OFFICERS | READERS


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


Args = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What one address answers. `sees` or `does` None: there is nothing to open, or to send, there (405)."""

    sees: Roles | None = None
    does: Roles | None = None
    near: Args | None = None
    far: Args | None = None
    # Who, besides those of a team, does not find the far one; for things that belong to a person.
    far_for: Roles = OF_A_TEAM
    data: dict[str, Any] = field(default_factory=dict)
    seen: tuple[int, ...] = (200,)
    done: tuple[int, ...] = (302,)
    # Asked for by a part of a page, which is all that is made then: the same view decides.
    part: bool = False


def of_case(kind: str = "", name: str = "target", *, on_case: bool = True) -> tuple[Args, Args]:
    """The addresses of what hangs on a case: of the near one's, and of the far one's."""

    def address(place: int) -> Args:
        def values(world: World) -> dict[str, Any]:
            case = (world.near, world.far)[place]
            named = {"ref": case.ref} if on_case else {}
            if kind:
                thing = world.things[kind][place]
                named[name] = thing.ref if name in ("ref", "account_ref") else thing.pk
            return named

        return values

    return address(0), address(1)


def of_agreement() -> tuple[Args, Args]:
    """The English agreement of the near plan, and of the far one."""
    near, far = of_case("plan", "ref", on_case=False)
    return lambda w: near(w) | {"language": "en"}, lambda w: far(w) | {"language": "en"}


def of_batch() -> tuple[Args, Args]:
    """The near print batch, and the far one."""

    def address(place: int) -> Args:
        return lambda w: {"name": w.things["letter"][place].provider_id.partition("/")[0]}

    return address(0), address(1)


def verb(does: Roles, kind: str = "", *, form: bool = True) -> Row:
    """What is done to a case: GET opens its form, POST without a word gets it back with what is missing (without a form:
    refused: no screen showed it)."""
    if not form:
        return Row(does, does, *of_case(kind), seen=(302,), done=(400,))
    return Row(does, does, *of_case(kind), done=(200, 400), part=True)


TABLE: dict[str, Row] = {
    # --- lists
    "my-work": Row(EVERYONE - {""}, seen=(200, 302)),
    "worklist": Row(DESK),
    "export-cases": Row(LEAD),
    "queues": Row(DESK),
    "queue-counts": Row(DESK),
    "queue-save": Row(does=COLLECTORS | ADMINISTRATOR),
    "queue": Row(DESK, None, *of_case("queue", "pk", on_case=False)),
    "queue-change": Row(
        None,
        LEAD | ADMINISTRATOR,
        *of_case("queue", "pk", on_case=False),
        data={"name": "Ours again", "position": "10"},
    ),
    "promises": Row(DESK),
    "disputes": Row(DESK),
    "plans": Row(DESK),
    "plans-export": Row(LEAD | READERS),
    "plan-new": Row(COLLECTORS, COLLECTORS, *of_case("account", "ref", on_case=False), done=(200,)),
    "plan": Row(DESK, COLLECTORS, *of_case("plan", "ref", on_case=False), done=(422,)),
    # The plan was asked for without a request, so that nobody may renew it.
    "plan-renew": Row(None, COLLECTORS, *of_case("plan", "ref", on_case=False), done=(302,)),
    # Nothing was printed: who only reads plans prints none.
    "plan-agreement": Row(None, COLLECTORS, *of_agreement(), done=(200,)),
    # Nothing was signed.
    "plan-scan": Row(DESK, None, *of_agreement(), seen=(404,)),
    "search": Row(DESK, DESK, done=(200, 302)),
    "board": Row(LEAD | READERS),
    "board-panels": Row(LEAD | READERS),
    "board-queues": Row(LEAD | READERS),
    "refusals": Row(LEAD | READERS),
    "hand-over": Row(LEAD, LEAD, lambda w: {"pk": w.user.pk}, done=(200, 302)),
    "take-next": Row(COLLECTORS, COLLECTORS, seen=(302,)),
    "assign-many": Row(does=LEAD, done=(200, 302)),
    "approvals": Row(DESK),
    "messages": Row(DESK),
    "templates": Row(WRITERS | {"legal-officer", "auditor"}),
    "template-new": Row(WRITERS, WRITERS, done=(200, 302)),
    "template": Row(WRITERS | {"legal-officer", "auditor"}, None, lambda w: {"name": "first-late"}),
    # There is no draft: who writes is led to the template.
    "template-edit": Row(WRITERS, WRITERS, lambda w: {"name": "first-late"}, seen=(302,), done=(404,)),
    "template-draft": Row(None, WRITERS, lambda w: {"name": "first-late"}),
    "template-discard": Row(
        None, WRITERS, lambda w: {"name": "first-late"}, data={"seen_version": "1", "seen_edits": "1"}
    ),
    "template-preview": Row(None, WRITERS, lambda w: {"name": "first-late"}, done=(200,)),
    "messages-export": Row(LEAD),
    "strategies": Row(WRITERS | OFFICERS | {"auditor"}),
    "strategy-draft": Row(does=WRITERS, data={"title": "Second", "based_on": "1"}),
    "strategy-version": Row(WRITERS | OFFICERS | {"auditor"}, None, lambda w: {"number": 1}),
    # What is approved is not edited: its page is shown.
    "strategy-edit": Row(WRITERS, WRITERS, lambda w: {"number": 1}, seen=(302,)),
    # Nor is it discarded: its page says why.
    "strategy-discard": Row(None, WRITERS, lambda w: {"number": 1}, data={"seen_edits": "1"}),
    "strategy-compare": Row(WRITERS | OFFICERS | {"auditor"}, None, lambda w: {"number": 1}, seen=(302,)),
    "strategy-simulate": Row(WRITERS, WRITERS, lambda w: {"number": 1}, done=(200,)),
    "strategy-activate": Row(WRITERS, WRITERS, lambda w: {"number": 1}, done=(200,)),
    "simulation": Row(WRITERS | OFFICERS | {"auditor"}, None, lambda w: {"pk": w.simulation.pk}),
    "simulation-stop": Row(None, WRITERS, lambda w: {"pk": w.simulation.pk}),
    # Nothing was simulated yet.
    "simulation-export": Row(WRITERS | OFFICERS | {"auditor"}, None, lambda w: {"pk": w.simulation.pk}, seen=(404,)),
    "treatments": Row(WRITERS | OFFICERS | {"auditor"}),
    "treatments-export": Row(LEAD),
    "proposals": Row(WRITERS | OFFICERS | {"auditor"}),
    "proposal": Row(
        WRITERS | OFFICERS | {"auditor"},
        LEAD,
        *of_case("proposal", "pk", on_case=False),
        data={"reason": ""},
        done=(422,),
    ),
    "waivers": Row(DESK),
    "waivers-export": Row(LEAD | {"auditor"}),
    "waiver": Row(
        DESK,
        COLLECTORS,
        *of_case("waiver", "pk", on_case=False),
        data={"reason": ""},
        done=(422,),
    ),
    # Only who asked for it changes it.
    "waiver-again": Row(COLLECTORS, COLLECTORS, *of_case("waiver", "pk", on_case=False), seen=(404,), done=(404,)),
    "waiver-ask": Row(COLLECTORS, COLLECTORS, *of_case(), done=(422,)),
    "freezes": Row(DESK),
    "freeze": Row(DESK, COLLECTORS, *of_case("account", "ref", on_case=False), data={"reason": ""}, done=(422,)),
    "unmatched": Row(LEAD | ENTRY | READERS),
    "unmatched-payment": Row(
        LEAD | ENTRY | READERS,
        LEAD | ENTRY,
        lambda w: {"pk": w.things["unmatched"][0].pk},
        data={"verb": "match"},
        done=(422,),
    ),
    "money": Row(
        COLLECTORS | ENTRY,
        COLLECTORS | ENTRY,
        *of_case("account", "ref", on_case=False),
        data={"verb": "refund"},
        done=(422,),
    ),
    "payment-files": Row(LEAD | ENTRY | READERS),
    "payment-days": Row(LEAD | ENTRY | READERS),
    "payment-days-export": Row(LEAD | ENTRY | READERS),
    # Nothing is ticked.
    "messages-review": Row(DESK, LEAD, data={"verb": "give-up"}, done=(422,)),
    "print-batches": Row(DESK),
    # Its folder is not there: nothing is entered, and no file given.
    "print-batch": Row(DESK, LEAD | {"legal-officer"}, *of_batch(), data={"verb": "printed"}, done=(409,)),
    "print-batch-files": Row(LEAD | {"legal-officer"}, None, *of_batch(), seen=(302,)),
    "message-letter": Row(LEAD | {"legal-officer"}, None, *of_case("letter", "pk", on_case=False), seen=(302,)),
    "receipts-review": Row(LEAD),
    "channels": Row(LEAD | READERS),
    "channels-health": Row(LEAD | READERS),
    "channel": Row(
        LEAD | READERS,
        ADMINISTRATOR,
        lambda w: {"code": "email"},
        data={"verb": "bounds", "concurrency": "2"},
        done=(422,),
    ),
    "complaints": Row(DESK),
    "complaints-export": Row(DESK),
    # --- the case
    "case": Row(DESK, None, *of_case()),
    "case-beside": Row(DESK, None, *of_case()),
    "evidence": Row(DESK, None, *of_case("account", "account_ref")),
    # The note has no document that lies anywhere here.
    "note-file": Row(DESK, None, *of_case("note-file", "pk"), seen=(404,)),
    "case-call": verb(COLLECTORS),
    "case-contact": verb(COLLECTORS),
    "case-inbound": verb(COLLECTORS),
    "case-promise": verb(COLLECTORS),
    "case-dispute": verb(COLLECTORS),
    "case-hold": verb(COLLECTORS),
    "case-follow-up": verb(COLLECTORS),
    "case-note": verb(COLLECTORS | OFFICERS),
    "case-flag": verb(COLLECTORS),
    "case-hours": verb(COLLECTORS),
    "case-contact-point": verb(COLLECTORS),
    "case-assign": verb(LEAD),
    "case-take": verb(COLLECTORS, form=False),
    "case-release": verb(COLLECTORS, form=False),
    "case-reveal": verb(COLLECTORS | {"legal-officer"}, "point"),
    "case-verify": verb(LEAD | {"senior-collector"}, "point"),
    "case-mark-wrong": verb(LEAD | {"senior-collector"}, "point"),
    "case-correct": verb(COLLECTORS, "contact"),
    "case-recording": verb(COLLECTORS, "contact"),
    "case-cancel-promise": verb(COLLECTORS, "promise"),
    "case-close-dispute": verb(LEAD | OFFICERS, "dispute"),
    "case-lift": verb(LEAD | {"senior-collector"}, "hold"),
    "case-end-flag": verb(LEAD, "flag"),
    "case-revoke-hours": verb(COLLECTORS, "agreement"),
    "case-opt-out": verb(COLLECTORS, "point"),
    "case-opt-in": verb(COLLECTORS, "opt_out"),
    # --- what belongs to a customer
    "message": Row(DESK, LEAD, *of_case("message", "pk", on_case=False), data={"verb": "cancel"}, done=(422,)),
    "receipt": Row(DESK, LEAD, *of_case("receipt", "pk", on_case=False), data={"verb": "dismiss"}, done=(422,)),
    "complaint": Row(DESK, LEAD, *of_case("complaint", "ref", on_case=False), done=(200,)),
    # Without a customer there is nothing to complain about.
    "complaint-new": Row(COLLECTORS, COLLECTORS, done=(200,)),
    "contact": Row(DESK, COLLECTORS, *of_case("contact", "pk", on_case=False), data={"verb": "correct"}, done=(422,)),
    "recording": Row(
        LEAD | READERS | {"senior-collector", "legal-officer"},
        None,
        *of_case("recording", "pk", on_case=False),
        seen=(200, 302, 404),
    ),
    "recording-hold": Row(
        None, ADMINISTRATOR | {"legal-officer"}, *of_case("recording", "pk", on_case=False), done=(200, 302)
    ),
    # The flag has no document here.
    "flag-document": Row(LEAD | READERS, None, *of_case("flag", "pk", on_case=False), seen=(404,)),
    # Who decides is said kind by kind: those of this one may place and lift holds.
    "approval": Row(
        DESK,
        LEAD | {"senior-collector"},
        *of_case("request", "pk", on_case=False),
        data={"verb": "approve", "seen_version": "1"},
    ),
    # The request has no document here.
    "approval-document": Row(DESK, near=lambda w: {"pk": 1}, seen=(404,)),
    # Nothing is ticked; who decides no kind at all is sent away.
    "decide-many": Row(does=LEAD | ADMINISTRATOR | {"senior-collector", "legal-officer"}, data={"verb": "approve"}),
    # Nothing is named.
    "approvals-seen": Row(does=DESK),
    # Another's, or none, does not exist.
    "bulk-decision": Row(DESK, DESK, near=lambda w: {"pk": 1}, seen=(404,), done=(404,)),
    # Who may not delegate gets the form back with what is missing: it is refused by the service, not by the page.
    "approval-gaps": Row(ADMINISTRATOR),
    "delegations": Row(DESK, DESK, done=(422,)),
    "delegation-end": Row(does=DESK, near=lambda w: {"pk": 1}, done=(404,)),
    # --- the record and the days
    "events": Row(OFFICERS | READERS),
    "day-closes": Row(LEAD | READERS),
    "day-close": Row(LEAD | READERS, near=lambda w: {"day": DAY}),
    "job": Row(
        EVERYONE,
        near=lambda w: {"pk": w.own_job.pk},
        far=lambda w: {"pk": w.other_job.pk},
        far_for=EVERYONE - READERS,
    ),
    # --- one's own
    "home": Row(EVERYONE, seen=(302,)),
    "preferences": Row(EVERYONE),
    "password": Row(EVERYONE, EVERYONE, done=(200,)),
    "recovery-codes": Row(EVERYONE, EVERYONE, done=(200,)),
    "end-own-sessions": Row(does=EVERYONE),
    "end-session": Row(
        does=EVERYONE,
        near=lambda w: {"handle": w.near_session.handle},
        far=lambda w: {"handle": w.far_session.handle},
        far_for=EVERYONE - ADMINISTRATOR,
    ),
    # --- people
    "sessions": Row(ADMINISTRATOR),
    "end-sessions": Row(does=ADMINISTRATOR, near=lambda w: {"pk": w.far_session.user_id}),
    # --- data entry: what is not a page of a model's rows
    "admin:index": Row(INSIDE, INSIDE, done=(200,)),
    "admin:logout": Row(does=INSIDE),
    "admin:password_change": Row(INSIDE, INSIDE, seen=(302,)),
    "admin:password_change_done": Row(INSIDE),
    "admin:autocomplete": Row(NOBODY),
    "admin:view_on_site": Row(
        INSIDE, INSIDE, near=lambda w: {"content_type_id": 1, "object_id": 1}, seen=(404,), done=(404,)
    ),
    "admin:accounts_import": Row(ENTRY, ENTRY, done=(200,)),
    "admin:auth_user_password_change": Row(ADMINISTRATOR, ADMINISTRATOR, near=lambda w: {"id": w.user.pk}, done=(200,)),
}


@dataclass(frozen=True)
class Rows:
    """The pages of one model's rows in data entry: who sees the list, who adds, who changes, who removes."""

    sees: Roles = READERS
    adds: Roles = NOBODY
    changes: Roles = NOBODY
    removes: Roles = NOBODY


BOOK = Rows(ENTRY | READERS, ENTRY)
ADMIN: dict[str, Rows] = {
    "accounts_acceleration": Rows(ENTRY | READERS),
    "accounts_account": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_accountparty": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_allocation": Rows(ENTRY | READERS),
    "accounts_allocationrule": Rows(NOBODY),
    "accounts_bill": BOOK,
    "accounts_buckettable": Rows(NOBODY),
    "accounts_contactpoint": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_customer": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_hold": BOOK,
    "accounts_ledgerentry": Rows(ENTRY | READERS),
    "accounts_payment": BOOK,
    "accounts_paymentfile": Rows(ENTRY | READERS),
    "accounts_product": Rows(ENTRY | READERS, ADMINISTRATOR, ADMINISTRATOR),
    "accounts_productterms": Rows(NOBODY),
    "accounts_relief": Rows(ENTRY | READERS),
    "accounts_reliefreversal": Rows(ENTRY | READERS),
    "accounts_reversal": Rows(ENTRY | READERS),
    "accounts_risktable": Rows(NOBODY),
    "accounts_standing": Rows(ENTRY | READERS),
    "accounts_standingchange": Rows(ENTRY | READERS),
    "accounts_unmatchedpayment": Rows(ENTRY | READERS),
    "accounts_watch": Rows(ENTRY | READERS),
    "audit_event": Rows(OFFICERS | READERS),
    "cases_disputeterms": Rows(READERS, ADMINISTRATOR),
    "cases_dispute": Rows(READERS),
    "cases_note": Rows(READERS),
    "cases_promise": Rows(READERS),
    "cases_workterms": Rows(READERS, ADMINISTRATOR),
    "compliance_complaint": Rows(OFFICERS | READERS),
    "compliance_complaintterms": Rows(READERS, ADMINISTRATOR),
    "compliance_contact": Rows(OFFICERS | READERS),
    "compliance_contactagreement": Rows(READERS),
    "compliance_contactdecision": Rows(READERS),
    "compliance_contactrule": Rows(READERS, ADMINISTRATOR),
    "compliance_customerflag": Rows(READERS),
    "compliance_optout": Rows(READERS),
    "compliance_recording": Rows(READERS | {"legal-officer"}),
    "freezing_corecommand": Rows(OFFICERS | READERS),
    "freezing_freezepolicy": Rows(READERS, ADMINISTRATOR),
    "reminders_channelprice": Rows(READERS, ADMINISTRATOR),
    "reminders_debtwords": Rows(READERS, ADMINISTRATOR),
    "reminders_harmlesswords": Rows(READERS, ADMINISTRATOR),
    "reminders_optoutwords": Rows(READERS, ADMINISTRATOR),
    "reminders_writingrule": Rows(READERS, ADMINISTRATOR),
    "restructuring_planrule": Rows(READERS, ADMINISTRATOR),
    "runs_businessday": Rows(NOBODY),
    "runs_dayclose": Rows(READERS),
    "runs_jobrun": Rows(READERS),
    "staff_role": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "staff_team": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "staff_user": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR),
    "waivers_waiverpolicy": Rows(READERS, ADMINISTRATOR),
}
# Addresses of the admin that show nothing themselves, and why they have no row.
ROWLESS = {
    "admin:app_list": "the index again, of one app; 404 for who sees nothing of it",
    "admin:django.views.generic.base.RedirectView": "leads on to the page of the row, which has its own",
    "admin:django.contrib.admin.sites.AdminSite.catch_all_view": "404, or the same address with a slash",
    "admin:accounts_hold_lift": "404 without a hold; tests/accounts/test_admin_entry.py",
    "admin:accounts_import_run": "its job's; tests/importing/test_admin_pages.py",
    "admin:accounts_import_errors": "its job's; tests/importing/test_admin_pages.py",
}
