"""Products and their dated rows in the admin: validated, recorded, and never into days under which accounts stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AllocationRule, BucketTable, Product, ProductTerms, RiskTable, Standing
from accounts.selectors.verify import account_range, differences
from accounts.services import configuration, posting
from audit.models import Event
from delinquency.close_of_day import close_day
from runs import clock
from runs.locks import own_connection
from runs.models import DayClose
from tests.accounts.entering import ACTOR, adding, an_account, changing, errors, fill

OPEN_DAY = date(2026, 3, 1)  # the book opens with its first posting, on the day before
AHEAD = "2026-03-03"
THREE_BUCKETS = (("M1", 1, 30), ("M2", 31, 60), ("M3+", 61, None))

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_march")]


def a_late_account(product: str = "plain", **options: Any) -> Any:
    account = an_account(product=product)
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref="B1",
        statement_on=date(2026, 2, 1),
        due_on=date(2026, 2, 20),
        principal=Decimal(100),
        **options,
    )
    return account


def rows_of(*rows: tuple[Any, ...], names: tuple[str, ...] = ("code", "from_days", "to_days")) -> dict[str, Any]:
    """The fields of a table's rows as a browser sends them."""
    sent: dict[str, Any] = {"rows-TOTAL_FORMS": len(rows)}
    for number, row in enumerate(rows):
        sent |= {
            f"rows-{number}-{name}": "" if value is None else value for name, value in zip(names, row, strict=True)
        }
    return sent


def classes_of(*rows: tuple[str, int]) -> dict[str, Any]:
    return rows_of(*rows, names=("risk_class", "over_days"))


def row_errors(response: Any) -> str:
    assert response.status_code == 200, "the table was accepted"
    return str(response.context["errors"])


def moving_on(days: int) -> None:
    """Close so many days, from where the book stands on."""
    for number in range(days):
        day = OPEN_DAY + timedelta(days=number)
        with clock.frozen(datetime(day.year, day.month, day.day, 15, tzinfo=UTC)):
            close_day(actor=ACTOR, day=day)


# --- products


def test_a_product_comes_with_its_first_terms(boss: Client) -> None:
    sent = {
        "code": "short",
        "name": "Short loan",
        "effective_from": "2026-01-01",
        "grace_days": "3",
        "source": "Contract 7",
    }
    assert fill(boss, adding("product"), **sent).status_code == 302
    product = Product.objects.get(code="short")
    assert (product.is_active, product.terms.get().grace_days) == (True, 3)
    assert set(Event.objects.values_list("verb", flat=True)) == {"product.registered", "product-terms.added"}
    a_late_account("short")
    assert Standing.objects.exists()


@pytest.mark.parametrize("missing", ["code", "name", "effective_from", "source"])
def test_a_product_without_its_terms_or_their_source_is_refused(boss: Client, missing: str) -> None:
    sent = {"code": "short", "name": "Short loan", "effective_from": "2026-01-01", "source": "Contract 7", missing: ""}
    assert missing in errors(fill(boss, adding("product"), **sent))
    assert not Product.objects.filter(name="Short loan").exists()


def test_a_product_is_renamed_or_taken_off_sale_but_keeps_its_code(boss: Client) -> None:
    product = Product.objects.get(code="plain")
    page = fill(boss, changing(product), name="Bills", code="other")
    assert page.status_code == 302
    product.refresh_from_db()
    assert (product.code, product.name, product.is_active) == ("plain", "Bills", True)
    event = Event.objects.get(verb="product.changed")
    assert (event.before, event.after) == (
        {"name": "Plain bills", "is_active": True},
        {"name": "Bills", "is_active": True},
    )


# --- terms


def terms_of(client: Client, product: str = "plain", **values: Any) -> Any:
    sent = {"product": Product.objects.get(code=product).pk, "effective_from": AHEAD, "source": "Notice 1"}
    return fill(client, adding("productterms"), **sent | values)


def test_terms_ahead_are_added_and_the_book_agrees_before_and_after_their_day(boss: Client) -> None:
    a_late_account()
    assert terms_of(boss, grace_days="5").status_code == 302
    assert ProductTerms.objects.get(effective_from=AHEAD).grace_days == 5
    assert Event.objects.get(verb="product-terms.added").after["source"] == "Notice 1"
    assert Standing.objects.get().next_transition_on == date(2026, 3, 3)
    assert list(differences(*account_range())) == []
    moving_on(3)
    assert Standing.objects.get().next_transition_on == date(2026, 3, 23)
    assert list(differences(*account_range())) == []


@pytest.mark.parametrize("day", ["1999-01-01", "2026-02-28", "2026-03-01"])
def test_terms_of_a_day_under_which_accounts_stand_are_refused(boss: Client, day: str) -> None:
    an_account()
    assert "2026-03-02 or later" in errors(terms_of(boss, effective_from=day))["effective_from"][0]
    assert ProductTerms.objects.filter(product__code="plain").count() == 1


