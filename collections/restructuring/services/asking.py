"""Asking for a plan: what was chosen becomes a proposal, and another person is asked to decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account
from accounts.rules import cents, money
from accounts.services.locks import lock_account
from approvals import services as approvals
from approvals.models import OPEN, Request, RequestStatus
from audit.services import Actor, record
from restructuring.models import LIVE, PROPOSED, Plan, PlanInstalment, PlanRule, PlanStatus, PlanTarget
from restructuring.rules.offers import Offer, objections, payable
from restructuring.selectors.position import limits, position, rule_on
from restructuring.sentences import in_a_plan, no_schedule, nothing_to_decide, nothing_to_offer, sentence
from restructuring.services.taking_over import not_called_due
from restructuring.terms import Part, Terms, discounts, offer
from runs import clock
from runs.bulk import reserve_keys
from staff.models import User
from staff.permissions import Anyone, may, require
from strategy.models import Action, Proposal, ProposalStatus
from strategy.services import proposing

KIND = "restructuring"
ASK, DECIDE = "restructuring.ask_plan", "restructuring.decide_plan"


@transaction.atomic
def ask_plan(
    *,
    actor: User,
    account_id: int,
    terms: Terms,
    reason: str,
    income: Decimal | None = None,
    expenses: Decimal | None = None,
    replaces: Plan | None = None,
    documents: Sequence[UploadedFile] = (),
) -> Plan:
    """Ask for a plan on these terms, from the open business day on, with documents beside it; an open proposal of a plan is taken
    up. Locks customer → account → proposal.

    A plan that was sent back to `actor` for changes is asked for again with this one in its place; `replaces`: one that was
    ended for this one. That the account is in the actor's scope is the view's to ask.

    Raises:
        PermissionDenied: `actor` may not ask for plans, or another's was sent back.
        Invalid: nothing is owed, no schedule comes of the terms, the rules speak against it, no reason is given, or a file is
            no document.
        Conflict: the account has a live plan, or one that is being decided.
    """
    require(actor, ASK)
    account = lock_account(account_id)
    if (live := Plan.objects.filter(account=account, status__in=LIVE).first()) is not None:
        raise Conflict(in_a_plan(account, live.ref))
    not_called_due(account)
    here = position(account)
    if closed := nothing_to_offer(account, here.owed.total):
        raise Invalid(closed)
    sent_back = _make_room(actor, account)
    rule = rule_on(here.day)
    parts = here.parts(terms.covers, terms.late_fee)
    if not parts:
        raise Invalid(_("Account %(account)s owes nothing that this plan could take over.") % {"account": account.ref})
    try:
        made = offer(parts, terms, starts_on=here.day)
    except ValueError as error:
        raise Invalid(no_schedule()) from error
    allowed = limits(rule, account, here.day)
    if against := objections(made, allowed):
        raise Invalid(sentence(against[0]))
    affordable = None
    if income is not None and expenses is not None:
        affordable = money(payable(cents(income), cents(expenses), allowed.surplus_share))
    (key,) = reserve_keys(Plan, 1)
    plan = Plan.objects.create(
        pk=key,
        ref=f"R{key:08d}",
        account=account,
        customer_id=account.customer_id,
        replaces=sent_back or replaces,
        rule=rule,
        kind=terms.kind,
        currency=account.currency,
        starts_on=here.day,
        terms=terms.as_json(),
        principal=money(made.balance.principal),
        interest=money(made.balance.interest),
        service_fee=money(made.balance.service_fee),
        late_fee=money(made.balance.late_fee),
        discount=money(made.discount),
        plan_interest=money(made.interest),
        total=money(made.total),
        annual_cost=None if made.annual_cost is None else round(Decimal(made.annual_cost), 8),
        present_value=money(made.present_value(allowed.discount_rate)),
        income=income,
        expenses=expenses,
        payable=affordable,
        grace_days=rule.grace_days,
        breach_after=rule.breach_after,
        breach_terms=rule.breach_terms,
        asked_at=clock.now(),
        asked_by_name=str(actor)[:150],
    )
    _write_parts(plan, parts, made)
    for proposed in Proposal.objects.filter(account=account, kind=Action.PLAN, status=ProposalStatus.OPEN):
        proposing.take(actor=actor, proposal_id=proposed.pk)
    preview = _preview(plan, rule, parts, made)
    _request(actor, plan, sent_back.request if sent_back else None, reason, preview, documents)
    record(
        actor=actor,
        verb="plan.asked",
        subject=plan,
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        after={"kind": plan.kind, "total": plan.total, "discount": plan.discount, "instalments": len(made.instalments)},
        reason=reason,
    )
    return plan


@transaction.atomic
def renew_plan(*, actor: User, plan_id: int) -> Plan:
    """Ask for a proposed plan anew, on the same terms and for the same reason, of what is owed now: its request is withdrawn, or
    asked again where it was sent back. What was signed was another plan; documents stay with the request that they came with.
    Locks customer → account, then request and plan.

    Raises:
        PermissionDenied: somebody else asked for it, or `actor` may not ask for plans.
        Conflict: it is no proposal any more.
        Invalid, Conflict: see `ask_plan`.
    """
    account = lock_account(Plan.objects.values_list("account_id", flat=True).get(pk=plan_id))
    plan = Plan.objects.select_related("request").get(pk=plan_id)
    request = plan.request
    if plan.status not in PROPOSED or request is None:
        raise Conflict(nothing_to_decide(plan))
    if request.requested_by_id != actor.pk:
        raise PermissionDenied
    if request.status == RequestStatus.PENDING:
        approvals.withdraw(actor=actor, request_id=request.pk, seen_version=request.version)
    return ask_plan(
        actor=actor,
        account_id=account.pk,
        terms=Terms.from_json(plan.terms),
        reason=request.reason,
        income=plan.income,
        expenses=plan.expenses,
        replaces=plan,
    )


def sent_back_to(actor: Anyone, account: Account) -> Plan | None:
    """The proposed plan of the account that was sent back to `actor`, with its request: asked for again, another takes its place.
    One query."""
    sent_back = Plan.objects.filter(
        account=account,
        status__in=PROPOSED,
        request__status=RequestStatus.CHANGES,
        request__requested_by=actor.pk,
        request__expires_at__gt=clock.now(),
    )
    return sent_back.select_related("request").first()


def may_renew(actor: Anyone, plan: Plan) -> bool:
    """Whether `actor` may ask for this very plan anew."""
    request = plan.request
    is_open = plan.status in PROPOSED and request is not None and request.status in OPEN
    return is_open and request is not None and request.requested_by_id == actor.pk and may(actor, ASK)


def cancel_proposed(actor: Actor, plan: Plan, reason: str = "") -> None:
    """End a proposal whose request is over or asks for another plan now. The caller holds the account's lock."""
    before = {"status": plan.status}
    plan.status = PlanStatus.CANCELLED
    plan.version += 1
    plan.save(update_fields=["status", "version"])
    record(
        actor=actor,
        verb="plan.cancelled",
        subject=plan,
        customer_id=plan.customer_id,
        account_id=plan.account_id,
        before=before,
        after={"status": plan.status},
        reason=reason,
    )


