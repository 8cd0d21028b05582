"""What concerns many rows at once, checked by PostgreSQL: references, duplicates, and what the book holds already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from accounts.importing.files import ACCOUNTS, BILLS, CONTACTS, CUSTOMERS, FILES, HOLDS, PAYMENTS, ImportFile
from accounts.importing.report import FileCount

# When a payment was known; where the file does not say, from the beginning of its day, as the history of what moves here.
PAYMENT_KNOWN = "coalesce(r.recorded_at, r.effective_on::timestamp AT TIME ZONE 'Asia/Shanghai')"


@dataclass(frozen=True)
class _Compared:
    """A column against the book: what the row says (`r`) and the book (`b`); `shown` and `had` where these are told otherwise."""

    column: str
    given: str
    stored: str
    shown: str = ""
    had: str = ""


@dataclass(frozen=True)
class _InBook:
    """How a staged row `r` finds its counterpart in the book, and what must be equal then."""

    join: str
    compared: tuple[_Compared, ...] = ()


IN_BOOK: dict[str, _InBook] = {
    CUSTOMERS.kind: _InBook(
        "accounts_customer b WHERE b.ref = r.customer_ref",
        (
            _Compared("name", "r.name", "b.name"),
            _Compared("id_type", "coalesce(r.id_type, '')", "b.id_type"),
            _Compared(
                "id_number", "r.id_number_index", "encode(b.id_number_index, 'hex')", "r.id_number_masked", "'***'"
            ),
            _Compared("birth_date", "r.birth_date", "b.birth_date"),
            _Compared("locale", "coalesce(r.locale, '')", "b.locale"),
            # A file that leaves them out says nothing of them.
            _Compared("time_zone", "coalesce(r.time_zone, b.time_zone)", "b.time_zone"),
            _Compared("jurisdiction", "coalesce(r.jurisdiction, b.jurisdiction)", "b.jurisdiction"),
        ),
    ),
    CONTACTS.kind: _InBook(
        """accounts_contactpoint b JOIN accounts_customer c ON c.id = b.customer_id
            WHERE c.ref = r.customer_ref AND b.kind = r.kind AND b.value_index = decode(r.value_index, 'hex')""",
        (
            _Compared("source", "coalesce(r.source, '')", "b.source"),
            _Compared("relationship", "coalesce(r.relationship, '')", "b.relationship"),
            _Compared("permitted", "r.permitted", "b.permitted"),
            # A file that names nobody says nothing of whom staff named since.
            _Compared(
                "name",
                "coalesce(r.name_index, encode(b.name_index, 'hex'))",
                "encode(b.name_index, 'hex')",
                "r.name_masked",
                "CASE WHEN b.name_index IS NOT NULL THEN '***' END",
            ),
        ),
    ),
    ACCOUNTS.kind: _InBook(
        """accounts_account b JOIN accounts_customer c ON c.id = b.customer_id JOIN accounts_product p ON p.id = b.product_id
            WHERE b.ref = r.account_ref""",
        (
            _Compared("customer_ref", "r.customer_ref", "c.ref"),
            _Compared("product_code", "r.product_code", "p.code"),
            _Compared("currency", "r.currency", "b.currency"),
            _Compared("credit_limit", "r.credit_limit", "b.credit_limit"),
            _Compared("opened_on", "r.opened_on", "b.opened_on"),
            _Compared("final_due_on", "r.final_due_on", "b.final_due_on"),
        ),
    ),
    BILLS.kind: _InBook(
        "accounts_bill b JOIN accounts_account a ON a.id = b.account_id WHERE b.ref = r.bill_ref",
        (
            _Compared("account_ref", "r.account_ref", "a.ref"),
            _Compared("statement_on", "r.statement_on", "b.statement_on"),
            _Compared("due_on", "r.due_on", "b.due_on"),
            _Compared("principal", "r.principal", "b.principal"),
            _Compared("interest", "coalesce(r.interest, 0.00)", "b.interest"),
            _Compared("service_fee", "coalesce(r.service_fee, 0.00)", "b.service_fee"),
            _Compared("minimum_due", "r.minimum_due", "b.minimum_given"),
        ),
    ),
    PAYMENTS.kind: _InBook(
        "accounts_payment b JOIN accounts_account a ON a.id = b.account_id WHERE b.ref = r.payment_ref",
        (
            _Compared("account_ref", "r.account_ref", "a.ref"),
            _Compared("amount", "r.amount", "b.amount"),
            _Compared("effective_on", "r.effective_on", "b.effective_on"),
            # A file that leaves it out says nothing of it.
            _Compared("recorded_at", "coalesce(r.recorded_at, b.recorded_at)", "b.recorded_at"),
            _Compared("channel", "coalesce(r.channel, '')", "b.channel"),
        ),
    ),
    # A hold is its whole row: another value is another hold. One that staff lifted since is still the same row.
    HOLDS.kind: _InBook(
        """accounts_hold b JOIN accounts_account a ON a.id = b.account_id
            WHERE a.ref = r.account_ref AND b.kind = r.kind AND b.starts_on = r.starts_on
              AND b.ends_on IS NOT DISTINCT FROM r.ends_on AND b.reason = coalesce(r.reason, '') AND b.origin = 'imported'"""
    ),
}


def check_all(cursor: CursorWrapper, unreadable: Collection[str], *, by_one_person: bool) -> None:
    """Put everything wrong that only shows between rows into `import_problem`.

    References into a file of `unreadable` (kinds) are not blamed: nobody knows what it holds. What one person may not do alone is
    a problem where the import is `by_one_person`.
    """
    cursor.execute("CREATE INDEX ON import_problem (file, line)")
    for file in FILES:
        cursor.execute(f"ANALYZE {file.table}")
    cursor.execute("ANALYZE import_problem")

    for file in (CUSTOMERS, ACCOUNTS, BILLS, PAYMENTS):
        _duplicates(cursor, file, file.key, f"r.{file.key} IS NOT NULL", f"r.{file.key}")
    _duplicates(cursor, CONTACTS, "customer_ref, kind, value_index", "r.value_index IS NOT NULL", "r.value_masked")
    _under_both_kinds(cursor)
    _duplicates(cursor, HOLDS, "account_ref, kind, starts_on, ends_on, reason", _clean(HOLDS), "r.account_ref")

    _set_aside(cursor, are_accounts_known=ACCOUNTS.kind not in unreadable)
    no_customer = _("a customer of customers.csv or of the book")
    no_account = _("an account of accounts.csv or of the book")
    if CUSTOMERS.kind not in unreadable:
        for file in (CONTACTS, ACCOUNTS):
            _unknown(cursor, file, CUSTOMERS, "accounts_customer", no_customer)
    if ACCOUNTS.kind not in unreadable:
        # A payment whose account nobody knows waits (`unmatched`), unless the book has it on another.
        for file in (BILLS, PAYMENTS, HOLDS):
            _unknown(cursor, file, ACCOUNTS, "accounts_account", no_account)
    _unknown_products(cursor)
    _too_large(cursor)
    if by_one_person:
        _deferrals(cursor)
    for file in FILES:
        _changed(cursor, file)


# Rows that are good so far, and name an account that neither the files nor the book know, or waited (or were matched) before.
_SET_ASIDE = f"""
    CREATE TEMP TABLE import_unmatched ON COMMIT DROP AS
    SELECT r.* FROM import_payments r
     WHERE r.payment_ref IS NOT NULL AND r.account_ref IS NOT NULL
       AND NOT EXISTS (SELECT FROM import_problem p WHERE p.file = {PAYMENTS.number} AND p.line = r.line)
       AND %s AND (EXISTS (SELECT FROM accounts_unmatchedpayment u WHERE u.ref = r.payment_ref)
            OR NOT EXISTS (SELECT FROM import_accounts c WHERE c.account_ref = r.account_ref)
               AND NOT EXISTS (SELECT FROM accounts_account b WHERE b.ref = r.account_ref)
               AND NOT EXISTS (SELECT FROM accounts_payment p WHERE p.ref = r.payment_ref))"""
_CHANGED_SINCE = """
    INSERT INTO import_problem
    SELECT %s, r.line, %s, 'payment_ref', r.payment_ref, %s
      FROM import_unmatched r JOIN accounts_unmatchedpayment u ON u.ref = r.payment_ref
     WHERE (r.account_ref, r.amount, r.effective_on, coalesce(r.recorded_at, u.recorded_at), coalesce(r.channel, ''))
           IS DISTINCT FROM (u.account_ref, u.amount, u.effective_on, u.recorded_at, u.channel)"""


def _set_aside(cursor: CursorWrapper, *, are_accounts_known: bool) -> None:
    """Move the payments whose account nobody knows out of the staged rows, into `import_unmatched`; one that waits (or waited)
    already with other values is a problem."""
    cursor.execute(_SET_ASIDE, (are_accounts_known,))
    cursor.execute("DELETE FROM import_payments r USING import_unmatched u WHERE u.line = r.line")
    expected = _("the same as when it arrived first: it was set aside then")
    cursor.execute(_CHANGED_SINCE, (PAYMENTS.number, PAYMENTS.position("payment_ref"), expected))


def count_rows(cursor: CursorWrapper, file: ImportFile) -> FileCount:
    """Count the staged rows that are good: new, or in the book already. And the bad lines."""
    cursor.execute(
        f"""SELECT count(*) FILTER (WHERE NOT is_known), count(*) FILTER (WHERE is_known)
              FROM (SELECT EXISTS (SELECT 1 FROM {IN_BOOK[file.kind].join}) AS is_known
                      FROM {file.table} r WHERE {_clean(file)}) counted"""
    )
    new, unchanged = cursor.fetchone()
    cursor.execute("SELECT count(DISTINCT line) FROM import_problem WHERE file = %s", (file.number,))
    (bad,) = cursor.fetchone()
    return FileCount(file.name, new=new, unchanged=unchanged, bad=bad)


def _clean(file: ImportFile) -> str:
    """SQL: nothing is wrong with the row `r` so far."""
    return f"NOT EXISTS (SELECT 1 FROM import_problem p WHERE p.file = {file.number} AND p.line = r.line)"


def _duplicates(cursor: CursorWrapper, file: ImportFile, keys: str, condition: str, shown: str) -> None:
    """Blame every row but the first of those with equal keys."""
    # Most files have none, which the grouping finds out without sorting.
    cursor.execute(f"SELECT 1 FROM {file.table} r WHERE {condition} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1")
    if cursor.fetchone() is None:
        return
    cursor.execute(
        f"""INSERT INTO import_problem
            SELECT %s, line, %s, %s, shown, format(%s, first)
              FROM (SELECT line, {shown} AS shown, min(line) OVER (PARTITION BY {keys}) AS first
                      FROM {file.table} r WHERE {condition}) r
             WHERE line <> first""",
        (
            file.number,
            file.position(file.key),
            file.key,
            _("each once in the file: line %s has the same"),
        ),
    )


def _under_both_kinds(cursor: CursorWrapper) -> None:
    """Blame a telephone number that the same customer has under the other kind, in the file or in the book: it would be
    counted, and called, as if it were two."""
    cursor.execute(
        """INSERT INTO import_problem
           SELECT %s, r.line, %s, %s, r.value_masked, %s
             FROM import_contacts r
            WHERE r.other_index IS NOT NULL
              AND (EXISTS (SELECT FROM import_contacts o
                            WHERE o.customer_ref = r.customer_ref AND o.value_index = r.other_index AND o.line < r.line)
                   OR EXISTS (SELECT FROM accounts_contactpoint b JOIN accounts_customer c ON c.id = b.customer_id
                               WHERE c.ref = r.customer_ref AND b.value_index = decode(r.other_index, 'hex')))""",
        (
            CONTACTS.number,
            CONTACTS.position(CONTACTS.key),
            CONTACTS.key,
            _("each number once for a customer: it is known as the other kind of telephone already"),
        ),
    )


def _unknown(cursor: CursorWrapper, file: ImportFile, parent: ImportFile, book: str, expected: str) -> None:
    column = parent.key
    cursor.execute(
        f"""INSERT INTO import_problem
            SELECT %s, r.line, %s, %s, r.{column}, %s
              FROM {file.table} r
             WHERE r.{column} IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM {parent.table} c WHERE c.{column} = r.{column})
               AND NOT EXISTS (SELECT 1 FROM {book} b WHERE b.ref = r.{column})""",
        (file.number, file.position(column), column, expected),
    )


def _unknown_products(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT coalesce(string_agg(code, ', ' ORDER BY code), '') FROM accounts_product")
    (codes,) = cursor.fetchone()
    cursor.execute(
        """INSERT INTO import_problem
           SELECT %s, r.line, %s, 'product_code', r.product_code, %s
             FROM import_accounts r
            WHERE r.product_code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts_product p WHERE p.code = r.product_code)""",
        (ACCOUNTS.number, ACCOUNTS.position("product_code"), _("a product of the book: %(codes)s") % {"codes": codes}),
    )


def _too_large(cursor: CursorWrapper) -> None:
    """A bill's parts may each fit a money column, and not their sum."""
    cursor.execute(
        """INSERT INTO import_problem
           SELECT %s, r.line, %s, 'principal', r.principal, %s
             FROM import_bills r
            WHERE r.principal + coalesce(r.interest, 0) + coalesce(r.service_fee, 0) >= 10 ^ 12::numeric""",
        (
            BILLS.number,
            BILLS.position("principal"),
            _("principal, interest and service fee that add up to at most 12 digits before the point"),
        ),
    )


