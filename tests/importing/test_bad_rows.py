"""One bad row and nothing is saved; every bad row is told with its place."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Bill, ContactPoint, Customer, Hold, LedgerEntry, Payment
from audit.models import Event
from tests.importing.books import ID_NUMBER, Folder, Outcome, import_book

pytestmark = pytest.mark.django_db


def refused(folder: Folder, *places: tuple[str, int, str]) -> Outcome:
    """Import the folder as it is on disk; just these places must be blamed, and nothing be saved."""
    outcome = import_book(folder.path)
    assert outcome.places() == list(places), outcome.problems
    assert outcome.status == 1
    assert "Nothing was saved." in outcome.err
    assert not any(
        model.objects.exists() for model in (Customer, ContactPoint, Account, Bill, Payment, Hold, LedgerEntry, Event)
    )
    return outcome


BAD_CELLS = [
    ("customers", "customer_ref", "C1\u202e"),
    ("customers", "name", "王\u2067小明"),
    ("customers", "name", "王\u2028小明"),
    ("customers", "name", "王\u2029小明"),
    ("customers", "name", "王\u200b小明"),
    ("customers", "name", "王\x85小明"),
    ("customers", "customer_ref", "C1\ufeffx"),
    ("customers", "customer_ref", ""),
    ("customers", "customer_ref", "x" * 65),
    ("customers", "name", ""),
    ("customers", "name", "x" * 201),
    ("customers", "name", "bell\x07"),
    ("customers", "id_type", "library-card"),
    ("customers", "id_number", "110105194912310021"),  # wrong check digit
    ("customers", "id_number", "110105194913310021"),  # no thirteenth month
    ("customers", "id_number", "1101051949"),
    ("customers", "birth_date", "1949-12-30"),  # the number says the 31st
    ("customers", "birth_date", "31.12.1949"),
    ("customers", "birth_date", "2999-01-01"),
    ("customers", "id_number", "110105299912310020"),  # born in 2999
    ("customers", "locale", "not a language"),
    ("contacts", "customer_ref", "C9"),
    ("contacts", "kind", "pigeon"),
    ("contacts", "kind", ""),
    ("contacts", "value", ""),
    ("contacts", "value", "12ab"),
    ("contacts", "source", "x" * 101),
    ("contacts", "relationship", "landlady"),
    ("contacts", "permitted", "maybe"),
    ("accounts", "customer_ref", "C9"),
    ("accounts", "product_code", "gold"),
    ("accounts", "product_code", ""),
    ("accounts", "currency", "cny"),
    ("accounts", "currency", "YUAN"),
    ("accounts", "currency", "XXQ"),
    ("accounts", "currency", "XAU"),  # gold
    ("accounts", "currency", "JPY"),  # no two places
    ("accounts", "currency", ""),
    ("accounts", "credit_limit", "-1"),
    ("accounts", "credit_limit", "1,000"),
    ("accounts", "opened_on", "2025-02-29"),
    ("accounts", "final_due_on", "2025-11-30"),  # before the opening
    ("bills", "account_ref", "A9"),
    ("bills", "account_ref", ""),
    ("bills", "statement_on", ""),
    ("bills", "statement_on", "2026-1-5"),
    ("bills", "due_on", "2026-01-04"),  # before the statement
    ("bills", "due_on", "2026-02-30"),
    ("bills", "due_on", "tomorrow"),
    ("bills", "principal", ""),
    ("bills", "principal", "-0.01"),
    ("bills", "principal", "1.001"),
    ("bills", "principal", "1e3"),
    ("bills", "principal", "+5"),
    ("bills", "principal", "NaN"),
    ("bills", "principal", "１００"),
    ("bills", "principal", "1234567890123"),
    ("bills", "interest", "-1"),
    ("bills", "service_fee", "x"),
    ("bills", "minimum_due", "-1"),
    ("payments", "amount", "0"),
    ("payments", "amount", "0.00"),
    ("payments", "amount", "-5.00"),
    ("payments", "amount", ""),
    ("payments", "effective_on", ""),
    ("payments", "effective_on", "2026-13-01"),
    ("payments", "recorded_at", "2026-03-02T12:00:00"),  # no offset
    ("payments", "recorded_at", "2026-03-02"),
    ("payments", "recorded_at", "2026-03-02T25:00:00Z"),
    ("payments", "channel", "x" * 101),
    ("holds", "account_ref", "A9"),
    ("holds", "kind", "vacation"),
    ("holds", "starts_on", ""),
    ("holds", "ends_on", "2026-02-25"),  # before the first day
    ("holds", "reason", "x" * 301),
]


@pytest.mark.parametrize(("kind", "column", "value"), BAD_CELLS)
def test_a_bad_cell_is_told_with_its_place_and_nothing_is_saved(
    folder: Folder, kind: str, column: str, value: str
) -> None:
    if (kind, column) == ("customers", "customer_ref"):
        # What refers to the customer whose reference is bad would rightly be unknown too.
        folder.only("customers")
    folder.set(kind, 2, **{column: value}).write()
    outcome = refused(folder, (f"{kind}.csv", 2, column))
    assert outcome.problems[0]["expected"]
    assert f"{kind}.csv line 2, {column}: " in outcome.err


def test_every_bad_row_of_every_file_is_told_in_order(folder: Folder) -> None:
    folder.set("bills", 2, principal="-1", interest="x").set("bills", 4, account_ref="A9")
    folder.set("accounts", 3, customer_ref="C9").set("payments", 3, amount="0").set("holds", 3, kind="?")
    outcome = refused(
        folder.write(),
        ("accounts.csv", 3, "customer_ref"),
        ("bills.csv", 2, "principal"),
        ("bills.csv", 2, "interest"),
        ("bills.csv", 4, "account_ref"),
        ("payments.csv", 3, "amount"),
        ("holds.csv", 3, "kind"),
    )
    assert "6 problems in 5 bad rows." in outcome.err
    assert "bills.csv: 3 rows, 1 new, 0 unchanged, 2 bad" in outcome.out


def test_rows_that_refer_to_a_bad_row_are_not_blamed(folder: Folder) -> None:
    folder.set("accounts", 2, currency="x").set("customers", 2, name="")
    refused(folder.write(), ("customers.csv", 2, "name"), ("accounts.csv", 2, "currency"))


@pytest.mark.parametrize(
    ("kind", "column"),
    [("customers", "customer_ref"), ("accounts", "account_ref"), ("bills", "bill_ref"), ("payments", "payment_ref")],
)
def test_the_second_row_of_one_reference_is_a_duplicate_and_names_the_first(
    folder: Folder, kind: str, column: str
) -> None:
    rows = folder.files[kind]
    rows.append(list(rows[1]))
    outcome = refused(folder.write(), (f"{kind}.csv", len(rows), column))
    assert "line 2 has the same" in outcome.problems[0]["expected"]


@pytest.mark.parametrize(("line", "name"), [(2, "王小明"), (4, "x" * 201)])
def test_only_who_has_no_row_of_her_own_is_named_at_a_contact_point(folder: Folder, line: int, name: str) -> None:
    for number, row in enumerate(folder.files["contacts"], start=1):
        row.append("name" if number == 1 else name if number == line else "")
    outcome = import_book(folder.write().path)
    assert outcome.places() == [("contacts.csv", line, "name")]
    assert name not in str(outcome.problems)


def test_the_same_contact_twice_for_a_customer_is_a_duplicate_however_it_is_written(folder: Folder) -> None:
    folder.add("contacts", "C1", "cell", "138-0013-8000", "web", "own", "true").write()
    outcome = refused(folder, ("contacts.csv", 7, "value"))
    assert "line 2 has the same" in outcome.problems[0]["expected"]
    assert "0013" not in outcome.problems[0]["value"]


def test_one_number_under_both_kinds_of_telephone_is_refused_in_the_file_and_beside_the_book(folder: Folder) -> None:
    folder.add("contacts", "C1", "phone", "138-0013-8000", "web", "own", "true").write()
    outcome = refused(folder, ("contacts.csv", 7, "value"))
    assert "the other kind of telephone" in outcome.problems[0]["expected"]
    assert "0013" not in outcome.problems[0]["value"]


def test_the_same_hold_twice_is_a_duplicate(folder: Folder) -> None:
    folder.add("holds", "A1", "contact", "2026-02-01", "", "")
    refused(folder.write(), ("holds.csv", 4, "account_ref"))


def test_lines_are_physical_lines(folder: Folder) -> None:
    """The address of customer C2 spans lines 5 and 6."""
    folder.add("contacts", "C3", "email", "nobody", "", "", "").write()
    refused(folder, ("contacts.csv", 7, "value"))


def test_a_missing_required_column_an_unknown_one_and_one_twice_are_told(folder: Folder) -> None:
    folder.write()
    folder.text("bills", "bill_ref,account_ref,statement_on,due_on,colour,due_on\nB1,A1,2026-01-01,2026-01-02,red,x\n")
    refused(folder, ("bills.csv", 1, "colour"), ("bills.csv", 1, "due_on"), ("bills.csv", 1, "principal"))


def test_rows_are_not_blamed_for_a_file_that_cannot_be_read(folder: Folder) -> None:
    folder.write().text("accounts", "account_ref,customer_ref\nA1,C1\n")
    refused(folder, ("accounts.csv", 1, "product_code"), ("accounts.csv", 1, "currency"))


def test_an_empty_file_has_no_header(folder: Folder) -> None:
    folder.write().text("holds", "")
    outcome = refused(folder, ("holds.csv", 1, ""))
    assert "header line" in outcome.problems[0]["expected"]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("customers", "C1,王小明,resident-id,11010519491231002X,1949-12-31,\nC2,Ada,,,,\n", "6 fields"),
        ("customers", "C1;王小明;resident-id;11010519491231002X\n", "1 field"),
        ("contacts", "C1,email,wang@example.com,contract,own,yes\n", "6 fields"),
    ],
)
def test_a_first_line_that_is_no_header_is_told_without_its_personal_values(
    kind: str, text: str, found: str, folder: Folder
) -> None:
    folder.write().text(kind, text)
    outcome = refused(folder, (f"{kind}.csv", 1, ""))
    (problem,) = outcome.problems
    assert problem["value"] == found
    assert "header line" in problem["expected"]
    for personal in ("王小明", "11010519491231002", "wang"):
        assert personal not in outcome.out + outcome.err + str(outcome.problems)


def test_bytes_that_are_no_utf8_are_told_where_they_are(folder: Folder) -> None:
    folder.write().text("customers", "customer_ref,name\nC1,王小明\nC2,Ada\n".encode() + "C3,李明\n".encode("gbk"))
    outcome = refused(folder, ("customers.csv", 4, "name"))
    assert "UTF-8" in outcome.problems[0]["expected"]


def test_a_whole_file_in_another_encoding_is_told_row_by_row(folder: Folder) -> None:
    folder.write().text("customers", "customer_ref,name\nC1,王小明\nC2,李明\nC3,王\n".encode("gbk"))
    refused(folder, *(("customers.csv", line, "name") for line in (2, 3, 4)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "gbk"])
def test_a_header_in_another_encoding_is_told(folder: Folder, encoding: str) -> None:
    folder.write().text("holds", "account_ref,kind,starts_on,备注\nA1,fees,2026-01-01,x\n".encode(encoding))
    outcome = import_book(folder.path)
    assert outcome.status == 1
    assert {row["file"] for row in outcome.problems} == {"holds.csv"}
    assert {row["line"] for row in outcome.problems} == {"1"}


def test_a_bill_whose_parts_add_up_to_too_much_is_told(folder: Folder) -> None:
    folder.set("bills", 2, principal="999999999999.99", interest="0.01").write()
    refused(folder, ("bills.csv", 2, "principal"))


def test_an_account_whose_bills_add_up_to_too_much_is_refused_in_words(folder: Folder) -> None:
    folder.set("bills", 2, principal="999999999999.99", minimum_due="").set(
        "bills", 3, principal="999999999900", minimum_due=""
    )
    with pytest.raises(CommandError, match="more than the book can hold"):
        call_command("import_book", str(folder.write().path))
    assert not Account.objects.exists()


def test_rows_with_too_many_or_too_few_fields_are_told(folder: Folder) -> None:
    folder.write().text("customers", "customer_ref,name\nC1,王小明\nC2,Ada,Lovelace\nC3\n")
    outcome = refused(folder, ("customers.csv", 3, ""), ("customers.csv", 4, ""))
    assert [row["value"] for row in outcome.problems] == ["3 fields", "1 field"]


def test_broken_quoting_is_told_and_the_rest_is_read_on(folder: Folder) -> None:
    folder.write().text("customers", 'customer_ref,name\nC1,王小明\nC2,"Ada"x\nC3,\n')
    folder.text("accounts", "account_ref,customer_ref,product_code,currency\nA1,C1,plain,CNY\nA2,C1,plain,CNY\n")
    folder.text("contacts", "customer_ref,kind,value\n")
    refused(folder, ("customers.csv", 3, ""), ("customers.csv", 4, "name"))


def test_an_open_quote_is_told(folder: Folder) -> None:
    folder.write().text("holds", 'account_ref,kind,starts_on,reason\nA1,fees,2026-01-01,"never closed\n')
    refused(folder, ("holds.csv", 2, ""))


def test_a_row_whose_reference_exists_with_other_values_is_refused(folder: Folder) -> None:
    assert import_book(folder.write().path).status == 0
    before = LedgerEntry.objects.count()
    folder.set("customers", 2, name="王大明", locale="en").set("customers", 3, id_number="P7654321")
    folder.set("accounts", 2, credit_limit="").set("bills", 2, principal="1000.01").set("bills", 3, account_ref="A2")
    folder.set("payments", 3, amount="2", recorded_at="2026-03-20T00:00:01+08:00").set("contacts", 3, permitted="")
    outcome = import_book(folder.write().path)
    assert outcome.status == 1
    assert outcome.places() == [
        ("customers.csv", 2, "name"),
        ("customers.csv", 2, "locale"),
        ("customers.csv", 3, "id_number"),
        ("contacts.csv", 3, "permitted"),
        ("accounts.csv", 2, "credit_limit"),
        ("bills.csv", 2, "principal"),
        ("bills.csv", 3, "account_ref"),
        ("payments.csv", 3, "amount"),
        ("payments.csv", 3, "recorded_at"),
    ]
    told = {(row["file"], row["column"]): row for row in outcome.problems}
    assert told["bills.csv", "principal"]["value"] == "1000.01"
    assert told["bills.csv", "principal"]["expected"].startswith("1000.00, as the book has it")
    assert "7654321" not in str(told["customers.csv", "id_number"])
    assert LedgerEntry.objects.count() == before
    assert Bill.objects.get(ref="B1").principal == 1000


def test_personal_values_are_masked_wherever_they_are_told(folder: Folder) -> None:
    folder.set("customers", 2, id_number=ID_NUMBER[:-1] + "1").set("contacts", 3, value="wang at example.com")
    folder.set("contacts", 2, value="138001380001380013800138001").write()
    outcome = refused(
        folder, ("customers.csv", 2, "id_number"), ("contacts.csv", 2, "value"), ("contacts.csv", 3, "value")
    )
    told = outcome.err + outcome.out + str(outcome.problems)
    assert ID_NUMBER[3:14] not in told
    assert "13800138" not in told
    assert "example" not in told


def test_the_file_of_problems_runs_no_formula(folder: Folder) -> None:
    folder.set("bills", 2, principal="=1+1").set("bills", 3, principal="-5").set("accounts", 3, currency="@SUM")
    outcome = import_book(folder.write().path)
    assert [row["value"] for row in outcome.problems] == ["'@SUM", "'=1+1", "'-5"]


def test_the_first_problems_are_printed_and_all_are_written(folder: Folder) -> None:
    for number in range(30):
        folder.add("payments", f"X{number}", "A1", "0", "2026-01-01", "", "")
    outcome = import_book(folder.write().path)
    assert len(outcome.problems) == 30
    assert outcome.err.count("payments.csv line") == 20
    assert "… and 10 more." in outcome.err
    assert "30 problems in 30 bad rows." in outcome.err


def test_a_dry_run_tells_the_same_problems(folder: Folder) -> None:
    outcome = import_book(folder.set("bills", 2, principal="-1").write().path, "--dry-run")
    assert outcome.status == 1
    assert outcome.places() == [("bills.csv", 2, "principal")]


def test_the_file_of_problems_of_a_good_import_holds_its_header_only(folder: Folder) -> None:
    import_book(folder.write().path)
    with (folder.path.parent / "book-errors.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [["file", "line", "column", "value", "expected"]]


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_that_is_missing_or_holds_no_file_of_an_import_is_refused(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "book").mkdir()
        (tmp_path / "book" / "payment.csv").write_text("x")
    with pytest.raises(CommandError, match=r"no folder|holds none of customers\.csv"):
        call_command("import_book", str(tmp_path / "book"))


def test_a_file_of_problems_that_cannot_be_written_is_refused_before_the_work(folder: Folder) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("import_book", str(folder.write().path), "--errors", str(folder.path / "no" / "e.csv"))
    assert not Customer.objects.exists()