def test_terms_in_force_are_not_changed_while_accounts_stand_under_them(boss: Client) -> None:
    terms = ProductTerms.objects.get(product__code="plain")
    assert fill(boss, changing(terms), grace_days="1").status_code == 302
    event = Event.objects.get(verb="product-terms.changed")
    assert (event.before["grace_days"], event.after["grace_days"]) == (0, 1)
    an_account()
    assert "2026-03-02 or later" in errors(fill(boss, changing(terms), grace_days="2"))["__all__"][0]
    terms.refresh_from_db()
    assert terms.grace_days == 1


def test_terms_that_are_still_ahead_are_changed_and_keep_their_date(boss: Client) -> None:
    a_late_account()
    terms_of(boss, grace_days="5")
    terms = ProductTerms.objects.get(effective_from=AHEAD)
    assert fill(boss, changing(terms), grace_days="7", effective_from="2026-04-01").status_code == 302
    terms.refresh_from_db()
    assert (terms.grace_days, terms.effective_from) == (7, date(2026, 3, 3))
    assert "__all__" in errors(terms_of(boss))  # the day is taken
    assert list(differences(*account_range())) == []


def test_what_the_accounts_already_keep_for_days_ahead_is_not_changed_under_them(boss: Client) -> None:
    account = a_late_account()
    posting.post_bill(
        actor=ACTOR,
        account_id=account.pk,
        ref="B2",
        statement_on=date(2026, 3, 10),
        due_on=date(2026, 3, 30),
        principal=Decimal(100),
    )
    posting.change_account(
        actor=ACTOR, account_id=account.pk, seen_version=1, credit_limit=None, final_due_on=date(2026, 5, 1)
    )
    refused = errors(terms_of(boss, minimum_rule="percent-of-balance", minimum_rate="0.5"))
    assert "2026-03-10" in refused["minimum_rule"][0]
    assert "2026-05-01" in errors(terms_of(boss, grace_days="5"))["grace_days"][0]
    assert "missed_limit" in errors(terms_of(boss, missed_limit="2"))
    assert terms_of(boss, effective_from="2026-05-02", grace_days="5").status_code == 302
    assert list(differences(*account_range())) == []


@pytest.mark.parametrize(
    ("field", "value"), [("minimum_rate", "1.5"), ("grace_days", "61"), ("source", ""), ("late_fee_daily_rate", "x")]
)
def test_wrong_terms_are_refused_at_their_field(boss: Client, field: str, value: str) -> None:
    assert field in errors(terms_of(boss, **{field: value}))


def test_nothing_is_configured_while_a_day_is_being_closed(boss: Client) -> None:
    an_account()
    DayClose.objects.create(date=OPEN_DAY, step="age", position=1, status="running", started_at=clock.now())
    assert "2026-03-01" in errors(terms_of(boss))["__all__"][0]


def test_nothing_waits_for_who_works_with_the_whole_book(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "PATIENCE", "200ms")
    with own_connection() as importing, importing.transaction():
        importing.execute("LOCK TABLE accounts_account IN ROW EXCLUSIVE MODE")
        assert "busy" in errors(terms_of(boss))["__all__"][0]
    assert not ProductTerms.objects.filter(effective_from=AHEAD).exists()
    assert terms_of(boss).status_code == 302


# --- tables


def test_a_bucket_table_ahead_moves_the_late_accounts_on_its_day(boss: Client) -> None:
    a_late_account()
    response = fill(
        boss, adding("buckettable"), effective_from=AHEAD, source="Policy 2", **rows_of(("E", 1, 10), ("L", 11, None))
    )
    assert response.status_code == 302
    table = BucketTable.objects.get(effective_from=AHEAD)
    assert list(table.rows.values_list("code", "from_days", "to_days")) == [("E", 1, 10), ("L", 11, None)]
    event = Event.objects.get(verb="bucket-table.added")
    assert event.actor_name == "Wang"
    assert event.after["rows"] == [["E", 1, 10], ["L", 11, None]]
    assert list(differences(*account_range())) == []
    moving_on(2)
    assert Standing.objects.get().bucket == "M1"
    moving_on(3)
    assert Standing.objects.get().bucket == "L"
    assert list(differences(*account_range())) == []


@pytest.mark.parametrize(
    "rows",
    [
        [("M1", 2, None)],
        [("M1", 1, 30)],
        [("M1", 1, 30), ("M2", 32, None)],
        [("M1", 1, 30), ("M2", 30, None)],
        [("M1", 1, None), ("M2", 31, None)],
        [("M1", 1, 30), ("M1", 31, None)],
        [("M0", 1, None)],
        [("", 1, None)],
        [],
    ],
)
def test_buckets_that_do_not_cover_each_day_once_are_refused(boss: Client, rows: list[tuple[Any, ...]]) -> None:
    assert row_errors(fill(boss, adding("buckettable"), effective_from=AHEAD, source="x", **rows_of(*rows)))
    assert BucketTable.objects.count() == 1
    assert not Event.objects.exists()


