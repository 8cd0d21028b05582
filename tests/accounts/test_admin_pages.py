"""Every page of the book's admin: who may open it, that nothing is deleted, and that lists stay quick."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.admin.base import COUNTED, EstimatingPaginator
from accounts.models import (
    Acceleration,
    AccountParty,
    Allocation,
    Customer,
    LedgerEntry,
    PaymentFile,
    Product,
    Relief,
    ReliefReversal,
    UnmatchedPayment,
    Watch,
)
from staff.permissions import DESK_RIGHTS
from tests.factories import (
    DAY,
    MOMENT,
    AccountFactory,
    BillFactory,
    BusinessDayFactory,
    ContactPointFactory,
    CustomerFactory,
    EntryFactory,
    HoldFactory,
    PaymentFactory,
    ReversalFactory,
    StandingChangeFactory,
    StandingFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

BOOK = sorted(model._meta.model_name or "" for model in apps.get_app_config("accounts").get_models())
# Models without a page of their own, and why.
ELSEWHERE = {
    "restructuring.agreement": "on the page of its plan",
    "restructuring.plan": "pages of their own",
    "restructuring.planinstalment": "on the page of their plan",
    "restructuring.plantarget": "on the page of their plan",
    "restructuring.signingcode": "on the page of its plan",
    "waivers.waiver": "pages of their own",
    "accounts.bucketrow": "rows of their table's page",
    "accounts.riskrow": "rows of their table's page",
    "admin.logentry": "shown as the history of each row",
    "auth.permission": "given on the pages of users and groups",
    "contenttypes.contenttype": "Django's own",
    "auth.group": "roles stand for groups",
    "approvals.request": "pages of their own",
    "approvals.attachment": "on the page of their request",
    "approvals.unread": "what came back, on the pages of requests",
    "approvals.bulk": "a page of its own for who decided",
    "approvals.bulkitem": "rows of their bulk decision",
    "approvals.delegation": "a page of their own",
    "reminders.channelcontrol": "the page of channels",
    "reminders.printbatch": "pages of their own",
    "reminders.template": "pages of their own",
    "reminders.templateversion": "the pages of their template",
    "axes.accessattempt": "failures at the door; lifted on the page of users",
    "axes.accessattemptexpiration": "not used",
    "axes.accessfailurelog": "not used",
    "axes.accesslog": "not used: signing in is recorded by us",
    "otp_static.staticdevice": "a secret",
    "otp_static.statictoken": "a secret",
    "otp_totp.totpdevice": "a secret: whoever sees the key can sign in as its owner",
    "runs.sentform": "a digest of what was sent, so that it is not done twice",
    "sessions.session": "Django's own, and not used",
    "staff.authoritylimit": "rows of their role's page",
    "staff.portfolio": "rows of their team's page",
    "staff.staffsession": "a secret; listed and ended on pages of its own",
    "django_rq.dashboard": "the queues' dashboard is not offered: its one permission shows every argument",
    "cases.case": "opened, moved and closed by the book; its page is the desk's",
    "cases.promiseinstalment": "on the page of their promise",
    "cases.notefile": "given out with its note, on the page of its case",
    "cases.queue": "its page is the desk's",
    "reminders.message": "queued by the close of day; its page is the desk's",
    "reminders.receipt": "told by providers; its page is the desk's",
    "cases.calltask": "asked for by strategies; on the page of its case",
    "strategy.deployment": "put in force by approvals; on the page of strategies",
    "strategy.proposal": "pages of their own",
    "strategy.rule": "on the page of its strategy",
    "strategy.simulation": "pages of their own",
    "strategy.treatment": "a list of its own",
    "strategy.version": "pages of their own",
}
PAGES = [name for name in BOOK if f"accounts.{name}" not in ELSEWHERE]
READ_ONLY = [
    "acceleration", "allocation", "ledgerentry", "paymentfile", "relief", "reliefreversal", "reversal", "standing",
    "standingchange", "unmatchedpayment", "watch",
]  # fmt: skip


def list_of(model: str) -> str:
    return reverse(f"admin:accounts_{model}_changelist")


def client_of(*permissions: str, **fields: Any) -> Client:
    """Somebody of the staff who has these permissions of the book, and no role."""
    user = UserFactory(**{"role": ""} | fields)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts", codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def viewer_of(model: str) -> Client:
    """Somebody who sees these rows; what is also a right of the desk lets nobody in by itself."""
    inside = ["view_account"] if f"accounts.view_{model}" in DESK_RIGHTS else []
    return client_of(f"view_{model}", *inside)


def one_of_each() -> dict[str, Any]:
    """A row of each model that has a page."""
    bill = BillFactory()
    payment = PaymentFactory(account=bill.account)
    entry = EntryFactory(account=bill.account, bill=bill, payment=payment)
    product = Product.objects.get(code="instalment")
    relief = Relief.objects.create(
        account=bill.account, ref="R1", kind="waiver", bill=bill, amount=1, effective_on=DAY, recorded_at=MOMENT
    )
    file = PaymentFile.objects.create(
        received_at=MOMENT,
        business_day=DAY,
        actor_name="Lin",
        received=1,
        received_amount=1,
        waiting=1,
        waiting_amount=1,
    )
    return {
        "acceleration": Acceleration.objects.create(
            account=bill.account, due_on=DAY, notified_on=DAY, known_from=MOMENT
        ),
        "account": bill.account,
        "accountparty": AccountParty.objects.create(
            account=bill.account, customer=CustomerFactory(), role="guarantor", recorded_at=MOMENT
        ),
        "allocation": Allocation.objects.create(
            account=bill.account, entry=entry, bill=bill, component="principal", amount=Decimal(1), rule_version=1
        ),
        "bill": bill,
        "contactpoint": ContactPointFactory(customer=bill.account.customer),
        "customer": bill.account.customer,
        "hold": HoldFactory(account=bill.account),
        "ledgerentry": entry,
        "payment": payment,
        "paymentfile": file,
        "product": product,
        "productterms": product.terms.get(),
        "relief": relief,
        "reliefreversal": ReliefReversal.objects.create(relief=relief, effective_on=DAY, recorded_at=MOMENT),
        "reversal": ReversalFactory(payment=payment),
        "standing": StandingFactory(account=bill.account),
        "standingchange": StandingChangeFactory(account=bill.account),
        "unmatchedpayment": UnmatchedPayment.objects.create(
            ref="X1", account_ref="?", amount=1, effective_on=DAY, recorded_at=MOMENT, file=file
        ),
        "watch": Watch.objects.create(account=bill.account, floor="substandard", starts_on=DAY, known_from=MOMENT),
    }


def test_every_model_has_a_page_or_a_reason_why_not() -> None:
    everything = {model._meta.label_lower for model in apps.get_models()}
    shown = {model._meta.label_lower for model in admin.site._registry}
    assert everything - shown == set(ELSEWHERE)
    assert not shown & {"accounts.bucketrow", "accounts.riskrow", "django_rq.dashboard"}


@pytest.mark.parametrize("model", PAGES)
def test_a_page_needs_its_permission(model: str) -> None:
    assert client_of().get(list_of(model)).status_code == 403
    assert viewer_of(model).get(list_of(model)).status_code == 200
    adding = reverse(f"admin:accounts_{model}_add")
    assert viewer_of(model).get(adding).status_code == 403
    assert viewer_of(model).post(adding).status_code == 403


@pytest.mark.parametrize(
    "model", sorted(one for one in PAGES if one not in ("allocationrule", "buckettable", "risktable"))
)
def test_a_row_can_be_seen_but_never_deleted_by_anyone(model: str, boss: Client) -> None:
    row = one_of_each()[model]
    page = reverse(f"admin:accounts_{model}_change", args=[row.pk])
    assert boss.get(page).status_code == 200
    viewer = viewer_of(model)
    assert viewer.get(page).status_code == 200
    assert viewer.post(page).status_code == 403
    gone = reverse(f"admin:accounts_{model}_delete", args=[row.pk])
    assert boss.get(gone).status_code == 403
    assert boss.post(gone, {"post": "yes"}).status_code == 403
    boss.post(list_of(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_follows_from_the_book_is_only_read(model: str, boss: Client) -> None:
    row = one_of_each()[model]
    assert boss.get(reverse(f"admin:accounts_{model}_add")).status_code == 403
    assert boss.post(reverse(f"admin:accounts_{model}_add"), {"amount": "1"}).status_code == 403
    assert boss.post(reverse(f"admin:accounts_{model}_change", args=[row.pk]), {"amount": "1"}).status_code == 403


@pytest.mark.parametrize("model", ["bill", "payment", "hold"])
def test_what_is_posted_is_not_changed(model: str, boss: Client) -> None:
    row = one_of_each()[model]
    page = reverse(f"admin:accounts_{model}_change", args=[row.pk])
    assert boss.post(page, {"reason": "x", "amount": "1"}).status_code == 403
    assert 'name="_save"' not in boss.get(page).content.decode()


def test_nobody_sees_an_identity_number_or_contact_value_in_clear(boss: Client) -> None:
    rows = one_of_each()
    number, value = rows["customer"].id_number, rows["contactpoint"].value
    viewer = client_of("view_customer", "view_contactpoint", "view_account")
    for client in (boss, viewer):
        for model in ("customer", "contactpoint", "account"):
            for page in (list_of(model), reverse(f"admin:accounts_{model}_change", args=[rows[model].pk])):
                text = client.get(page).content.decode()
                assert number not in text
                assert value not in text
    assert rows["customer"].masked_id_number in boss.get(list_of("customer")).content.decode()


def grow(rows: int) -> None:
    for _ in range(rows):
        account = AccountFactory()
        AccountParty.objects.create(account=account, customer=CustomerFactory(), role="co-debtor", recorded_at=MOMENT)
        bill = BillFactory(account=account)
        payment = PaymentFactory(account=account, designated_bill=bill)
        entry = EntryFactory(account=account, bill=bill, payment=payment)
        Allocation.objects.create(
            account=account, entry=entry, bill=bill, component="principal", amount=Decimal(1), rule_version=1
        )
        ReversalFactory(payment=PaymentFactory(account=account))
        HoldFactory(account=account)
        ContactPointFactory(customer=account.customer)
        StandingFactory(account=account)
        StandingChangeFactory(account=account)


def queries(client: Client, address: str) -> int:
    client.get(address)  # content types and the like are read once a process
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


@pytest.mark.parametrize("model", [one for one in PAGES if one not in ("product", "productterms", "allocationrule")])
def test_a_list_asks_no_more_for_twenty_rows_than_for_two(model: str, boss: Client) -> None:
    grow(2)
    few = queries(boss, list_of(model))
    grow(18)
    assert queries(boss, list_of(model)) == few
    assert few <= 14


@pytest.mark.parametrize("model", sorted(PAGES))
def test_every_list_answers_a_search(model: str, boss: Client) -> None:
    assert boss.get(f"{list_of(model)}?q=x").status_code == 200


@pytest.mark.parametrize("model", ["account", "customer"])
def test_a_page_asks_no_more_for_twenty_inner_rows_than_for_two(model: str, boss: Client) -> None:
    account = AccountFactory()
    row = account if model == "account" else account.customer
    page = reverse(f"admin:accounts_{model}_change", args=[row.pk])

    def grow_inside(count: int) -> None:
        for number in range(count):
            BillFactory(account=account, due_on=DAY - timedelta(days=number))
            ReversalFactory(payment=PaymentFactory(account=account))
            HoldFactory(account=account)
            ContactPointFactory(customer=account.customer)
            AccountFactory(customer=account.customer)
            AccountParty.objects.create(
                account=account, customer=CustomerFactory(), role="co-debtor", recorded_at=MOMENT
            )

    grow_inside(2)
    few = queries(boss, page)
    grow_inside(18)
    assert queries(boss, page) == few


@pytest.mark.parametrize("model", ["customer", "account", "bill", "product"])
def test_autocompletes_find_by_the_beginning_of_a_reference(model: str, boss: Client) -> None:
    row = one_of_each()[model]
    source = {
        "customer": ("account", "customer"),
        "account": ("bill", "account"),
        "bill": ("payment", "designated_bill"),
        "product": ("account", "product"),
    }[model]
    found = boss.get(
        reverse("admin:autocomplete"),
        {"term": str(row)[:7], "app_label": "accounts", "model_name": source[0], "field_name": source[1]},
    ).json()
    assert [one["id"] for one in found["results"]] == [str(row.pk)]


def test_lists_filter_and_search(boss: Client) -> None:
    late, current = StandingFactory().account, AccountFactory()
    for question, wanted in (
        ({"late": "yes"}, {late}),
        ({"late": "no"}, {current}),
        ({"q": late.ref}, {late}),
        ({"q": current.customer.ref}, {current}),
        ({"q": "nothing like it"}, set()),
    ):
        assert set(boss.get(list_of("account"), question).context["cl"].queryset) == wanted, question
    payment = ReversalFactory().payment
    kept = PaymentFactory(account=payment.account)
    assert set(boss.get(list_of("payment"), {"reversed": "yes"}).context["cl"].queryset) == {payment}
    assert set(boss.get(list_of("payment"), {"reversed": "no"}).context["cl"].queryset) == {kept}
    assert set(boss.get(list_of("payment"), {"q": payment.account.ref}).context["cl"].queryset) == {payment, kept}
    assert set(boss.get(list_of("standing"), {"bucket": "M3"}).context["cl"].queryset) == {late.standing}
    assert not boss.get(list_of("standing"), {"bucket": "M1"}).context["cl"].queryset
    assert boss.get(list_of("reversal"), {"q": payment.ref}).context["cl"].queryset.get().payment == payment
    change = StandingChangeFactory()
    assert change in boss.get(list_of("standingchange"), {"bucket": "M3"}).context["cl"].queryset


def test_big_lists_are_estimated_not_counted() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_customer (ref, name, id_type, locale, time_zone, origin, recorded_at, version)"
            " SELECT 'N' || n, 'x', '', '', 'UTC', 'made', now(), 1 FROM generate_series(1, %s) n",
            [COUNTED + 5_000],
        )
        cursor.execute("ANALYZE accounts_customer")
    with CaptureQueriesContext(connection) as asked:
        count = EstimatingPaginator(Customer.objects.order_by("-id"), 50).count
    assert COUNTED < count < 2 * COUNTED
    assert all(f"LIMIT {COUNTED + 1}" in query["sql"] or "EXPLAIN" in query["sql"] for query in asked)
    assert EstimatingPaginator(Customer.objects.filter(ref="N1"), 50).count == 1


def test_pages_carry_our_name_and_hold_no_inline_script_or_style(boss: Client) -> None:
    rows = one_of_each()
    BusinessDayFactory()
    for address in (
        reverse("admin:index"),
        list_of("account"),
        list_of("customer"),
        reverse("admin:accounts_bill_add"),
        reverse("admin:accounts_account_change", args=[rows["account"].pk]),
        reverse("admin:accounts_hold_lift", args=[rows["hold"].pk]),
    ):
        response = boss.get(address)
        page = response.content.decode()
        assert response.status_code == 200
        assert "Delinquency" in page
        assert "Django admin" not in page
        assert "unsafe" not in response["Content-Security-Policy"]
        assert " style=" not in page
        assert "<style" not in page
        assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_the_account_leads_to_what_may_be_entered_next() -> None:
    account = AccountFactory()
    page = reverse("admin:accounts_account_change", args=[account.pk])
    adding = f"{reverse('admin:accounts_bill_add')}?account={account.pk}"
    assert adding in client_of("view_account", "view_bill", "add_bill").get(page).content.decode()
    assert adding not in client_of("view_account", "view_hold", "add_hold").get(page).content.decode()
    form = client_of("view_bill", "add_bill").get(adding).context["adminform"].form
    assert form["account"].value() == str(account.pk)


def test_ledger_rows_are_ours_alone(boss: Client) -> None:
    """A superuser's way to the ledger is closed in the pages as it is in SQL."""
    entry = EntryFactory(effective_on=date(2026, 11, 1))
    boss.post(reverse("admin:accounts_ledgerentry_delete", args=[entry.pk]), {"post": "yes"})
    boss.post(reverse("admin:accounts_ledgerentry_change", args=[entry.pk]), {"amount": "0.01"})
    assert LedgerEntry.objects.get(pk=entry.pk).amount == entry.amount
