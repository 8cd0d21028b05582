"""Holds from the case page: placed on one late account or on all, and lifted."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from accounts.models import Account, Hold, HoldKind
from accounts.services.holds import check_plausible, lift_hold, place_hold
from approvals.models import Request
from cases.models import Case
from cases.services import deferrals
from cases.services.authority import last_day as last_of
from cases.services.authority import most_days
from cases.services.concluding import conclude
from cases.services.versions import lock_case
from runs import clock
from staff.limits import ask_further
from staff.models import LimitKind, User
from staff.permissions import require

YEAR = timedelta(days=365)
LONGEST_REASON = 300


@transaction.atomic
def place(
    *,
    actor: User,
    case_id: int,
    seen_version: int,
    account_id: int | None,
    kind: str,
    starts_on: date,
    ends_on: date | None,
    reason: str,
) -> list[Hold]:
    """Stop what `kind` says from `starts_on` to `ends_on`, on one account or (None) on all that are late. A deferral, which moves
    the days, is only asked for here: nothing is placed, and another person decides (`cases.services.deferrals`).

    Back-dated is ordinary. Without a last day it runs until it is lifted, which only those without a limit may decide.
    Locks customer → accounts, one by one in the order of their keys → case.

    Raises:
        PermissionDenied: without `accounts.add_hold`; for a deferral, without `accounts.place_deferral`.
        StaleScreen: the case changed since `seen_version`.
        Conflict: the case is closed; or a deferral was asked for already, or of an account that is not late.
        Invalid: no reason, another customer's account, an unknown kind, a last day before the first, or longer than the
            actor may decide; of late fees, together with those of a year.
    """
    if kind not in HoldKind.values:
        raise Invalid(_("%(kind)s is no kind of hold.") % {"kind": kind}, "kind")
    require(actor, "accounts.place_deferral" if kind == HoldKind.DEFERRAL else "accounts.add_hold")
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    reason = _checked(reason)
    _check_length(actor, starts_on, ends_on)
    accounts = accounts_of(case, account_id)
    if kind == HoldKind.DEFERRAL:
        deferrals.ask(actor=actor, case=case, account_ids=accounts, starts_on=starts_on, ends_on=ends_on, reason=reason)
        return []
    if kind == HoldKind.FEES:
        _check_fees_of_a_year(actor, accounts, starts_on, ends_on)
    placed = [
        place_hold(actor=actor, account_id=key, kind=kind, starts_on=starts_on, ends_on=ends_on, reason=reason)
        for key in accounts
    ]
    conclude(case)
    return placed


@transaction.atomic
def lift(
    *, actor: User, case_id: int, seen_version: int, hold_id: int, last_day: date | None, reason: str
) -> Hold | Request | None:
    """End a hold of the case's customer after `last_day`, or (None) take it back wholly; the successor, if any. The end of a
    deferral moves the days just as placing one does: it is only asked for here (`Request`), and another person decides.

    That the actor may lift holds at all (`accounts.change_hold`) is the view's to ask. Locks customer → account → case.

    Raises:
        PermissionDenied: a deferral, without `accounts.place_deferral`.
        StaleScreen: the case changed since `seen_version`.
        Conflict: the hold was lifted already, or that was asked for already.
        Invalid: another customer's hold, no reason, or a day outside the hold.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version)
    hold = Hold.objects.select_related("account").filter(pk=hold_id, account__customer_id=case.customer_id).first()
    if hold is None:
        raise Invalid(_("That hold is on another customer's account."), "hold")
    if hold.kind == HoldKind.DEFERRAL:
        require(actor, "accounts.place_deferral")
        return deferrals.ask_end(actor=actor, case=case, hold=hold, last_day=last_day, reason=_checked(reason))
    successor = lift_hold(actor=actor, hold_id=hold.pk, last_day=last_day, reason=_checked(reason))
    conclude(case)
    return successor


def accounts_of(case: Case, account_id: int | None) -> list[int]:
    """The keys of what is meant: one account of the case's customer, or (None) all that are late, in order.

    Raises:
        Invalid: another customer's account.
    """
    if account_id is None:
        return list(
            Account.objects.filter(customer_id=case.customer_id, standing__isnull=False)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
    if not Account.objects.filter(pk=account_id, customer_id=case.customer_id).exists():
        raise Invalid(_("That account is another customer's."), "account")
    return [account_id]


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Say why: a hold needs a reason."), "reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("The reason is %(count)d characters long; it may have %(most)d.")
            % {"count": len(reason), "most": LONGEST_REASON},
            "reason",
        )
    return reason


def _check_fees_of_a_year(actor: User, account_ids: list[int], starts_on: date, ends_on: date | None) -> None:
    """Late fees are money: held again and again for some days each, they would be given up piece by piece by one person."""
    today = clock.today()
    most = most_days(actor, LimitKind.HOLD_DAYS, today)
    if most is None or ends_on is None:
        return
    first = ends_on - YEAR + timedelta(days=1)
    rows = Hold.objects.filter(account__in=account_ids, kind=HoldKind.FEES, withdrawn_at=None, starts_on__lte=ends_on)
    held = {key: _days(max(starts_on, first), ends_on) for key in account_ids}
    for hold in rows.exclude(ends_on__lt=first):
        held[hold.account_id] |= _days(max(hold.starts_on, first), min(hold.ends_on or ends_on, ends_on))
    together = max((len(days) for days in held.values()), default=0)
    if together > most:
        raise Invalid(
            _(
                "With what is held already, late fees would be held on %(together)d days of the year until %(ends)s:"
                " you may hold %(most)d."
            )
            % {"together": together, "ends": ends_on.isoformat(), "most": most}
            + ask_further(LimitKind.HOLD_DAYS, together, today),
            "ends_on",
        )


def _days(first: date, last: date) -> set[int]:
    return set(range(first.toordinal(), last.toordinal() + 1))


def _check_length(actor: User, starts_on: date, ends_on: date | None) -> None:
    today = clock.today()
    check_plausible(starts_on, ends_on)
    most = most_days(actor, LimitKind.HOLD_DAYS, today)
    if most is None:
        return
    if ends_on is None:
        raise Invalid(
            _("Give a last day, %(last)s or earlier: you may not hold without one.")
            % {"last": last_of(starts_on, most).isoformat()}
            + ask_further(LimitKind.HOLD_DAYS, None, today),
            "ends_on",
        )
    days = (ends_on - starts_on).days + 1
    if days > most:
        raise Invalid(
            _("%(ends)s is too late: from %(starts)s on you may hold until %(last)s.")
            % {
                "ends": ends_on.isoformat(),
                "starts": starts_on.isoformat(),
                "last": last_of(starts_on, most).isoformat(),
            }
            + ask_further(LimitKind.HOLD_DAYS, days, today),
            "ends_on",
        )
