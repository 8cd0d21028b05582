"""The accounts of the worked examples, put into a real book: with the import, as every migrated book is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from accounts.models import Account
from tests.accounts.oracle_facts import OracleAccount
from tests.accounts.test_standing_examples import TABLES
from tests.importing.books import Folder, import_book


def import_examples(folder: Path) -> dict[str, Account]:
    """Import the account of every worked example; by the example's title."""
    files: dict[str, list[list[str]]] = {
        "customers": [["customer_ref", "name"], ["C1", "王小明"]],
        "accounts": [["account_ref", "customer_ref", "product_code", "currency", "final_due_on"]],
        "bills": [["bill_ref", "account_ref", "statement_on", "due_on", "principal", "minimum_due"]],
        "payments": [["payment_ref", "account_ref", "amount", "effective_on", "recorded_at"]],
        "holds": [["account_ref", "kind", "starts_on", "ends_on"]],
    }
    for number, (account, _rows) in enumerate(TABLES.values(), start=1):
        _add(files, f"A{number}", account)
    outcome = import_book(Folder(folder, files).write().path)
    assert outcome.status == 0, outcome.err
    return {title: Account.objects.get(ref=f"A{number}") for number, title in enumerate(TABLES, start=1)}


def _add(files: dict[str, list[list[str]]], ref: str, account: OracleAccount) -> None:
    def text(on: date | None) -> str:
        return "" if on is None else on.isoformat()

    files["accounts"].append([ref, "C1", "plain", "CNY", text(account.final_due_on)])
    for bill in account.bills:
        files["bills"].append(
            [
                f"{ref}-{bill.ref}",
                ref,
                text(bill.statement_on),
                text(bill.due_on),
                str(bill.principal),
                "" if bill.minimum is None else str(bill.minimum),
            ]
        )
    for credit in account.credits:
        files["payments"].append(
            [
                f"{ref}-{credit.ref}",
                ref,
                str(credit.amount),
                text(credit.effective_on),
                credit.recorded_at.isoformat(),
            ]
        )
    for hold in account.holds:
        files["holds"].append([ref, hold.kind, text(hold.starts_on), text(hold.ends_on)])
