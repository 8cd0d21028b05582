"""Running the channels: open, draining or paused, how fast and how wide, at what price."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.currencies import is_currency, no_currency
from accounts.errors import Conflict, Invalid
from audit.services import Actor, record
from reminders.models import ChannelControl, ChannelPrice, ChannelState
from reminders.services.reviewing import checked_reason
from runs import clock
from staff.models import User
from staff.permissions import require

PERMISSION = "reminders.change_channelcontrol"
SLOWEST, FASTEST = Decimal("0.01"), Decimal(10000)
WIDEST = 100


@transaction.atomic
def set_state(*, actor: User, channel: str, state: str, reason: str, seen: str | None = None) -> ChannelControl:
    """Open, drain or pause a channel. Locks its control, so that no batch is claimed while it changes.

    Paused, a batch that a worker has already is still finished; nothing more is claimed. A channel that opens is looked at
    within the minute. `seen` is the control's mark on the actor's screen; None: decided whatever it is.

    Raises:
        PermissionDenied: the actor may not run channels.
        Conflict: it is so already, or was changed since it was seen; who did it stands in the text.
        Invalid: no reason, or no such state.
    """
    require(actor, PERMISSION)
    reason = checked_reason(reason)
    if state not in ChannelState.values:
        raise Invalid(
            _("“%(state)s” is no state of a channel. Choose open, draining or paused.") % {"state": state}, "state"
        )
    control = _locked(channel)
    if control.state == state:
        raise Conflict(
            _("%(channel)s is “%(state)s” already, by %(name)s. Nothing was changed.")
            % {
                "channel": control.get_channel_display(),
                "state": control.get_state_display(),
                "name": control.changed_by_name or _("the installation"),
            }
        )
    _still(control, seen)
    before, control.state, control.reason = control.state, state, reason
    _save(actor, control, ["state", "reason"])
    record(
        actor=actor,
        verb=f"channel.{state}",
        subject=control,
        before={"state": before},
        after={"channel": channel, "state": state},
        reason=reason,
    )
    return control


@transaction.atomic
def set_bounds(
    *,
    actor: User,
    channel: str,
    per_second: Decimal | None,
    concurrency: int,
    reason: str,
    seen: str | None = None,
) -> ChannelControl:
    """Set how many messages a second (None: as fast as it goes) and how many batches at once a channel sends at most, of all
    workers together. Locks its control; batches claimed before keep their pace. `seen` as `set_state`.

    Raises:
        PermissionDenied: the actor may not run channels.
        Conflict: they are so already, or the channel was changed since it was seen.
        Invalid: no reason, or a bound that makes no sense.
    """
    require(actor, PERMISSION)
    reason = checked_reason(reason)
    if per_second is not None and not SLOWEST <= per_second <= FASTEST:
        raise Invalid(
            _(
                "%(value)s messages a second is out of bounds. Enter %(least)s to %(most)s, or nothing for as fast as it goes."
            )
            % {"value": per_second, "least": SLOWEST, "most": FASTEST},
            "per_second",
        )
    if not 1 <= concurrency <= WIDEST:
        raise Invalid(
            _("%(value)s batches at once is out of bounds. Enter 1 to %(most)s; to send nothing, pause the channel.")
            % {"value": concurrency, "most": WIDEST},
            "concurrency",
        )
    control = _locked(channel)
    before = {"per_second": control.per_second, "concurrency": control.concurrency}
    after = {"per_second": per_second, "concurrency": concurrency}
    if before == after:
        raise Conflict(_("The bounds are these already. Nothing was changed."))
    _still(control, seen)
    control.per_second, control.concurrency = per_second, concurrency
    _save(actor, control, ["per_second", "concurrency"])
    record(
        actor=actor,
        verb="channel.bounds-set",
        subject=control,
        before=before,
        after={"channel": channel, **after},
        reason=reason,
    )
    return control


@transaction.atomic
def add_price(
    *, actor: Actor, channel: str, provider: str, effective_from: date, currency: str, each: Decimal, source: str
) -> ChannelPrice:
    """Put a price in force from a date on. Earlier ones stay, and what was sent keeps what it cost.

    Raises:
        Conflict: see `check_price`.
        Invalid: see `check_price`.
    """
    check_price(channel=channel, provider=provider, effective_from=effective_from, currency=currency)
    price = ChannelPrice.objects.create(
        channel=channel, provider=provider, effective_from=effective_from, currency=currency, each=each, source=source
    )
    after = {
        "channel": channel,
        "provider": provider,
        "effective_from": effective_from,
        "currency": currency,
        "each": each,
        "source": source,
    }
    record(actor=actor, verb="channel-price.added", subject=price, after=after)
    return price


def check_price(*, channel: str, provider: str, effective_from: date, currency: str) -> None:
    """Refuse a price that cannot be put in force.

    Raises:
        Conflict: one for this channel and provider starts on that day already.
        Invalid: the day is past, or the currency is none.
    """
    today = clock.today()
    if effective_from < today:
        raise Invalid(
            _("%(day)s is past: what was sent keeps its price. Choose today (%(today)s) or later.")
            % {"day": effective_from, "today": today},
            "effective_from",
        )
    if not is_currency(currency):
        raise Invalid(no_currency(currency), "currency")
    if ChannelPrice.objects.filter(channel=channel, provider=provider, effective_from=effective_from).exists():
        raise Conflict(
            _("A price for this channel and provider starts on %(day)s already. Choose another day.")
            % {"day": effective_from}
        )


def _locked(channel: str) -> ChannelControl:
    return ChannelControl.objects.select_for_update(no_key=True).get(channel=channel)


def _still(control: ChannelControl, seen: str | None) -> None:
    """Refuse what was decided about another state of things: a pause is not undone by who did not see it."""
    if seen is not None and seen != control.mark:
        raise Conflict(
            _(
                "%(name)s changed %(channel)s since you opened this page; it is “%(state)s” now (%(reason)s)."
                " Nothing was changed: look at it as it stands, then decide."
            )
            % {
                "name": control.changed_by_name or _("the installation"),
                "channel": control.get_channel_display(),
                "state": control.get_state_display(),
                "reason": control.reason or "–",
            }
        )


def _save(actor: User, control: ChannelControl, fields: list[str]) -> None:
    control.changed_at, control.changed_by_name = clock.now(), str(actor)[:150]
    control.save(update_fields=[*fields, "changed_at", "changed_by_name"])
