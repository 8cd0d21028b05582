"""An approved plan enters the book: what it takes over is closed, its instalments are billed, in the deciding transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from accounts.errors import Conflict
from accounts.models import Acceleration, Account, BillKind, HoldKind, ReliefKind, RiskClass, Standing
from accounts.rules import money
from accounts.selectors.owed import BillOwed
from accounts.services import watches
from accounts.services.holds import place_hold
from accounts.services.posting import NewBill, change_account, post_bills
from accounts.services.re_aging import together
from accounts.services.relief import Grant, grant_many
from audit.services import Actor
from cases.services.promises import cancel_promises
from restructuring.models import PROPOSED, Plan, PlanInstalment, PlanRule, PlanStatus, PlanTarget
from restructuring.rules.days import months_on
from restructuring.selectors.position import open_day, position
from restructuring.selectors.proposed import Proposed, proposed
from restructuring.sentences import Change, called_due, changed, in_a_plan, nothing_to_decide
from restructuring.services.rows import lock_plan, move
from restructuring.terms import WHOLE, Terms
from runs import clock
from runs.said import said as _
from runs.texts import coded


def check_proposed(here: Proposed, *, deciding: bool, changes: Sequence[Change] | None = None) -> None:
    """Refuse a plan that no longer fits the book. The caller holds the customer's lock. `changes`: what `moved`, where the caller
    has asked already.

    Late fees may have grown with the days since: those days' fees fall away once the plan's own hold covers them.

    Raises:
        Conflict: it is decided already or replaced, another is live, it is not signed though it must be (`deciding`), its
            first instalment is due already, or what is owed is not what it says.
    """
    plan = here.plan
    if plan.status not in PROPOSED:
        raise Conflict(nothing_to_decide(plan))
    if here.live is not None:
        raise Conflict(in_a_plan(plan.account, here.live))
    if deciding and plan.rule.needs_signature and plan.status != PlanStatus.SIGNED:
        raise Conflict(
            _("Plan %(plan)s is not signed yet. Have its agreement signed and record that first.") % {"plan": plan.ref}
        )
    if here.called_due_on is not None:
        raise Conflict(called_due(plan.account, here.called_due_on))
    if here.first_due_on <= here.open_on:
        raise Conflict(
            _("The first instalment was to be paid on %(day)s, which is over. Ask for a new plan.")
            % {"day": here.first_due_on.isoformat()}
        )
    if changes := moved(here) if changes is None else changes:
        raise Conflict(changed(changes))


def not_called_due(account: Account) -> None:
    """Refuse (`Conflict`) an account whose whole balance is called due: withdrawing the call changes what is owed."""
    called = Acceleration.objects.filter(account=account, withdrawn_at__isnull=True).first()
    if called is not None:
        raise Conflict(called_due(account, called.due_on))


def take_over(*, actor: Actor, plan_id: int) -> None:
    """Close what the plan takes over and bill its instalments, as of the open business day. Runs in the caller's
    transaction; locks customer → account → plan.

    While the plan is kept, what it asks for may not be collected, from this very day on, and no late fee accrues (holds), and its
    class may not look better than before (watch). A final due date before the last instalment moves to it. Promises to pay
    what it takes over are cancelled.

    Raises:
        Conflict: as `check_proposed`; and what is owed differs in any cent from what the plan says.
    """
    plan = lock_plan(plan_id)
    here = proposed(Plan.objects.filter(pk=plan_id))
    assert here is not None, "it is locked"
    check_proposed(here, deciding=True)
    day, reason = open_day(), plan.ref
    floor = _floor(plan, plan.rule)
    cancel_promises(actor=actor, account=plan.account, reason=coded("plan-took-over", plan.ref))
    with together(actor=actor, cause="relief"):
        plan.fee_hold = place_hold(
            actor=actor, account_id=plan.account_id, kind=HoldKind.FEES, starts_on=plan.starts_on, reason=reason
        )
        if changes := _differences(here):
            raise Conflict(changed(changes))
        _close(actor, plan, day, reason)
    # Closed is what is owed by the final due date that was: moving it changes the late fees of the past.
    with together(actor=actor, cause="account"):
        _move_final_date(actor, plan, reason)
        _bill(actor, plan, day)
        plan.contact_hold = place_hold(
            actor=actor,
            account_id=plan.account_id,
            kind=HoldKind.CONTACT,
            starts_on=clock.today(),
            reason=reason,
            covers=bills_of(plan),
        )
        plan.watch = watches.place(
            actor=actor,
            account_id=plan.account_id,
            floor=floor,
            # The day of the book may be one to come, and the class is told of today.
            starts_on=min(day, clock.today()),
            ends_on=watched_until(plan, day),
            reason=reason,
        )
        # Before the book judges plans by what its bills took from others: of two only one is live.
        move(
            plan,
            actor=actor,
            verb="plan.running",
            status=PlanStatus.RUNNING,
            running_on=day,
            fee_hold=plan.fee_hold,
            contact_hold=plan.contact_hold,
            watch=plan.watch,
            final_due_before=plan.final_due_before,
        )


def bills_of(plan: Plan) -> list[int]:
    """The keys of the bills that the plan asks by: what its hold of contact is about."""
    return list(PlanInstalment.objects.filter(plan=plan, bill__isnull=False).values_list("bill", flat=True))


def watched_until(plan: Plan, day: date) -> date:
    """The last day of a watch that begins, or begins anew, on `day`: the rule's months, and two instalments at least."""
    until = months_on(day, plan.rule.watch_months)
    due = sorted(one.due_on for one in plan.instalments.all() if one.due_on >= day)
    return max([until, *due[:2][-1:]])


