"""What each file of an import holds: its columns, how a field of it is read, and the table that its rows are staged in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from accounts import vault
from accounts.errors import Invalid
from accounts.identity import check_contact, check_id_number
from accounts.importing import values
from accounts.importing.values import Parser
from accounts.models import NAMED, IdType

# Said of the column to blame, in place of a value: (column, what was expected).
Complaint = Callable[[str, str], None]
# Turns the parsed fields of a row into those that are staged. Fields that failed are empty.
Finish = Callable[[list[str], Complaint], list[str]]


@dataclass(frozen=True)
class Column:
    """A column. `mask`: how a personal value may be shown."""

    name: str
    parse: Parser
    required: bool = False
    mask: Callable[[str], str] | None = None


@dataclass(frozen=True)
class ImportFile:
    """A kind of file. `key` names the column that identifies a row, `staged` the staging table's columns behind `line`."""

    kind: str
    columns: tuple[Column, ...]
    staged: str
    key: str
    orders: tuple[tuple[str, str], ...] = ()
    finish: Finish | None = None
    number: int = field(default=0)

    @property
    def name(self) -> str:
        return f"{self.kind}.csv"

    @property
    def table(self) -> str:
        return f"import_{self.kind}"

    def position(self, column: str) -> int:
        """The place of a column in the specification."""
        return next(place for place, known in enumerate(self.columns) if known.name == column)


def _finish_customer(row: list[str], complain: Complaint) -> list[str]:
    """Check the identity number against its type and the date of birth, then encrypt it: it is never staged in clear."""
    ref, name, id_type, number, birth_date, locale, time_zone, jurisdiction = row
    number = number.replace(" ", "").upper()
    if not id_type and len(number) == 18 and number[:17].isdecimal():
        id_type = IdType.RESIDENT_ID
    try:
        check_id_number(id_type, number, date.fromisoformat(birth_date) if birth_date else None)
    except Invalid as error:
        complain(error.field or "id_number", str(error))
        number = ""
    if not number:
        return [ref, name, id_type, "", "", "", birth_date, locale, time_zone, jurisdiction, "f"]
    return [
        ref,
        name,
        id_type,
        vault.encrypt(number).hex(),
        vault.blind_index("id-number", number).hex(),
        vault.mask_id_number(number),
        birth_date,
        locale,
        time_zone,
        jurisdiction,
        "t" if id_type == IdType.RESIDENT_ID and not values.is_known_county(number) else "f",
    ]


# What a telephone number would be as one of the other kind: it is the same number.
_OTHER_KIND = {"mobile": "phone", "phone": "mobile"}


def _finish_contact(row: list[str], complain: Complaint) -> list[str]:
    """Check the value for its kind, then encrypt it and the name of who is reached there: they are never staged in clear."""
    ref, kind, value, source, relationship, permitted, name = row
    if name and relationship not in NAMED:
        complain("name", _("nothing: only a contact-person's or representative's name stands here"))
        name = ""
    named = (
        [vault.encrypt(name).hex(), vault.blind_index("name", name).hex(), vault.mask_name(name)] if name else [""] * 3
    )
    rest = [source, relationship, permitted, *named]
    if not kind or not value:
        return [ref, kind, "", "", "", "", *rest]
    try:
        value = check_contact(kind, value)
    except Invalid as error:
        complain("value", str(error))
        return [ref, kind, "", "", "", "", *rest]
    return [
        ref,
        kind,
        vault.encrypt(value).hex(),
        vault.blind_index(kind, value).hex(),
        vault.blind_index(_OTHER_KIND[kind], value).hex() if kind in _OTHER_KIND else "",
        vault.mask_contact(kind, value),
        *rest,
    ]


def mask_any_contact(value: str) -> str:
    """A contact value that may be of any kind, or none."""
    if "@" in value:
        return vault.mask_contact("email", value)
    return vault.mask_contact("phone" if any(c.isdecimal() for c in value) else "address", value)


