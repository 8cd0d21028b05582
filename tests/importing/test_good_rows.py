"""What a good import leaves in the book."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Account, Bill, ContactPoint, Customer, Hold, LedgerEntry, Payment, Standing
from accounts.selectors.verify import account_range, differences
from audit.models import Event
from runs import clock
from tests.importing.books import GOOD, ID_NUMBER, Folder, import_book

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_every_file_becomes_its_rows(folder: Folder) -> None:
    outcome = import_book(folder.write().path)
    assert outcome.status == 0, outcome.err
    assert outcome.out.splitlines() == [
        "customers.csv: 3 rows, 3 new, 0 unchanged, 0 bad",
        "contacts.csv: 4 rows, 4 new, 0 unchanged, 0 bad",
        "accounts.csv: 2 rows, 2 new, 0 unchanged, 0 bad",
        "bills.csv: 3 rows, 3 new, 0 unchanged, 0 bad",
        "payments.csv: 2 rows, 2 new, 0 unchanged, 0 bad",
        "holds.csv: 2 rows, 2 new, 0 unchanged, 0 bad",
        "Imported 16 new rows.",
    ]
    wang = Customer.objects.get(ref="C1")
    assert (wang.name, wang.id_type, wang.id_number) == ("王小明", "resident-id", ID_NUMBER)
    assert (wang.birth_date, wang.locale, wang.time_zone, wang.origin) == (
        date(1949, 12, 31),
        "zh-Hans",
        "Asia/Shanghai",
        "imported",
    )
    unknown = Customer.objects.get(ref="C3")
    assert (unknown.id_type, unknown.id_number, unknown.birth_date, unknown.locale) == ("", "", None, "")

    account = Account.objects.get(ref="A1")
    assert (account.customer.ref, account.product.code, account.currency) == ("C1", "plain", "CNY")
    assert (account.credit_limit, account.opened_on, account.final_due_on) == (
        Decimal("5000.00"),
        date(2025, 12, 1),
        None,
    )
    bill = Bill.objects.get(ref="B2")
    assert (bill.principal, bill.interest, bill.service_fee) == (Decimal("780.00"), Decimal("15.50"), Decimal("4.50"))
    assert (bill.minimum_given, bill.minimum_due) == (Decimal("80.00"), Decimal("80.00"))
    whole = Bill.objects.get(ref="B3")
    assert (whole.minimum_given, whole.minimum_due) == (None, Decimal("600.00"))

    assert LedgerEntry.objects.count() == 5
    assert Standing.objects.count() == 2
    assert Event.objects.filter(actor_name="import_book").exists()


def test_a_payment_was_known_when_the_file_says_or_at_midnight_of_its_day(folder: Folder) -> None:
    import_book(folder.write().path)
    assert Payment.objects.get(ref="P1").recorded_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert Payment.objects.get(ref="P2").recorded_at == datetime(2026, 3, 20, tzinfo=SHANGHAI)
    assert Payment.objects.get(ref="P1").channel == "bank transfer"


def test_of_an_account_that_is_here_already_a_payment_is_known_from_the_import_on(folder: Folder) -> None:
    import_book(folder.write().path)
    folder.only("payments").add("payments", "P3", "A2", "5", "2026-03-21", "", "")
    with clock.frozen(datetime(2026, 3, 24, 9, tzinfo=UTC)):
        assert import_book(folder.write().path).status == 0
    assert Payment.objects.get(ref="P3").recorded_at == datetime(2026, 3, 24, 9, tzinfo=UTC)
    assert Payment.objects.get(ref="P2").recorded_at == datetime(2026, 3, 20, tzinfo=SHANGHAI)
    assert "0 new rows" in import_book(folder.path).out


def test_what_takes_effect_today_counts_at_once_as_where_it_is_posted_alone(folder: Folder) -> None:
    today = date(2026, 11, 28)
    with clock.frozen(datetime(2026, 11, 28, 4, tzinfo=UTC)):
        import_book(folder.write().path)
        before = Bill.objects.get(ref="B3").allocated
        folder.only("payments").add("payments", "P3", "A2", "5", today.isoformat(), "", "")
        folder.add("payments", "P4", "A1", "5", "2026-11-29", "", "")
        assert import_book(folder.write().path).status == 0
        assert Bill.objects.get(ref="B3").allocated == before + 5
        aged = dict(Account.objects.values_list("ref", "aged_on"))
        assert aged["A2"] == today
        assert aged["A1"] != date(2026, 11, 29), "tomorrow's money waits for its day"
        assert list(differences(*account_range())) == []


def test_a_hold_was_known_at_midnight_of_its_first_day(folder: Folder) -> None:
    import_book(folder.write().path)
    hold = Hold.objects.get(kind="deferral")
    assert (hold.starts_on, hold.ends_on, hold.reason) == (date(2026, 2, 26), date(2026, 3, 1), "illness")
    assert hold.known_from == datetime(2026, 2, 26, tzinfo=SHANGHAI)
    assert Hold.objects.get(kind="contact").ends_on is None


def test_a_contact_point_is_vouched_for_only_when_everything_about_it_is_known(folder: Folder) -> None:
    import_book(folder.write().path)
    points = {point.value: point for point in ContactPoint.objects.all()}
    own = points["wang@example.com"]
    assert (own.kind, own.relationship, own.permitted, own.verification) == ("email", "own", True, "verified")
    mother = points["mother@example.com"]
    assert (mother.relationship, mother.permitted, mother.verification) == ("contact-person", False, "unverified")
    address = points["1 High Street London"]
    assert (address.relationship, address.permitted, address.verification) == ("", None, "unverified")


def named(folder: Folder, name: str) -> Folder:
    for row, cell in zip(folder.files["contacts"], ("name", "", "", name, ""), strict=True):
        row.append(cell)
    return folder


def test_who_is_reached_at_a_contact_persons_number_is_named(folder: Folder) -> None:
    assert import_book(named(folder, "王大兰").write().path).status == 0
    points = {point.value: point.name for point in ContactPoint.objects.all()}
    assert points["mother@example.com"] == "王大兰"
    assert points["wang@example.com"] == ""
    assert not any("王大兰" in str(event) for event in Event.objects.values())
    assert "0 new rows" in import_book(folder.path).out
    # A file without names says nothing of them; another name would be a change.
    for row in folder.files["contacts"]:
        row.pop()
    assert import_book(folder.write().path).status == 0
    other = import_book(named(folder, "王小兰").write().path)
    assert other.places() == [("contacts.csv", 4, "name")]
    assert not any("王小兰" in text for text in (other.out, str(other.problems)))


def living(folder: Folder, zone: str, jurisdiction: str) -> Folder:
    rows = (("time_zone", "jurisdiction"), ("", ""), (zone, jurisdiction), ("", ""))
    for row, cells in zip(folder.files["customers"], rows, strict=True):
        row[6:] = cells
    return folder


def test_where_customers_live_and_whose_rules_hold_for_them(folder: Folder) -> None:
    assert import_book(living(folder, "America/New_York", "United States").write().path).status == 0
    found = Customer.objects.order_by("ref").values_list("time_zone", "jurisdiction")
    assert list(found) == [("Asia/Shanghai", "cn"), ("America/New_York", "us"), ("Asia/Shanghai", "cn")]
    assert "0 new rows" in import_book(folder.path).out
    assert "0 new rows" in import_book(living(folder, "", "").write().path).out
    other = import_book(living(folder, "America/Chicago", "cn").write().path)
    assert other.places() == [("customers.csv", 3, "time_zone"), ("customers.csv", 3, "jurisdiction")]
    unknown = import_book(living(folder, "Moon/Crater", "mars").write().path)
    assert unknown.places() == [("customers.csv", 3, "time_zone"), ("customers.csv", 3, "jurisdiction")]


def test_no_identity_number_or_contact_value_lies_in_the_database_in_clear(folder: Folder) -> None:
    import_book(folder.write().path)
    assert ID_NUMBER.encode() not in bytes(Customer.objects.get(ref="C1").id_number_cipher)
    kept = [str(value) for event in Event.objects.all() for value in (event.before, event.after, event.reason)]
    assert not any(ID_NUMBER in text or "13800138000" in text or "wang@" in text for text in kept)


def test_the_same_files_again_change_nothing(folder: Folder) -> None:
    import_book(folder.write().path)
    before = (LedgerEntry.objects.count(), Event.objects.count(), ContactPoint.objects.count(), Hold.objects.count())
    again = import_book(folder.path)
    assert again.status == 0
    assert "Everything is in the book already: 0 new rows." in again.out
    assert "bills.csv: 3 rows, 0 new, 3 unchanged, 0 bad" in again.out
    assert before == (
        LedgerEntry.objects.count(),
        Event.objects.count(),
        ContactPoint.objects.count(),
        Hold.objects.count(),
    )


def test_values_written_another_way_are_the_same_values(folder: Folder) -> None:
    import_book(folder.write().path)
    folder.set("bills", 2, principal="1000", interest="0.00", minimum_due="100")
    folder.set("payments", 2, recorded_at="2026-03-02 20:00+08:00", amount="100.0")
    folder.set("payments", 3, recorded_at="2026-03-19T16:00Z")
    folder.set("contacts", 2, value="13800138000", permitted="Y", relationship="本人")
    folder.set("customers", 2, locale="zh_CN", id_type="身份证", id_number=ID_NUMBER.lower())
    again = import_book(folder.write().path)
    assert again.status == 0, again.problems
    assert "0 new rows" in again.out


def test_a_second_import_adds_to_the_book_what_is_new(folder: Folder) -> None:
    import_book(folder.write().path)
    folder.add("payments", "P3", "A1", "80", "2026-02-20", "", "")
    later = import_book(folder.only("payments").write().path)
    assert later.status == 0, later.problems
    assert "payments.csv: 3 rows, 1 new, 2 unchanged, 0 bad" in later.out
    assert Bill.objects.get(ref="B2").allocated == Decimal("80.00")


def test_any_subset_of_the_files_and_columns_in_any_order_will_do(folder: Folder) -> None:
    folder.path.mkdir()
    folder.text("customers", "name,customer_ref\r\n王小明,C1\r\n\r\n")
    folder.text("accounts", "\ufeffCurrency, product_code ,customer_ref,account_ref\nCNY,plain,C1,A1\n")
    outcome = import_book(folder.path)
    assert outcome.status == 0, outcome.problems
    assert Account.objects.get().customer.name == "王小明"
    assert "bills.csv" not in outcome.out


def test_future_dates_are_accepted_and_wait_for_their_day(folder: Folder) -> None:
    folder.add("bills", "B9", "A1", "2999-01-05", "2999-01-25", "10", "", "", "")
    folder.add("payments", "P9", "A1", "10", "2999-01-20", "", "")
    assert import_book(folder.write().path).status == 0
    assert Bill.objects.get(ref="B9").allocated == 0


def test_a_dry_run_counts_and_saves_nothing(folder: Folder) -> None:
    outcome = import_book(folder.write().path, "--dry-run")
    assert outcome.status == 0
    assert "bills.csv: 3 rows, 3 new, 0 unchanged, 0 bad" in outcome.out
    assert "nothing was saved" in outcome.out
    assert not Customer.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert import_book(folder.path).status == 0


def test_overlapping_holds_and_shared_identity_numbers_are_accepted(folder: Folder) -> None:
    folder.add("holds", "A1", "deferral", "2026-02-27", "2026-03-01", "illness")
    folder.add("customers", "C4", "王小明", "resident-id", ID_NUMBER, "", "")
    outcome = import_book(folder.write().path)
    assert outcome.status == 0, outcome.problems


def test_free_text_keeps_its_line_breaks_and_a_name_is_one_line(folder: Folder) -> None:
    folder.set("customers", 3, name="Ada\n Lovelace").set("payments", 2, channel="a\r\nb")
    folder.set("holds", 2, reason="ill,\n\t\\back soon")
    folder.set("contacts", 2, value="(+86) 138-0013-8000")
    for _again in range(2):
        outcome = import_book(folder.write().path)
        assert outcome.status == 0, outcome.problems
    assert Customer.objects.get(ref="C2").name == "Ada Lovelace"
    assert Hold.objects.get(kind="deferral").reason == "ill,\n\t\\back soon"
    assert Payment.objects.get(ref="P1").channel == "a\r\nb"
    assert "0 new rows" in outcome.out


def test_an_identity_number_of_a_retired_county_is_a_warning(folder: Folder) -> None:
    folder.set("customers", 2, id_number="990105194912310023", birth_date="")
    outcome = import_book(folder.write().path)
    assert outcome.status == 0, outcome.problems
    assert "county not on the list" in outcome.err
    assert "1949" not in outcome.err


def test_an_eighteen_digit_number_without_a_type_is_a_residents(folder: Folder) -> None:
    folder.set("customers", 2, id_type="")
    assert import_book(folder.write().path).status == 0
    assert Customer.objects.get(ref="C1").id_type == "resident-id"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("zh-hans", "zh-Hans"),
        ("zh_CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("EN", "en"),
        ("en-US", "en"),
        ("fr-FR", "fr-FR"),
    ],
)
def test_languages_are_kept_in_one_form(folder: Folder, given: str, kept: str) -> None:
    folder.set("customers", 2, locale=given)
    assert import_book(folder.write().path).status == 0
    assert Customer.objects.get(ref="C1").locale == kept


def test_the_order_of_rows_in_the_files_makes_no_difference_to_the_money(folder: Folder) -> None:
    for rows in folder.files.values():
        rows[1:] = reversed(rows[1:])
    assert import_book(folder.write().path).status == 0
    assert {bill.ref: bill.allocated for bill in Bill.objects.all()} == {
        "B1": Decimal("100.00"),
        "B2": Decimal("0.00"),
        "B3": Decimal("1.00"),
    }


def test_the_good_book_is_what_these_tests_say() -> None:
    """The fixtures are shared: a test that changes them would fail its neighbours."""
    assert [len(rows) - 1 for rows in GOOD.values()] == [3, 4, 2, 3, 2, 2]
