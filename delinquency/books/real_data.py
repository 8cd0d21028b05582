"""What came out of the real card accounts: the report in docs/real-data.md, every number of it from a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.db.models import Count, Max, Min, Sum

from accounts.models import Account, Bill, Payment, Standing
from accounts.rules import standing
from accounts.selectors.facts import read_facts
from accounts.selectors.terms import read_terms
from cases.models import Case, CaseStatus
from delinquency.books.uci import PREFIX, CardRow, LoadRefused, Month, calendar, read_rows, ref_of
from reminders.models import Message
from runs.selectors import book_day

# The months of which both sides speak: before the second statement nothing can be late here.
COMPARED = range(1, 6)
MONTH_NAMES = ("April", "May", "June", "July", "August", "September")
MOST = 5


@dataclass(frozen=True)
class Agreement:
    """How often the bank's months late (first) met ours (second), over all months and for each."""

    pairs: Counter[tuple[int, int]]
    by_month: dict[int, Counter[tuple[int, int]]]


def compare(rows: Sequence[CardRow], months: Sequence[Month]) -> Agreement:
    """Compare the bank's status of each month with `standing` as of the day of that month's statement.

    Months late are statement periods: how many due dates have passed since the debt became late, that one included.
    """
    statuses = {ref_of(row.number): row.statuses for row in rows}
    by_month: dict[int, Counter[tuple[int, int]]] = {n: Counter() for n in COMPARED}
    terms = read_terms()
    with connection.cursor() as cursor:
        for facts in read_facts(cursor, terms, "a.ref LIKE %s", (f"{PREFIX}-%",)):
            if facts.ref not in statuses:
                continue
            for n in COMPARED:
                on = months[n].statement_on
                found = standing(facts.terms, facts.bills, facts.credits, facts.holds, as_of=on.toordinal())
                ours = periods_late(found.overdue_since, months[:n])
                by_month[n][max(min(statuses[facts.ref][n], MOST), 0), ours] += 1
    return Agreement(sum(by_month.values(), Counter()), by_month)


def periods_late(overdue_since: int | None, passed: Sequence[Month]) -> int:
    """Statement periods since the debt became late: due dates passed from `overdue_since` on."""
    if overdue_since is None:
        return 0
    return sum(month.due_on.toordinal() >= overdue_since for month in passed)


def report(file: Path) -> Iterator[str]:
    """The lines of the report on the book that was loaded from `file` and closed.

    Raises:
        LoadRefused: the file is bad or not loaded.
    """
    rows = list(read_rows(file))
    last_due = Bill.objects.filter(account__ref__startswith=f"{PREFIX}-").aggregate(last=Max("due_on"))["last"]
    if last_due is None:
        raise LoadRefused("The file is not in the book: load it with manage.py load_uci, and close the day.")
    months = calendar(last_due)
    yield from _head(months)
    yield from _loaded()
    yield from _outcome()
    yield from _agreement(compare(rows, months))
    yield from _why()


def _head(months: Sequence[Month]) -> Iterator[str]:
    yield "# The real card accounts"
    yield ""
    yield "Written by `manage.py real_data_report FILE`; every number below is of one run of `make demo BOOK=FILE`."
    yield ""
    yield (
        "The file: Yeh and Lien 2009, *Default of Credit Card Clients*, UCI Machine Learning Repository no. 350 (CC BY 4.0), "
        "without the rows that are kept aside. It is not in this repository, nor is any row of it."
    )
    yield ""
    yield "## How a row becomes an account"
    yield ""
    yield "- One row is one customer with one account of the product `revolving`, in TWD, with `LIMIT_BAL` as its limit."
    yield (
        "- `BILL_AMTn` is the running balance at the statement of its month, `PAY_AMTn` the money received in that month. A "
        "bill's own amount is the balance less (the balance before − what was paid between). A negative own amount is a "
        "credit on the statement day, a zero one no bill."
    )
    yield (
        "- The oldest bill (April) is its whole balance: what was paid before its statement (`PAY_AMT6`) is already in that "
        "balance, and what it was made of is not known."
    )
    yield (
        "- The statement is at the end of each month, due 20 days later. What was received in a month counts on the due date "
        "of the bill before, which lies between the two statements; the day itself is not in the data."
    )
    yield (
        f"- Months keep their distances and are shifted as a whole, so that the last due date is the day before the load: "
        f"here from {months[0].statement_on} (first statement) to {months[-1].due_on} (last due date)."
    )
    yield "- The minimum due is the product's: 10 % of the balance; what is above it rolls into the next bill."
    yield (
        "- **Names, e-mail addresses and mobile numbers are made up** (Faker zh_CN, seeded) and marked as made; identity "
        "numbers are left unknown. The addresses are under example.com, and mail goes to a local sink."
    )
    yield (
        "- Charges less payments of every account are its last balance, `BILL_AMT1` (a test, on all rows). The late fees in "
        "the ledger are ours, beside it."
    )
    yield ""