def test_a_table_needs_its_source_and_a_day_ahead(boss: Client) -> None:
    an_account()
    rows = rows_of(*THREE_BUCKETS)
    assert "source" in errors(fill(boss, adding("buckettable"), effective_from=AHEAD, source="", **rows))
    refused = fill(boss, adding("buckettable"), effective_from="2026-03-01", source="x", **rows)
    assert "2026-03-02 or later" in errors(refused)["effective_from"][0]
    shown = refused.context["inline_admin_formsets"][0].formset
    assert shown.forms[2]["code"].value() == "M3+"
    assert BucketTable.objects.count() == 1


def test_a_table_is_changed_with_its_rows_before_and_after(boss: Client) -> None:
    configuration.save_bucket_table(
        actor=ACTOR, table_id=None, effective_from=date(2026, 3, 3), source="x", rows=THREE_BUCKETS
    )
    table = BucketTable.objects.get(effective_from=AHEAD)
    sent = {"source": "y", "rows-1-to_days": "90", "rows-2-from_days": "91"}
    assert fill(boss, changing(table), **sent).status_code == 302
    assert list(table.rows.values_list("code", "from_days", "to_days")) == [
        ("M1", 1, 30), ("M2", 31, 90), ("M3+", 91, None),
    ]  # fmt: skip
    event = Event.objects.get(verb="bucket-table.changed")
    assert (event.before["source"], event.after["source"]) == ("x", "y")
    assert event.before["rows"][1] == ["M2", 31, 60]
    assert event.after["rows"][1] == ["M2", 31, 90]
    removed = {"rows-2-DELETE": "on", "rows-1-to_days": ""}
    assert fill(boss, changing(table), **removed).status_code == 302
    assert list(table.rows.values_list("code", flat=True)) == ["M1", "M2"]


def test_the_table_in_force_is_not_changed_while_accounts_stand_under_it(boss: Client) -> None:
    an_account()
    table = BucketTable.objects.get()
    assert "2026-03-02 or later" in row_errors(
        fill(boss, changing(table), **{"rows-0-to_days": "29", "rows-1-from_days": "30"})
    )
    assert table.rows.get(code="M1").to_days == 30


def test_a_risk_table_is_added_and_changed(boss: Client) -> None:
    a_late_account()
    rows = classes_of(("special-mention", 0), ("substandard", 5), ("loss", 360))
    assert fill(boss, adding("risktable"), effective_from=AHEAD, source="Policy 3", **rows).status_code == 302
    table = RiskTable.objects.get(effective_from=AHEAD)
    assert fill(boss, changing(table), source="Policy 4").status_code == 302
    assert Event.objects.get(verb="risk-table.changed").after["source"] == "Policy 4"
    moving_on(3)
    assert Standing.objects.get().risk_class == "substandard"
    assert list(differences(*account_range())) == []


@pytest.mark.parametrize(
    "rows",
    [
        [("loss", 90), ("substandard", 360)],
        [("loss", 90), ("doubtful", 90)],
        [("loss", 90), ("loss", 360)],
        [("normal", 0)],
        [],
    ],
)
def test_risk_classes_that_do_not_grow_worse_are_refused(boss: Client, rows: list[tuple[str, int]]) -> None:
    assert row_errors(fill(boss, adding("risktable"), effective_from=AHEAD, source="x", **classes_of(*rows)))
    assert RiskTable.objects.count() == 1


# --- the order of allocation


def test_an_allocation_rule_gets_the_next_version(boss: Client) -> None:
    an_account()
    sent = {
        "effective_from": AHEAD,
        "steps": "late_fee,minimum,rest",
        "components": "interest,service_fee,principal",
        "source": "Notice 9",
    }
    assert "steps" in errors(fill(boss, adding("allocationrule"), **sent | {"steps": "minimum,rest"}))
    assert "components" in errors(fill(boss, adding("allocationrule"), **sent | {"components": "x,y,z"}))
    assert "effective_from" in errors(fill(boss, adding("allocationrule"), **sent | {"effective_from": "2026-03-01"}))
    assert "source" in errors(fill(boss, adding("allocationrule"), **sent | {"source": ""}))
    assert fill(boss, adding("allocationrule"), **sent).status_code == 302
    rule = AllocationRule.objects.get(version=2)
    assert rule.steps == ["late_fee", "minimum", "rest"]
    assert fill(boss, changing(rule), steps="late_fee,rest,minimum").status_code == 302
    event = Event.objects.get(verb="allocation-rule.changed")
    assert event.before["steps"] == ["late_fee", "minimum", "rest"]
    assert event.after["steps"] == ["late_fee", "rest", "minimum"]
    assert "__all__" in errors(fill(boss, changing(AllocationRule.objects.get(version=1)), source="other"))
