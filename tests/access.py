"""Who gets what at every address: the table behind `tests/test_access.py`. A new address without a row fails the test.

A row says which roles may open the page (`sees`: GET) and which may send its form (`does`: POST); every other role gets 403,
and nobody at all without signing in. Where an address names a thing, `near` gives one that Team 1 works and `far` one that
only Team 2 works: for the roles that see no further than their team the far one does not exist (404), whatever they ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cases.models import Case
from reminders.models import Message
from runs.models import JobRun
from staff.models import StaffSession, User
from tests.clients import signed_in
from tests.factories import DAY, BusinessDayFactory, DayCloseFactory, JobRunFactory, TeamFactory, UserFactory, late_case

Roles = frozenset[str]
# "" is somebody of the staff without any role.
NOBODY: Roles = frozenset()
OF_A_TEAM: Roles = frozenset({"collector", "senior-collector", "supervisor", ""})
COLLECTORS: Roles = frozenset({"collector", "senior-collector", "supervisor"})
LEAD: Roles = frozenset({"supervisor"})
OFFICERS: Roles = frozenset({"legal-officer", "bureau-officer"})
ENTRY: Roles = frozenset({"data-entry"})
ADMINISTRATOR: Roles = frozenset({"administrator"})
READERS: Roles = frozenset({"auditor", "administrator"})
EVERYONE: Roles = COLLECTORS | OFFICERS | ENTRY | READERS | {""}
DESK: Roles = COLLECTORS | OFFICERS | READERS


@dataclass
class World:
    """Two teams with a case each, and what hangs on them. The person who asks is in Team 1."""

    user: User
    near: Case
    far: Case
    near_session: StaffSession
    far_session: StaffSession
    own_job: JobRun
    other_job: JobRun

    @property
    def near_message(self) -> Message:
        return Message.objects.get(customer=self.near.customer)

    @property
    def far_message(self) -> Message:
        return Message.objects.get(customer=self.far.customer)

    @classmethod
    def around(cls, user: User) -> World:
        BusinessDayFactory()
        DayCloseFactory()
        far = late_case(team=TeamFactory(name="Team 2"))
        mine, others = signed_in(user), signed_in(UserFactory(team=far.team))
        return cls(
            user=user,
            near=late_case(),
            far=far,
            near_session=StaffSession.objects.get(session_key=mine.session.session_key),
            far_session=StaffSession.objects.get(session_key=others.session.session_key),
            own_job=JobRunFactory(actor_id=user.pk),
            other_job=JobRunFactory(),
        )


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


TABLE: dict[str, Row] = {
    # --- the desk
    "worklist": Row(DESK),
    "case": Row(DESK, near=lambda w: {"ref": w.near.ref}, far=lambda w: {"ref": w.far.ref}),
    "evidence": Row(
        DESK,
        near=lambda w: {"ref": w.near.ref, "account_ref": w.near.customer.accounts.get().ref},
        far=lambda w: {"ref": w.far.ref, "account_ref": w.far.customer.accounts.get().ref},
    ),
    "messages": Row(DESK),
    "message": Row(DESK, near=lambda w: {"pk": w.near_message.pk}, far=lambda w: {"pk": w.far_message.pk}),
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
    "admin:index": Row(EVERYONE, EVERYONE, done=(200,)),
    "admin:logout": Row(does=EVERYONE),
    "admin:password_change": Row(EVERYONE, EVERYONE, seen=(302,)),
    "admin:password_change_done": Row(EVERYONE, EVERYONE, done=(200,)),
    "admin:autocomplete": Row(NOBODY, NOBODY),
    "admin:app_list": Row(ENTRY | READERS, ENTRY | READERS, near=lambda w: {"app_label": "accounts"}, done=(200,)),
    "admin:view_on_site": Row(
        EVERYONE, EVERYONE, near=lambda w: {"content_type_id": 1, "object_id": 1}, seen=(404,), done=(404,)
    ),
    "admin:accounts_import": Row(NOBODY, NOBODY),
    "admin:auth_user_password_change": Row(ADMINISTRATOR, ADMINISTRATOR, near=lambda w: {"id": w.user.pk}, done=(200,)),
}


@dataclass(frozen=True)
class Rows:
    """The pages of one model's rows in data entry: who sees the list, who adds, who changes."""

    sees: Roles = READERS
    adds: Roles = NOBODY
    changes: Roles = NOBODY


BOOK = Rows(ENTRY | READERS, ENTRY)
ADMIN: dict[str, Rows] = {
    "accounts_account": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_accountparty": BOOK,
    "accounts_allocation": Rows(ENTRY | READERS),
    "accounts_allocationrule": Rows(NOBODY),
    "accounts_bill": BOOK,
    "accounts_buckettable": Rows(NOBODY),
    "accounts_contactpoint": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_customer": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_hold": BOOK,
    "accounts_ledgerentry": Rows(ENTRY | READERS),
    "accounts_payment": BOOK,
    "accounts_product": Rows(ENTRY | READERS, ADMINISTRATOR, ADMINISTRATOR),
    "accounts_productterms": Rows(NOBODY),
    "accounts_reversal": Rows(ENTRY | READERS),
    "accounts_risktable": Rows(NOBODY),
    "accounts_standing": Rows(ENTRY | READERS),
    "accounts_standingchange": Rows(ENTRY | READERS),
    "audit_event": Rows(OFFICERS | READERS),
    "cases_disputeterms": Rows(READERS, ADMINISTRATOR),
    "cases_workterms": Rows(READERS, ADMINISTRATOR),
    "compliance_complaint": Rows(DESK),
    "compliance_complaintterms": Rows(READERS, ADMINISTRATOR),
    "compliance_contact": Rows(DESK),
    "compliance_contactagreement": Rows(READERS),
    "compliance_contactdecision": Rows(LEAD | READERS),
    "compliance_contactrule": Rows(READERS, ADMINISTRATOR),
    "compliance_customerflag": Rows(LEAD | READERS),
    "compliance_recording": Rows(READERS | LEAD | {"senior-collector", "legal-officer"}),
    "runs_businessday": Rows(NOBODY),
    "runs_dayclose": Rows(LEAD | READERS),
    "runs_jobrun": Rows(READERS),
    "staff_role": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR),
    "staff_team": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR),
    "staff_user": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR),
}
# Addresses of the admin that show nothing themselves, and why they have no row.
ROWLESS = {
    "admin:django.views.generic.base.RedirectView": "leads on to the page of the row, which has its own",
    "admin:django.contrib.admin.sites.AdminSite.catch_all_view": "404, or the same address with a slash",
    "admin:accounts_hold_lift": "404 without a hold; tests/accounts/test_admin_entry.py",
    "admin:accounts_payment_reverse": "404 without a payment; tests/accounts/test_admin_entry.py",
    "admin:accounts_import_run": "its job's; tests/importing/test_admin_pages.py",
    "admin:accounts_import_errors": "its job's; tests/importing/test_admin_pages.py",
}