def _loaded() -> Iterator[str]:
    accounts = Account.objects.filter(ref__startswith=f"{PREFIX}-")
    bills = Bill.objects.filter(account__in=accounts).aggregate(count=Count("pk"), first=Min("statement_on"))
    payments = (
        Payment.objects.filter(account__in=accounts).values("channel").annotate(n=Count("pk"), total=Sum("amount"))
    )
    yield "## What was loaded"
    yield ""
    yield f"{accounts.count():,} accounts, {bills['count']:,} bills; payments by channel:"
    yield ""
    yield from _table(
        ("channel", "payments", "TWD"), ((p["channel"], f"{p['n']:,}", f"{p['total']:,}") for p in payments)
    )


def _outcome() -> Iterator[str]:
    closed = book_day()
    late = Standing.objects.filter(account__ref__startswith=f"{PREFIX}-").count()
    total = Account.objects.filter(ref__startswith=f"{PREFIX}-").count()
    yield f"## After the close of {closed}"
    yield ""
    yield f"{late:,} of {total:,} accounts are late ({late / total:.1%}). Open cases by bucket:"
    yield ""
    cases = Case.objects.filter(status=CaseStatus.OPEN, customer__ref__startswith=f"{PREFIX}-")
    found = cases.values("bucket").annotate(n=Count("pk"), total=Sum("overdue_amount")).order_by("bucket")
    yield from _table(
        ("bucket", "cases", "overdue, TWD"), ((c["bucket"], f"{c['n']:,}", f"{c['total']:,}") for c in found)
    )
    yield "First reminders by what became of them:"
    yield ""
    messages = Message.objects.filter(customer__ref__startswith=f"{PREFIX}-")
    by_status = messages.values("status").annotate(n=Count("pk")).order_by("status")
    yield from _table(("status", "messages"), ((m["status"], f"{m['n']:,}") for m in by_status))


def _agreement(found: Agreement) -> Iterator[str]:
    yield "## Months late: the bank's status beside ours"
    yield ""
    yield (
        "`PAY_n` of a month against `standing` as of the day of that month's statement. The bank's −2 (no use), −1 (paid in "
        "full) and 0 (revolving) are 0 months. Ours are **statement periods**: the due dates that have passed since the debt "
        "became late, that one included. Periods and not 30 days: the bank counts statements, and months have 30 or 31 days. "
        "May is the first month in which anything can be late here."
    )
    yield ""
    ours = range(max(mine for _, mine in found.pairs) + 1)
    bank = range(MOST + 1)
    labels = [f"{n}+" if n == MOST else str(n) for n in bank]
    yield from _table(
        ("bank \\ ours", *map(str, ours), "rows"),
        (
            (
                labels[theirs],
                *(f"{found.pairs[theirs, mine]:,}" for mine in ours),
                f"{sum(found.pairs[theirs, mine] for mine in ours):,}",
            )
            for theirs in bank
        ),
    )
    yield "Agreement by month:"
    yield ""
    months = [*((MONTH_NAMES[n], pairs) for n, pairs in found.by_month.items()), ("all", found.pairs)]
    yield from _table(
        ("month", "same months", "same late or not", "bank late, we not", "we late, bank not"),
        ((name, *(f"{share:.1%}" for share in _shares(pairs))) for name, pairs in months),
    )


def _shares(pairs: Counter[tuple[int, int]]) -> tuple[float, float, float, float]:
    total = sum(pairs.values())
    same = sum(n for (theirs, mine), n in pairs.items() if theirs == mine)
    only_bank = sum(n for (theirs, mine), n in pairs.items() if theirs and not mine)
    only_we = sum(n for (theirs, mine), n in pairs.items() if mine and not theirs)
    return same / total, 1 - (only_bank + only_we) / total, only_bank / total, only_we / total


def _why() -> Iterator[str]:
    yield "## Why they differ"
    yield ""
    yield (
        "- **The minimum.** Ours is 10 % of the balance; the bank's is not in the data, but most of its accounts of status 0 "
        "(revolving, in time) paid only about 5 % of the balance before (the median). Whoever does so is late here."
    )
    yield (
        "- **What was before April is not known.** The bank's status counts months late from before the data; here nothing "
        "can be late before May, and the whole April balance is one bill that asks its 10 % once."
    )
    yield (
        "- **Lateness does not heal by itself here.** A minimum missed once stays unmet until it is paid, and later payments "
        "meet the oldest minimum first; the bank's status often falls back to 0 after one payment (its 2 is followed by 0 or "
        "−1 in a quarter of the months)."
    )
    yield (
        "- **The bank's own status is not a count.** It hardly ever says 1 before September, and goes from 0 to 2 at once: "
        "what is our first month late is often its second."
    )
    yield (
        "- **The day of a payment is not in the data.** Here it counts on the due date, in time; a payment a day late is seen "
        "by the bank and not by us."
    )


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