CUSTOMERS = ImportFile(
    "customers",
    (
        Column("customer_ref", values.ref, required=True),
        Column("name", values.one_line(200), required=True),
        Column("id_type", values.id_type),
        Column("id_number", values.one_line(40), mask=vault.mask_id_number),
        Column("birth_date", values.iso_date),
        Column("locale", values.language),
        Column("time_zone", values.time_zone),
        Column("jurisdiction", values.jurisdiction),
    ),
    "customer_ref text, name text, id_type text, id_number_cipher text, id_number_index text, id_number_masked text,"
    " birth_date date, locale text, time_zone text, jurisdiction text, odd_county boolean",
    key="customer_ref",
    finish=_finish_customer,
    number=1,
)
CONTACTS = ImportFile(
    "contacts",
    (
        Column("customer_ref", values.ref, required=True),
        Column("kind", values.contact_kind, required=True),
        Column("value", values.free_text(500), required=True, mask=mask_any_contact),
        Column("source", values.free_text(100)),
        Column("relationship", values.relationship),
        Column("permitted", values.yes_or_no),
        Column("name", values.one_line(200), mask=vault.mask_name),
    ),
    "customer_ref text, kind text, value_cipher text, value_index text, other_index text, value_masked text, source text,"
    " relationship text, permitted boolean, name_cipher text, name_index text, name_masked text",
    key="value",
    finish=_finish_contact,
    number=2,
)
ACCOUNTS = ImportFile(
    "accounts",
    (
        Column("account_ref", values.ref, required=True),
        Column("customer_ref", values.ref, required=True),
        Column("product_code", values.ref, required=True),
        Column("currency", values.currency, required=True),
        Column("credit_limit", values.amount),
        Column("opened_on", values.iso_date),
        Column("final_due_on", values.iso_date),
    ),
    "account_ref text, customer_ref text, product_code text, currency text, credit_limit numeric(14, 2), opened_on date,"
    " final_due_on date",
    key="account_ref",
    orders=(("opened_on", "final_due_on"),),
    number=3,
)
BILLS = ImportFile(
    "bills",
    (
        Column("bill_ref", values.ref, required=True),
        Column("account_ref", values.ref, required=True),
        Column("statement_on", values.iso_date, required=True),
        Column("due_on", values.iso_date, required=True),
        Column("principal", values.amount, required=True),
        Column("interest", values.amount),
        Column("service_fee", values.amount),
        Column("minimum_due", values.amount),
    ),
    "bill_ref text, account_ref text, statement_on date, due_on date, principal numeric(14, 2), interest numeric(14, 2),"
    " service_fee numeric(14, 2), minimum_due numeric(14, 2)",
    key="bill_ref",
    orders=(("statement_on", "due_on"),),
    number=4,
)
PAYMENTS = ImportFile(
    "payments",
    (
        Column("payment_ref", values.ref, required=True),
        Column("account_ref", values.ref, required=True),
        Column("amount", values.positive_amount, required=True),
        Column("effective_on", values.iso_date, required=True),
        Column("recorded_at", values.moment),
        Column("channel", values.free_text(100)),
    ),
    "payment_ref text, account_ref text, amount numeric(14, 2), effective_on date, recorded_at timestamptz, channel text",
    key="payment_ref",
    number=5,
)
HOLDS = ImportFile(
    "holds",
    (
        Column("account_ref", values.ref, required=True),
        Column("kind", values.hold_kind, required=True),
        Column("starts_on", values.iso_date, required=True),
        Column("ends_on", values.iso_date),
        Column("reason", values.free_text(300)),
    ),
    "account_ref text, kind text, starts_on date, ends_on date, reason text",
    key="account_ref",
    orders=(("starts_on", "ends_on"),),
    number=6,
)
FILES = (CUSTOMERS, CONTACTS, ACCOUNTS, BILLS, PAYMENTS, HOLDS)
BY_NAME = {file.name: file for file in FILES}
