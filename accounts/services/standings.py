"""The one place where standings are written: the row, its append-only change, and the event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.models import Standing, StandingChange
from accounts.rules import HowLate, to_date
from accounts.rules.terms import NORMAL
from accounts.selectors.stored import STORED_COLUMNS, StoredStanding
from audit.services import Actor, record_many
from runs import clock
from runs.bulk import copy_rows, money_text


@dataclass(frozen=True, slots=True)
class Judged:
    """An account, what its standing was and what it is; `floor`: its class where a watch keeps one though it is not late."""

    account_id: int
    ref: str
    customer_id: int
    before: StoredStanding | None
    after: StoredStanding | None
    floor: str = ""

    @classmethod
    def of(
        cls, account_id: int, ref: str, customer_id: int, before: StoredStanding | None, how_late: HowLate
    ) -> Judged:
        """An account judged anew."""
        after = StoredStanding.of(how_late)
        floor = how_late.risk_class if after is None and how_late.risk_class != NORMAL else ""
        return cls(account_id, ref, customer_id, before, after, floor)

    def moved(self) -> bool:
        """Did the standing itself change? When it is next looked at is bookkeeping."""
        return (self.before and self.before[:-1]) != (self.after and self.after[:-1])


def write_standings(
    cursor: CursorWrapper, *, actor: Actor, business_day: date, cause: str, judged: Iterable[Judged]
) -> list[Judged]:
    """Write what differs: standings, a `StandingChange` and an event for each that moved. Returns those that moved.

    The accounts must be locked by the caller. Calling again with the same result writes nothing.
    """
    differing = [item for item in judged if item.before != item.after]
    if not differing:
        return []
    _write_rows(cursor, differing)
    moved = [item for item in differing if item.moved()]
    now = clock.now()
    copy_rows(
        StandingChange,
        (
            "account_id",
            "business_day",
            "cause",
            "from_overdue_since",
            "from_bucket",
            "from_kind",
            "from_risk_class",
            "from_overdue_amount",
            "to_overdue_since",
            "to_bucket",
            "to_kind",
            "to_risk_class",
            "to_overdue_amount",
            "to_beside_amount",
            "to_beside_since",
            "recorded_at",
        ),
        (
            (
                item.account_id,
                business_day,
                cause,
                *_change_side(item.before),
                *_change_side(item.after, item.floor),
                *_beside(item.after),
                now,
            )
            for item in moved
        ),
    )
    record_many(
        actor=actor,
        verb="standing.moved",
        subject_type="account",
        rows=(
            (
                item.account_id,
                item.ref,
                item.customer_id,
                item.account_id,
                _event_side(item.before),
                _event_side(item.after),
                cause,
            )
            for item in moved
        ),
    )
    return moved


def _write_rows(cursor: CursorWrapper, differing: Sequence[Judged]) -> None:
    cured = [item.account_id for item in differing if item.after is None]
    if cured:
        cursor.execute("DELETE FROM accounts_standing WHERE account_id = ANY(%s)", (cured,))
    copy_rows(
        Standing,
        ("account_id", *STORED_COLUMNS.split(", ")),
        ((item.account_id, *_row(item.after)) for item in differing if item.after is not None and item.before is None),
    )
    kept = [
        (item.account_id, *_row(item.after)) for item in differing if item.after is not None and item.before is not None
    ]
    if kept:
        cursor.execute(
            f"""UPDATE accounts_standing s
                   SET ({STORED_COLUMNS}) = ROW(n.since, n.late_on, n.bucket, n.kind, n.risk_class, n.amount::numeric,
                       n.clock_from, n.stopped, n.beside::numeric, n.beside_since, n.beside_from, n.next_on)
                  FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::text[], %s::text[], %s::text[], %s::text[],
                              %s::date[], %s::date[], %s::text[], %s::date[], %s::date[], %s::date[])
                       AS n(account_id, since, late_on, bucket, kind, risk_class, amount, clock_from, stopped, beside,
                            beside_since, beside_from, next_on)
                 WHERE s.account_id = n.account_id""",
            [list(column) for column in zip(*kept, strict=True)],
        )


def _row(standing: StoredStanding) -> tuple[object, ...]:
    return (
        to_date(standing.overdue_since),
        to_date(standing.late_on),
        standing.bucket,
        standing.kind,
        standing.risk_class,
        money_text(standing.overdue_amount),
        to_date(standing.clock_from_on),
        to_date(standing.clock_stopped_on),
        *_beside(standing),
        to_date(standing.beside_from_on),
        to_date(standing.next_transition_on),
    )


def _change_side(standing: StoredStanding | None, floor: str = "") -> tuple[object, ...]:
    if standing is None:
        return (None, "", "", floor, "0.00")
    return (
        to_date(standing.overdue_since),
        standing.bucket,
        standing.kind,
        standing.risk_class,
        money_text(standing.overdue_amount),
    )


def _beside(standing: StoredStanding | None) -> tuple[object, ...]:
    """What is overdue beside what is held, and since when."""
    if standing is None or standing.beside_amount is None:
        return (None, None)
    return (money_text(standing.beside_amount), to_date(standing.beside_since))


def _event_side(standing: StoredStanding | None) -> dict[str, str] | None:
    if standing is None:
        return None
    since = to_date(standing.overdue_since)
    assert since is not None
    beside = {} if standing.beside_amount is None else {"beside_amount": money_text(standing.beside_amount)}
    return {
        "overdue_since": since.isoformat(),
        "bucket": standing.bucket,
        "kind": standing.kind,
        "risk_class": standing.risk_class,
        "overdue_amount": money_text(standing.overdue_amount),
        **beside,
    }