def _deferrals(cursor: CursorWrapper) -> None:
    """Blame deferrals that the book does not have: they move the clock, which two persons decide."""
    cursor.execute(
        f"""INSERT INTO import_problem
            SELECT %s, r.line, %s, 'kind', r.kind, %s
              FROM import_holds r
             WHERE r.kind = 'deferral' AND {_clean(HOLDS)} AND NOT EXISTS (SELECT 1 FROM {IN_BOOK[HOLDS.kind].join})""",
        (
            HOLDS.number,
            HOLDS.position("kind"),
            _(
                "a hold that does not move the clock. Ask for a deferral on the case: a second person decides. A book that has "
                "some already is imported on the server: manage.py import_book"
            ),
        ),
    )


def _changed(cursor: CursorWrapper, file: ImportFile) -> None:
    """Blame every column that says something else than the book does of the same row."""
    in_book = IN_BOOK[file.kind]
    if not in_book.compared:
        return
    columns, values = [], []
    for item in in_book.compared:
        columns.append(
            f"({file.position(item.column)}, '{item.column}', ({item.given})::text, ({item.stored})::text,"
            f" ({item.shown or item.given})::text, ({item.had or item.stored})::text)"
        )
        values.append((item.given, item.stored))
    given, stored = (", ".join(side) for side in zip(*values, strict=True))
    tables, _where, condition = in_book.join.partition("WHERE")
    cursor.execute(
        f"""INSERT INTO import_problem
            SELECT %s, r.line, said.position, said.column_name, coalesce(said.shown, ''),
                   format(%s, coalesce(nullif(said.had, ''), %s))
              FROM {file.table} r, {tables}
             CROSS JOIN LATERAL (VALUES {", ".join(columns)}) AS said (position, column_name, given, stored, shown, had)
             WHERE {condition} AND ROW({given}) IS DISTINCT FROM ROW({stored})
               AND said.given IS DISTINCT FROM said.stored AND {_clean(file)}""",
        (
            file.number,
            _("%s, as the book has it: what is in the book is not changed by an import"),
            _("nothing"),
        ),
    )
