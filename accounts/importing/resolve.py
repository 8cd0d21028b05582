"""Turns what is new among the checked rows into the rows that `accounts.services.loading` takes: with keys in place of refs."""

from __future__ import annotations

from datetime import datetime

from django.db.backends.utils import CursorWrapper

from accounts.importing.check import IN_BOOK, PAYMENT_KNOWN
from accounts.importing.files import ACCOUNTS, BILLS, CONTACTS, CUSTOMERS, FILES, HOLDS, PAYMENTS
from accounts.models import AccountStatus, Jurisdiction, Origin, Verification
from accounts.rules.facts import BOOK_ZONE
from runs import clock

# The keys of everything that the files refer to, new or known.
_CUSTOMER_KEYS = """
    CREATE TEMP TABLE import_customer_key ON COMMIT DROP AS
    SELECT ref, id FROM staged_customer
    UNION ALL
    SELECT b.ref, b.id FROM accounts_customer b
      JOIN (SELECT customer_ref FROM import_accounts UNION SELECT customer_ref FROM import_contacts) named
        ON named.customer_ref = b.ref"""
_ACCOUNT_KEYS = """
    CREATE TEMP TABLE import_account_key ON COMMIT DROP AS
    SELECT ref, id FROM staged_account
    UNION ALL
    SELECT b.ref, b.id FROM accounts_account b
      JOIN (SELECT account_ref FROM import_bills UNION SELECT account_ref FROM import_payments
            UNION SELECT account_ref FROM import_holds) named
        ON named.account_ref = b.ref"""
# Whose the contact point is, where it comes from and that it may be used: the file vouches for it when it says all three.
_VOUCHED = "r.relationship IS NOT NULL AND r.source IS NOT NULL AND r.permitted IS NOT NULL"


def fill_staging(cursor: CursorWrapper) -> dict[str, int]:
    """Fill `staged_*` with the rows that the book does not hold yet; how many of each kind of file.

    Only for rows without problems. The staging tables exist and are empty.
    """
    now = clock.now()
    new: dict[str, int] = {}

    def key(table: str) -> str:
        # Looked up once, not once a row.
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (f"accounts_{table}",))
        return f"nextval('{cursor.fetchone()[0]}')"

    def insert(kind: str, statement: str, parameters: tuple[str | datetime, ...]) -> None:
        cursor.execute(f"{statement} WHERE NOT EXISTS (SELECT 1 FROM {IN_BOOK[kind].join})", parameters)
        new[kind] = cursor.rowcount

    insert(
        CUSTOMERS.kind,
        f"""INSERT INTO staged_customer (id, ref, name, id_type, id_number_cipher, id_number_index, birth_date, locale,
                   time_zone, jurisdiction, origin, recorded_at)
            SELECT {key("customer")}, r.customer_ref, r.name, coalesce(r.id_type, ''), decode(r.id_number_cipher, 'hex'),
                   decode(r.id_number_index, 'hex'), r.birth_date, coalesce(r.locale, ''),
                   coalesce(r.time_zone, %s), coalesce(r.jurisdiction, %s), %s, %s
              FROM import_customers r""",
        (BOOK_ZONE.key, Jurisdiction.CHINA, Origin.IMPORTED, now),
    )
    cursor.execute(_CUSTOMER_KEYS)
    cursor.execute("ANALYZE import_customer_key")
    insert(
        CONTACTS.kind,
        f"""INSERT INTO staged_contact_point (id, customer_id, kind, value_cipher, value_index, source, relationship,
                   permitted, name_cipher, name_index, verification, origin, recorded_at)
            SELECT {key("contactpoint")}, k.id, r.kind, decode(r.value_cipher, 'hex'), decode(r.value_index, 'hex'),
                   coalesce(r.source, ''), coalesce(r.relationship, ''), r.permitted,
                   decode(r.name_cipher, 'hex'), decode(r.name_index, 'hex'), CASE WHEN {_VOUCHED} THEN %s ELSE %s END, %s, %s
              FROM import_contacts r JOIN import_customer_key k ON k.ref = r.customer_ref""",
        (Verification.VERIFIED, Verification.UNVERIFIED, Origin.IMPORTED, now),
    )
    insert(
        ACCOUNTS.kind,
        f"""INSERT INTO staged_account (id, ref, customer_id, product_id, currency, credit_limit, status, opened_on,
                   final_due_on, origin, recorded_at)
            SELECT {key("account")}, r.account_ref, k.id, product.id, r.currency, r.credit_limit, %s, r.opened_on,
                   r.final_due_on, %s, %s
              FROM import_accounts r JOIN import_customer_key k ON k.ref = r.customer_ref
              JOIN accounts_product product ON product.code = r.product_code""",
        (AccountStatus.ACTIVE, Origin.IMPORTED, now),
    )
    cursor.execute(_ACCOUNT_KEYS)
    cursor.execute("ANALYZE import_account_key")
    insert(
        BILLS.kind,
        f"""INSERT INTO staged_bill (id, account_id, ref, statement_on, due_on, principal, interest, service_fee,
                   minimum_given, recorded_at)
            SELECT {key("bill")}, k.id, r.bill_ref, r.statement_on, r.due_on, r.principal, coalesce(r.interest, 0),
                   coalesce(r.service_fee, 0), r.minimum_due, %s
              FROM import_bills r JOIN import_account_key k ON k.ref = r.account_ref""",
        (now,),
    )
    insert(
        PAYMENTS.kind,
        f"""INSERT INTO staged_payment (id, account_id, ref, amount, effective_on, recorded_at, channel)
            SELECT {key("payment")}, k.id, r.payment_ref, r.amount, r.effective_on,
                   CASE WHEN EXISTS (SELECT FROM staged_account n WHERE n.id = k.id) THEN {PAYMENT_KNOWN}
                        ELSE coalesce(r.recorded_at, %s) END,
                   coalesce(r.channel, '')
              FROM import_payments r JOIN import_account_key k ON k.ref = r.account_ref""",
        # Of an account that is here already the book learns it now.
        (now,),
    )
    insert(
        HOLDS.kind,
        f"""INSERT INTO staged_hold (id, account_id, kind, starts_on, ends_on, reason, known_from, origin, recorded_at)
            SELECT {key("hold")}, k.id, r.kind, r.starts_on, r.ends_on, coalesce(r.reason, ''),
                   r.starts_on::timestamp AT TIME ZONE '{BOOK_ZONE.key}', %s, %s
              FROM import_holds r JOIN import_account_key k ON k.ref = r.account_ref""",
        (Origin.IMPORTED, now),
    )
    return new


def drop_tables(cursor: CursorWrapper) -> None:
    """Drop the raw rows and the keys: their room on the disk is free while the book is written."""
    tables = [file.table for file in FILES] + [
        "import_problem",
        "import_customer_key",
        "import_account_key",
        "import_unmatched",
    ]
    cursor.execute(f"DROP TABLE {', '.join(tables)}")
