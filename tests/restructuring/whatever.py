"""What holds whatever people, payers, the days and the core system do to one customer's accounts."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.db import connection, transaction
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from accounts.models import Acceleration, Account, AccountStatus, Hold
from approvals.models import OPEN, Request, RequestStatus
from freezing.models import OPEN as UNDER_WAY
from freezing.models import CommandVerb, CoreCommand
from restructuring.models import LIVE, PROPOSED, Plan
from runs import clock
from runs.selectors import book_day
from staff.models import User
from tests.restructuring.deeds import noon, proved
from waivers.models import Waiver, WaiverStatus


class Whatever(RuleBasedStateMachine):
    """A walk over one book: each run begins with the same and leaves no trace; after each step it is looked at as a whole."""

    accounts: ClassVar[list[Account]]
    people: ClassVar[dict[str, User]]
    did: ClassVar[set[str]]

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.moved = True
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)

    def teardown(self) -> None:
        self.stack.close()

    @property
    def day(self) -> date:
        """The open business day, on which the clock stands."""
        closed = book_day()
        assert closed is not None
        return closed + timedelta(days=1)

    @property
    def now(self) -> datetime:
        return noon(self.day) + timedelta(seconds=self.number)

    @invariant()
    def the_book_proves_itself(self) -> None:
        if not self.moved:
            return
        connection.check_constraints()
        with clock.frozen(self.now):
            proved(*self.accounts)
        self.moved = False

    @invariant()
    def no_account_is_in_two_plans_and_a_live_one_holds_back_its_collection(self) -> None:
        for account in self.accounts:
            plans = Plan.objects.filter(account=account)
            assert plans.filter(status__in=LIVE).count() <= 1
            assert plans.filter(status__in=PROPOSED).count() <= 1
        for plan in Plan.objects.filter(running_on__isnull=False):
            ours = Hold.objects.filter(account=plan.account_id, reason=plan.ref, withdrawn_at=None, ends_on=None)
            assert sorted(ours.values_list("kind", flat=True)) == (["contact", "fees"] if plan.is_live else []), plan

    @invariant()
    def what_is_asked_for_is_open_once_and_decided_by_another(self) -> None:
        requests = list(Request.objects.all())
        subjects = [(one.kind, one.subject_type, one.subject_id) for one in requests if one.status in OPEN]
        assert len(subjects) == len(set(subjects))
        assert all(one.decided_by_id != one.requested_by_id for one in requests)
        approved = {one.pk for one in requests if one.status == RequestStatus.APPROVED}
        for waiver in Waiver.objects.exclude(status=WaiverStatus.ASKED):
            assert waiver.request_id in approved or waiver.policy.automatic_up_to >= waiver.amount
        for plan in Plan.objects.filter(running_on__isnull=False):
            assert plan.request_id in approved
        for account in self.accounts:
            assert Acceleration.objects.filter(account=account, withdrawn_at=None).count() <= 1

    @invariant()
    def an_account_stands_as_the_core_system_said_last(self) -> None:
        for account in Account.objects.all():
            told = CoreCommand.objects.filter(account=account)
            assert told.filter(status__in=UNDER_WAY).count() <= 1
            last = told.filter(status="confirmed").order_by("pk").last()
            if account.status != AccountStatus.CHARGED_OFF:
                is_frozen = last is not None and last.verb == CommandVerb.FREEZE
                assert account.status == (AccountStatus.FROZEN if is_frozen else AccountStatus.ACTIVE)
