"""Who gets what at every address: the table behind `tests/test_access.py`. A new address without a row fails the test.

A row says which roles may open the page (`sees`: GET) and which may send its form (`does`: POST); every other role gets 403,
and nobody at all without signing in. Where an address names a thing, `near` gives one that Team 1 works and `far` one that
only Team 2 works: for the roles that see no further than their team the far one does not exist (404), whatever they ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.factories import (
    DAY,
)
from tests.world import World

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
    "queue-filters": Row(LEAD | ADMINISTRATOR, LEAD | ADMINISTRATOR, *of_case("queue", "pk", on_case=False)),
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
    "template-proposed": Row(None, DESK, lambda w: {"pk": 1}, done=(404,)),
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
    "flag-document": Row(LEAD | READERS | {"legal-officer"}, None, *of_case("flag", "pk", on_case=False), seen=(404,)),
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
