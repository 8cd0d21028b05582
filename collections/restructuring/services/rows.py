"""Locking a plan for a change, and writing what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import Hold
from accounts.services.holds import lift_hold
from accounts.services.locks import lock_account
from audit.services import Actor, record
from restructuring.models import Plan


def lock_plan(plan_id: int) -> Plan:
    """Lock a plan for the rest of the transaction, customer and account first; what is returned is fresh."""
    account = lock_account(Plan.objects.values_list("account_id", flat=True).get(pk=plan_id))
    plan = Plan.objects.select_for_update(no_key=True, of=("self",)).select_related("rule").get(pk=plan_id)
    plan.account = account
    return plan


def move(plan: Plan, *, actor: Actor, verb: str, reason: str = "", **fields: Any) -> None:
    """Write `fields` of a locked plan as its next version, and record what changed."""
    before = {name: getattr(plan, name) for name in ("status",) if name in fields}
    for name, value in fields.items():
        setattr(plan, name, value)
    plan.version += 1
    plan.save(update_fields=[*fields, "version"])
    told: dict[str, Any] = {
        name: fields[name] for name in ("status", "late", "missed", "running_on", "ended_on") if name in fields
    }
    record(
        actor=actor,
        verb=verb,
        subject=plan,
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        before=before,
        after=told,
        reason=reason,
    )


def lift(actor: Actor, hold: Hold | None, last_day: date, reason: str) -> None:
    """End a hold of a plan after that day, at the earliest after its first; nothing where somebody lifted it already."""
    if hold is None:
        return
    hold.refresh_from_db()
    if hold.withdrawn_at is None and (hold.ends_on is None or hold.ends_on > last_day):
        lift_hold(actor=actor, hold_id=hold.pk, last_day=max(last_day, hold.starts_on), reason=reason)
