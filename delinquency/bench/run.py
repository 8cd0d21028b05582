"""The whole benchmark, in order, each part saying how far it is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date, timedelta

from delinquency.bench import nights
from delinquency.bench.databases import Database
from delinquency.bench.half import make_half
from delinquency.bench.imports import measure_import
from delinquency.bench.report import Findings

Say = Callable[[str], None]
NIGHTS = 3
_COUNTED = ("account", "bill", "payment", "ledgerentry", "allocation", "contactpoint")


def run(*, accounts: int, seed: int, imported: int, keep: bool, say: Say) -> Findings:
    """Measure everything on a book of so many accounts; `keep` leaves the made book for the next run."""
    found = Findings(accounts, seed)
    # What the measurements change is a copy; the made book stays as it was.
    made, book, floor, half = (Database(name) for name in (f"made_{accounts}_{seed}", "book", "floor", "half"))
    try:
        _make(made, found, say)
        say("copying the book, closing its first day (all of its late accounts get their cases)")
        first = _open(made, book, found)
        floor.create(book)
        floor.settle()
        say("half the book")
        make_half(book, half)
        for database in (half, floor, book):
            database.settle()
            database.warm()
        _measure_nights(book, floor, first, found, say)
        # Half the book comes to the same day; then both close the next ones in turn, on a machine in the same state.
        for day in nights.days_after(first, NIGHTS):
            nights.close(half, day)
        for day in nights.days_after(first + timedelta(days=NIGHTS), NIGHTS):
            pair = nights.close(book, day), nights.close(half, day)
            found.halves.append(pair)
            say(f"{day}: whole {pair[0].seconds:.2f} s, half {pair[1].seconds:.2f} s")
        half.drop()
        say("payments while a day closes")
        found.payments = _payments(book, seed, first + timedelta(days=2 * NIGHTS + 1))
        say(f"{found.payments}")
        say("verify_book, the book in the page cache")
        book.warm()
        found.verify_seconds = book.manage("verify_book").seconds
        say(f"{found.verify_seconds:.1f} s; the gate")
        found.gate = book.manage("bench", "--inside", "gate", "--seed", str(seed)).json
        say(f"{found.gate}; previews of waivers")
        found.waivers = book.manage("bench", "--inside", "waivers", "--seed", str(seed)).json
        say(f"{found.waivers}")
        book.settle()
        book.manage("bench", "--inside", "stock")
        _measure_desk(book, found, say)
        say(f"import of {min(imported, accounts):,} accounts")
        found.imported = measure_import(made, min(imported, accounts))
        say(f"{found.imported.share:.0%} of the speed of COPY")
    finally:
        for database in (book, floor, half, Database("import"), Database("copy"), *(() if keep else (made,))):
            database.drop()
    return found


def run_workbench(*, accounts: int, seed: int, keep: bool, say: Say) -> Findings:
    """Measure the workbench alone, in use on every open case of a made book: nights, the gate, the pages, take next."""
    found = Findings(accounts, seed, is_workbench=True)
    made, book, floor = (Database(name) for name in (f"made_{accounts}_{seed}", "book", "floor"))
    try:
        _make(made, found, say)
        say(
            "copying the book, closing its first day (all of its late accounts get their cases), stocking its workbench"
        )
        first = _open(made, book, found)
        say("the gate")
        found.gate = book.manage("bench", "--inside", "gate", "--seed", str(seed)).json
        say(f"{found.gate}")
        found.sizes |= book.manage("bench", "--inside", "stock").json
        floor.create(book)
        for database in (floor, book):
            database.settle()
            database.warm()
        _measure_nights(book, floor, first, found, say)
        _measure_desk(book, found, say)
        say("the outbox")
        found.outbox = book.manage("bench", "--inside", "outbox", "--seed", str(seed)).json
        say(f"{found.outbox}; a year of contacts")
        found.year = book.manage("bench", "--inside", "year", "--seed", str(seed)).json
        say(f"{found.year}")
        say(f"{found.outbox}; a night of strategies")
        book.settle()
        found.strategy = book.manage("bench", "--inside", "strategy", "--seed", str(seed)).json
        say(f"{found.strategy}; plans")
        found.plans = book.manage("bench", "--inside", "plans", "--seed", str(seed)).json
        say(f"{found.plans}")
    finally:
        for database in (book, floor, *(() if keep else (made,))):
            database.drop()
    return found


def _open(made: Database, book: Database, found: Findings) -> date:
    """Copy the made book and close its first day, which is returned."""
    book.create(made)
    first = nights.opening(book) + timedelta(days=1)
    nights.close(book, first)
    book.settle()
    found.sizes, found.late = _sizes(book)
    return first


def _measure_nights(book: Database, floor: Database, first: date, found: Findings, say: Say) -> None:
    """The nights after the first, each with its floor, in a copy that goes afterwards."""
    for day in nights.days_after(first, NIGHTS):
        night = nights.close_with_floor(book, floor, day)
        found.nights.append(night)
        say(f"{day}: {night.seconds:.2f} s, floor {night.floor_seconds:.2f} s, {night.ratio:.2f} ×, {night.steps}")
    floor.drop()


def _measure_desk(book: Database, found: Findings, say: Say) -> None:
    """The pages and take next, on a stocked workbench."""
    book.settle()
    say("pages")
    found.pages = book.manage("bench", "--inside", "pages", "--seed", str(found.seed)).json
    say(f"{found.pages}")
    say("the inbox of approvals")
    found.approvals = book.manage("bench", "--inside", "approvals", "--seed", str(found.seed)).json
    say(f"{found.approvals}")
    say("take next by fifty collectors")
    found.work = book.manage("bench", "--inside", "work", "--seed", str(found.seed)).json
    say(f"{found.work}")


def _make(made: Database, found: Findings, say: Say) -> None:
    if made.exists() and (note := made.note()):
        say("using the book that was kept")
        found.made_seconds, found.made_parts = json.loads(note)
        found.was_kept = True
        return
    say("making the book")
    made.create()
    try:
        run = made.manage("make_book", "--accounts", str(found.accounts), "--seed", str(found.seed), "--parts")
    except BaseException:
        made.drop()
        raise
    found.made_seconds, found.made_parts = run.seconds, run.output
    made.keep_note(json.dumps([run.seconds, run.output]))
    say(run.output)
    made.settle()


def _sizes(book: Database) -> tuple[dict[str, int], int]:
    with book.connect() as session:
        counts = {}
        for name in _COUNTED:
            row = session.execute(f"SELECT count(*) FROM accounts_{name}".encode()).fetchone()
            counts[name] = int(row[0]) if row else 0
        row = session.execute("SELECT count(*) FROM accounts_standing").fetchone()
        return counts, int(row[0]) if row else 0


def _payments(book: Database, seed: int, day: date) -> dict[str, float]:
    """Post payments for as long as a close runs beside."""
    process = book.start("bench", "--inside", "payments", "--seed", str(seed), stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    try:
        nights.close(book, day)
    finally:
        output, _ = process.communicate()
    found: dict[str, float] = json.loads(output)
    return found
