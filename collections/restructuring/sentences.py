"""What the rules say against an offer, and what changed since it was made, as sentences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy

from accounts.models import Account, AccountStatus
from accounts.rules import money
from restructuring.models import Plan, PlanKind, PlanStatus
from restructuring.rules import days, offers, schedules
from restructuring.rules.offers import Against, Offer
from restructuring.terms import CARRY, LEAVE, OVERDUE, WHOLE, Terms
from runs.said import said as _
from runs.said import said_list

METHODS = {
    schedules.EQUAL_INSTALMENTS: gettext_lazy("Equal instalments"),
    schedules.EQUAL_PRINCIPAL: gettext_lazy("Equal principal"),
    schedules.STEPPED: gettext_lazy("Stepped"),
    schedules.BALLOON: gettext_lazy("Balloon"),
}
COVERS = {OVERDUE: gettext_lazy("What is overdue"), WHOLE: gettext_lazy("The whole balance")}
DAY_COUNTS = {
    days.ACTUAL_365: gettext_lazy("actual days/365"),
    days.ACTUAL_360: gettext_lazy("actual days/360"),
    days.THIRTY_360: gettext_lazy("months of 30 days/360"),
}
LATE_FEES = {CARRY: gettext_lazy("Taken over, without interest"), LEAVE: gettext_lazy("Left as they are")}


def sentence(against: Against) -> str:
    """Why an offer may not be made: what was found, what is allowed, what to do."""
    if against.code == offers.TOO_LONG:
        return _(
            "The last instalment on %(last)s is too late: it may be due until %(most)s. Take fewer instalments, or an earlier "
            "first due date."
        ) % {
            "last": against.found,
            "most": against.allowed,
        }
    if against.code == offers.TOO_DEAR:
        return _("It costs %(cost)s a year in all; at most %(cap)s is allowed. Lower the rate.") % {
            "cost": percent(against.found),
            "cap": percent(against.allowed),
        }
    if against.code == offers.TOO_GENEROUS:
        return _("A discount of %(discount)s is more than the %(most)s that the rules allow. Lower it.") % {
            "discount": amount(against.found),
            "most": amount(against.allowed),
        }
    if against.code == offers.NOTHING_DUE:
        return _("Of %(count)s instalments some would ask for nothing. Take fewer.") % {"count": against.found}
    return _("An instalment on %(due)s would not be after the first day, %(first)s. Choose a later due date.") % {
        "due": against.found,
        "first": against.allowed,
    }


def no_schedule() -> str:
    """The terms make no schedule of this balance."""
    return _(
        "These terms make no schedule of what is owed: look at the number of instalments, the due date, the balloon and "
        "the discount."
    )


class Change(NamedTuple):
    """What is owed otherwise than a plan says: of a bill (blank: the late fees), then and now."""

    what: str
    then: Decimal
    now: Decimal

    def __str__(self) -> str:
        told = {"then": f"{self.then:,.2f}", "now": f"{self.now:,.2f}"}
        return _("%(what)s: %(then)s then, %(now)s now") % {"what": self.what or _("late fees"), **told}


def changed(changes: Iterable[Change]) -> str:
    """Why a plan cannot be decided as it is, and what to do."""
    return _(
        "What is owed has changed since the plan was asked for (%(changes)s). Who asked for it renews it with one press on its "
        "page; then its agreement is signed again."
    ) % {"changes": said_list(map(str, changes), apart=True)}


def percent(rate: Any) -> str:
    """A fraction as a percentage with two decimals; what rounds to nothing has no sign."""
    return f"{round(Decimal(rate) * 100, 2) + 0:.2f} %"


def cost(rate: Any) -> str | None:
    """A yearly cost; None where there is none, or where less is paid than is owed: what a gift costs a year says nothing."""
    return None if rate is None or round(Decimal(rate), 4) < 0 else percent(rate)


def called_due(account: Account, day: date) -> str:
    """The whole balance is called due, so that no plan can be made of it."""
    return _(
        "The whole balance of account %(account)s is called due on %(day)s. Have that withdrawn, then ask for a plan."
    ) % {"account": account.ref, "day": day.isoformat()}


def in_a_plan(account: Account, live: str) -> str:
    """The account has a live plan, so that no other is asked for."""
    return _("Account %(account)s has plan %(plan)s, which is not over. An account is never in two.") % {
        "account": account.ref,
        "plan": live,
    }


def nothing_to_offer(account: Account, total: Decimal) -> str:
    """Why no plan can be offered on the account at all, whatever its terms; blank where one can."""
    if account.status == AccountStatus.CHARGED_OFF:
        return _("Account %(account)s is written off: no plan is offered on it.") % {"account": account.ref}
    if not total:
        return _("Account %(account)s owes nothing that a plan could take over.") % {"account": account.ref}
    return ""


def warnings(found: Offer, most: int | None, far_away_days: int) -> list[str]:
    """What speaks against an offer without forbidding it: the household cannot bear it (`most` cents a month, if known), or its
    first payment is farther away than so many days."""
    said: list[str] = []
    heaviest = found.heaviest_month()
    if most is not None and heaviest > most:
        said.append(
            _("The household can pay %(most)s a month; at most %(heaviest)s falls due in one.")
            % {"most": amount(most), "heaviest": amount(heaviest)}
        )
    first = min(one.due_on for one in found.instalments)
    if (days_off := (first - found.starts_on).days) > far_away_days:
        said.append(
            _(
                "The first payment is due on %(day)s, only in %(days)s days: until then nothing comes and nothing is collected."
            )
            % {"day": first, "days": days_off}
        )
    return said


def nothing_to_decide(plan: Plan) -> str:
    """The plan is no proposal any more."""
    return _("Plan %(plan)s is “%(state)s”: nothing is to be decided about it.") % {
        "plan": plan.ref,
        "state": PlanStatus(plan.status).label,
    }


def passed_over(terms: Terms) -> list[str]:
    """What was chosen and does nothing in a plan of this kind."""
    found: list[str] = []
    if terms.discount and terms.kind != PlanKind.SETTLEMENT:
        found.append(_("The discount is passed over: only a settlement has one."))
    steps = terms.kind == PlanKind.INSTALMENTS and terms.method == schedules.STEPPED
    if steps and terms.step_every >= terms.count - terms.interest_only:
        found.append(
            _("The step never comes: %(count)s instalments pay principal, and one would come every %(every)s.")
            % {"count": max(terms.count - terms.interest_only, 0), "every": terms.step_every}
        )
    return found


def amount(cents: Any) -> str:
    return f"{money(int(cents)):,.2f}"