def moved(here: Proposed) -> list[Change]:
    """What is owed otherwise than the plan says, so that it cannot be decided as it is. Late fees that grew are no such thing:
    the plan's own hold takes them back."""
    return [one for one in _differences(here) if one.what or one.now < one.then]


def _differences(proposal: Proposed) -> list[Change]:
    """Where what is owed now is not what the plan takes over.

    A bill that only came, or fell due, since it was asked for is none: the plan was never about it, and decided at once it would
    stand beside the plan now just so. Whatever else moved is: the debtor agreed to other numbers.
    """
    plan, then = proposal.plan, proposal.taken_over
    terms = Terms.from_json(plan.terms)
    here = position(plan.account)
    came = {bill.bill_id for bill in here.owed.bills if _came_since(bill, plan, terms.covers)} - then.keys()
    now = {part.bill_id: part for part in here.parts(terms.covers, terms.late_fee) if part.bill_id not in came}
    found = []
    for key in sorted(now.keys() | then.keys(), key=lambda key: key or 0):
        ref, was = then[key] if key in then else (now[key].ref, Decimal(0))
        present = money(now[key].balance.total) if key in now else Decimal(0)
        if was != present:
            found.append(Change(ref, was, present))
    return found


def _came_since(bill: BillOwed, plan: Plan, covers: str) -> bool:
    if covers == WHOLE:
        return bill.statement_on >= plan.starts_on
    # It was asked for as of the first day, or as of the day before, where the first had not begun by the clock.
    return bill.late_on > min(plan.starts_on, clock.day_of(plan.asked_at))


def _floor(plan: Plan, rule: PlanRule) -> str:
    """No better than the rule's floor, nor than the account's class before the plan."""
    standing = Standing.objects.filter(account=plan.account_id).first()
    classes = [rule.watch_floor, *([standing.risk_class] if standing else [])]
    return max(classes, key=RiskClass.values.index)


def _close(actor: Actor, plan: Plan, day: date, reason: str) -> None:
    targets = list(plan.targets.all())
    parts = [
        (target, field, Grant(plan.account_id, f"{plan.ref}-{mark}{number}", kind, amount, day, target.bill_id, reason))
        for number, target in enumerate(targets, start=1)
        for field, kind, amount, mark in (
            ("let_off", ReliefKind.DISCOUNT, target.discount, "D"),
            ("closure", ReliefKind.CLOSURE, target.amount - target.discount, "C"),
        )
        if amount
    ]
    reliefs = grant_many(actor=actor, grants=[grant for _target, _field, grant in parts])
    for (target, field, _grant), relief in zip(parts, reliefs, strict=True):
        setattr(target, field, relief)
    PlanTarget.objects.bulk_update(targets, ["let_off", "closure"])


def _move_final_date(actor: Actor, plan: Plan, reason: str) -> None:
    last = max(one.due_on for one in plan.instalments.all())
    account = plan.account
    account.refresh_from_db()
    if account.final_due_on is not None and account.final_due_on < last:
        plan.final_due_before = account.final_due_on
        change_account(
            actor=actor,
            account_id=account.pk,
            seen_version=account.version,
            credit_limit=account.credit_limit,
            final_due_on=last,
            reason=reason,
        )


def _bill(actor: Actor, plan: Plan, day: date) -> None:
    instalments = list(plan.instalments.all())
    bills = post_bills(
        actor=actor,
        account_id=plan.account_id,
        bills=[
            NewBill(
                ref=one.bill_ref,
                statement_on=day,
                due_on=one.due_on,
                principal=one.principal,
                interest=one.interest,
                service_fee=one.fee,
                kind=BillKind.PLAN,
            )
            for one in instalments
        ],
    )
    for one, bill in zip(instalments, bills, strict=True):
        one.bill = bill
    PlanInstalment.objects.bulk_update(instalments, ["bill"])