def cancel_asked(actor: Actor, request: Request) -> None:
    """End the proposal of a request that ended without being approved. The request is locked; locks the plan alone."""
    plan = Plan.objects.select_for_update(no_key=True).filter(request=request, status__in=PROPOSED).first()
    if plan is not None:
        cancel_proposed(actor, plan, request.comment)


def _make_room(actor: User, account: Account) -> Plan | None:
    """End an earlier proposal of the account that nobody decides any more; that one with its request, if it was sent back."""
    earlier = Plan.objects.filter(account=account, status__in=PROPOSED).first()
    if earlier is None:
        return None
    # Before the plan, as whatever ends a request does.
    request = Request.objects.select_for_update(no_key=True).filter(pk=earlier.request_id or 0).first()
    is_open = request is not None and request.status in OPEN and request.expires_at > clock.now()
    if not is_open:
        cancel_proposed(actor, earlier)
        return None
    assert request is not None
    if request.status == RequestStatus.CHANGES and request.requested_by_id == actor.pk:
        cancel_proposed(actor, earlier)
        earlier.request = request
        return earlier
    raise Conflict(
        _("%(name)s asked for plan %(plan)s on this account, and it is “%(state)s”. It must end first.")
        % {"name": request.requested_by_name, "plan": earlier.ref, "state": request.get_status_display()}
    )


def _write_parts(plan: Plan, parts: Sequence[Part], made: Offer) -> None:
    PlanTarget.objects.bulk_create(
        PlanTarget(plan=plan, bill_id=part.bill_id, amount=money(part.balance.total), discount=money(taken))
        for part, taken in zip(parts, discounts(parts, made.discount), strict=True)
    )
    PlanInstalment.objects.bulk_create(
        PlanInstalment(
            plan=plan,
            number=number,
            due_on=one.due_on,
            principal=money(one.principal),
            interest=money(one.interest),
            fee=money(one.fee),
        )
        for number, one in enumerate(made.instalments, start=1)
    )


def _request(
    actor: User,
    plan: Plan,
    again: Request | None,
    reason: str,
    preview: dict[str, Any],
    documents: Sequence[UploadedFile],
) -> None:
    given: dict[str, Any] = {
        "actor": actor,
        "payload": {"plan": plan.pk},
        "preview": preview,
        "reason": reason,
        "amount": plan.balance,
        "documents": documents,
    }
    if again is not None:
        request = approvals.resubmit(request_id=again.pk, seen_version=again.version, **given)
    else:
        request = approvals.ask(
            kind=KIND, subject=plan.account, customer=plan.customer, currency=plan.currency, **given
        )
    plan.request = request
    plan.save(update_fields=["request"])


def _preview(plan: Plan, rule: PlanRule, parts: Sequence[Part], made: Offer) -> dict[str, Any]:
    """What the decider is shown: codes and amounts."""
    return {
        "plan": plan.ref,
        "account": plan.account.ref,
        "kind": plan.kind,
        "terms": plan.terms,
        "starts_on": plan.starts_on,
        "balance": {
            "principal": plan.principal,
            "interest": plan.interest,
            "service_fee": plan.service_fee,
            "late_fee": plan.late_fee,
            "total": plan.balance,
        },
        "discount": plan.discount,
        "plan_interest": plan.plan_interest,
        "total": plan.total,
        "annual_cost": plan.annual_cost,
        "present_value": plan.present_value,
        "heaviest_month": money(made.heaviest_month()),
        "payable": plan.payable,
        "is_affordable": None if plan.payable is None else money(made.heaviest_month()) <= plan.payable,
        "taken_over": [{"ref": part.ref, "amount": money(part.balance.total)} for part in parts],
        "instalments": [
            {
                "due_on": one.due_on,
                "principal": money(one.principal),
                "interest": money(one.interest),
                "fee": money(one.fee),
                "total": money(one.total),
            }
            for one in made.instalments
        ],
        "grace_days": plan.grace_days,
        "breach_after": plan.breach_after,
        "breach_terms": plan.breach_terms,
        "watch_months": rule.watch_months,
    }
