"""Watch periods: while one runs, an account's class is told no better than its floor, so that a plan never launders risk."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, RiskClass, Watch
from accounts.services.holds import check_interval
from accounts.services.locks import lock_account
from accounts.services.re_aging import re_age
from audit.services import Actor, record
from runs import clock


@transaction.atomic
def place(
    *, actor: Actor, account_id: int, floor: str, starts_on: date, ends_on: date | None = None, reason: str
) -> Watch:
    """From `starts_on` to `ends_on`, both included, tell no better class than `floor`; None runs on until further notice.

    Known from this moment; back-dated is ordinary. Locks customer → account.

    Raises:
        Invalid: it ends before it starts.
    """
    check_interval(starts_on, ends_on)
    account = lock_account(account_id)
    watch = _write(account, RiskClass(floor), starts_on, ends_on, reason)
    _record(actor, "watch.placed", watch, account, None, _told(watch), reason)
    re_age(actor=actor, account=account, cause="watch", effective_on=None)
    return watch


@transaction.atomic
def restart(*, actor: Actor, watch_id: int, ends_on: date | None, reason: str) -> Watch:
    """Let a watch run to a later last day (None: until further notice), as when an instalment was missed.

    Its floor and first day stay. The row is withdrawn at this moment and its successor written. Locks customer → account.

    Raises:
        Conflict: the watch is withdrawn already.
        Invalid: the new last day is not later than the present one.
    """
    watch, account = _locked(watch_id)
    if watch.ends_on is None or (ends_on is not None and ends_on <= watch.ends_on):
        raise Invalid(
            _("%(day)s makes the watch no longer: it runs to %(ends)s.")
            % {"day": _day(ends_on), "ends": _day(watch.ends_on)},
            "ends_on",
        )
    successor = _succeed(watch, account, ends_on)
    _record(actor, "watch.restarted", watch, account, _told(watch), _told(successor), reason)
    re_age(actor=actor, account=account, cause="watch", effective_on=None)
    return successor


@transaction.atomic
def withdraw(*, actor: Actor, watch_id: int, last_day: date | None = None, reason: str) -> Watch | None:
    """End a watch after `last_day`, or, with None, take it back wholly. Returns the shortened successor, if any.

    Locks customer → account.

    Raises:
        Conflict: the watch is withdrawn already.
        Invalid: `last_day` lies outside it.
    """
    watch, account = _locked(watch_id)
    if last_day is not None and (
        last_day < watch.starts_on or (watch.ends_on is not None and last_day > watch.ends_on)
    ):
        raise Invalid(_("%(day)s lies outside the watch period.") % {"day": last_day.isoformat()}, "last_day")
    successor = None
    if last_day is None:
        watch.withdrawn_at = clock.now()
        watch.save(update_fields=["withdrawn_at"])
    else:
        successor = _succeed(watch, account, last_day)
    _record(actor, "watch.withdrawn", watch, account, _told(watch), _told(successor) if successor else None, reason)
    re_age(actor=actor, account=account, cause="watch", effective_on=None)
    return successor


def _locked(watch_id: int) -> tuple[Watch, Account]:
    watch = Watch.objects.get(pk=watch_id)
    account = lock_account(watch.account_id)
    watch.refresh_from_db()
    if watch.withdrawn_at is not None:
        raise Conflict(_("This watch period was withdrawn already."))
    return watch, account


def _succeed(watch: Watch, account: Account, ends_on: date | None) -> Watch:
    """Withdraw a watch and write the same with another last day, at one moment."""
    successor = _write(account, RiskClass(watch.floor), watch.starts_on, ends_on, watch.reason)
    watch.withdrawn_at = successor.known_from
    watch.save(update_fields=["withdrawn_at"])
    return successor


def _write(account: Account, floor: RiskClass, starts_on: date, ends_on: date | None, reason: str) -> Watch:
    return Watch.objects.create(
        account=account, floor=floor, starts_on=starts_on, ends_on=ends_on, reason=reason, known_from=clock.now()
    )


def _record(
    actor: Actor,
    verb: str,
    watch: Watch,
    account: Account,
    before: dict[str, str | None] | None,
    after: dict[str, str | None] | None,
    reason: str,
) -> None:
    record(
        actor=actor,
        verb=verb,
        subject=watch,
        customer_id=account.customer_id,
        account_id=account.pk,
        before=before,
        after=after,
        reason=reason,
    )


def _told(watch: Watch) -> dict[str, str | None]:
    return {
        "risk_class": str(watch.floor),
        "starts_on": watch.starts_on.isoformat(),
        "ends_on": watch.ends_on.isoformat() if watch.ends_on else None,
    }


def _day(day: date | None) -> str:
    return _("further notice") if day is None else day.isoformat()
