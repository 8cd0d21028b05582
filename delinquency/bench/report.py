"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from delinquency.bench.imports import Imported
from delinquency.bench.nights import Night


@dataclass
class Findings:
    """Everything that one run of the benchmark found; what was left out stays empty."""

    accounts: int
    seed: int
    made_seconds: float = 0.0
    made_parts: str = ""
    # The book was made by a run before, and kept.
    was_kept: bool = False
    # Only the workbench was measured, in use from the first night on.
    is_workbench: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    late: int = 0
    nights: list[Night] = field(default_factory=list)
    # The same nights of the whole book and of half of it.
    halves: list[tuple[Night, Night]] = field(default_factory=list)
    payments: dict[str, float] = field(default_factory=dict)
    verify_seconds: float = 0.0
    imported: Imported | None = None
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    waivers: dict[str, Any] = field(default_factory=dict)
    work: dict[str, Any] = field(default_factory=dict)
    outbox: dict[str, dict[str, Any]] = field(default_factory=dict)
    year: dict[str, Any] = field(default_factory=dict)
    strategy: dict[str, Any] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)


def write(found: Findings, file: Path) -> None:
    """Write the report."""
    file.write_text("\n".join(_lines(found)) + "\n", encoding="utf-8")


def _lines(found: Findings) -> Iterator[str]:
    yield "# Benchmarks of the workbench" if found.is_workbench else "# Benchmarks"
    yield ""
    command = (
        f"manage.py bench --workbench --accounts {found.accounts} --seed {found.seed}"
        if found.is_workbench
        else f"make bench ACCOUNTS={found.accounts} SEED={found.seed}"
    )
    yield f"Written by `{command}`: one run, side by side, nothing left out."
    yield ""
    yield f"Machine: {_machine()}"
    yield ""
    yield "Processes that are started are timed without Python's and Django's start-up unless it says otherwise."
    yield ""
    yield f"## The book: {found.accounts:,} accounts"
    yield ""
    if found.made_seconds:
        when = ", in an earlier run that kept the book" if found.was_kept else ""
        yield f"`make_book` took {found.made_seconds:.0f} s with start-up{when} (goal for 1,000,000: 300 s on 2 cores):"
        yield ""
        yield from (f"- {line}" for line in found.made_parts.splitlines() if line.endswith(" s"))
        yield ""
    yield from _table(("rows of", "count"), [(name, f"{count:,}") for name, count in found.sizes.items()])
    yield f"{found.late:,} accounts late ({found.late / found.accounts:.1%}) before the first night measured."
    yield ""
    yield from _nights(found)
    yield from _others(found)


def _nights(found: Findings) -> Iterator[str]:
    nights = found.nights
    if not nights:
        return
    yield "## close_day against its floor"
    yield ""
    yield (
        "Consecutive nights of one book. The floor: one session writes the very rows that the night wrote, inserted or "
        "changed, by INSERT … SELECT from saved copies in one transaction, into a copy of the same database with the same "
        "stock, indexes, keys and triggers. Sessions are psycopg's; the work is the server's."
    )
    yield ""
    yield from _table(
        ("night", "standings changed", "rows written", "close_day, s", "floor, s", "× floor", "peak MiB"),
        [
            (
                str(night.day),
                f"{night.changes:,}",
                f"{sum(night.rows.values()):,}",
                f"{night.seconds:.2f}",
                f"{night.floor_seconds:.2f}",
                f"{night.ratio:.2f}",
                f"{night.peak_mib:.0f}",
            )
            for night in nights
        ],
    )
    yield f"**Median {median(n.ratio for n in nights):.2f} × the floor** (goal 2.5)."
    yield f"Peak memory of the closing process (VmHWM): {max(n.peak_mib for n in nights):.0f} MiB (goal 200)."
    steps = {name: median(n.steps[name] for n in nights) for name in nights[0].steps}
    yield "Where the time goes (medians): " + ", ".join(f"{name} {s:.2f} s" for name, s in steps.items()) + "."
    rows = nights[len(nights) // 2].rows
    yield "Rows of one night: " + ", ".join(f"{table} {count:,}" for table, count in rows.items()) + "."
    yield ""
    if found.halves:
        ratio = median(half.seconds / whole.seconds for whole, half in found.halves)
        yield (
            "The nights after these on the whole book and, in turn, on half of it (every account that they change, and of the "
            "others only some):"
        )
        yield ""
        yield from _table(
            ("night", "standings changed, whole", "half", "whole, s", "half, s", "half / whole"),
            [
                (
                    str(whole.day),
                    f"{whole.changes:,}",
                    f"{half.changes:,}",
                    f"{whole.seconds:.2f}",
                    f"{half.seconds:.2f}",
                    f"{half.seconds / whole.seconds:.2f}",
                )
                for whole, half in found.halves
            ],
        )
        yield f"Median: half the book takes **{ratio:.2f} of the time** (goal 0.8 to 1.2)."
        yield ""


def _others(found: Findings) -> Iterator[str]:
    if found.payments:
        p = found.payments
        yield "## A payment posted while the day closes"
        yield ""
        yield (
            f"{p['count']:.0f} payments one after the other during a close: median {p['median']:.0f} ms, "
            f"**p99 {p['p99']:.0f} ms** (goal 1,000), worst {p['worst']:.0f} ms."
        )
        yield ""
    if found.verify_seconds:
        yield "## verify_book"
        yield ""
        yield f"The whole book in **{found.verify_seconds:.0f} s**, start-up included (goal for 1,000,000: 150 s)."
        yield ""
    if found.imported:
        i = found.imported
        yield "## import_book"
        yield ""
        yield (
            f"{i.accounts:,} accounts from CSV: {i.import_seconds:.1f} s, of which start-up {i.startup_seconds:.1f} s. COPY of "
            f"all {i.rows:,} rows that it wrote, into an equally empty database: {i.copy_seconds:.1f} s. "
            f"**{i.share:.0%} of COPY's speed** (goal 30 %)."
        )
        yield ""
    if found.gate:
        yield from _gate(found.gate)
    if found.waivers:
        yield "## Waivers"
        yield ""
        yield (
            f"{found.waivers['count']:,} previews of every kind, on accounts with a late fee: median "
            f"{found.waivers['median']:.1f} ms, **p95 {found.waivers['p95']:.1f} ms** (goal 50)."
        )
        yield ""
    if found.pages:
        yield "## Pages against this book"
        yield ""
        yield (
            "Requests through Django's test client, each kind in turn: of a collector whose team has a tenth of the open cases, "
            "a supervisor of all ten teams and an auditor, on a workbench in use (three calls a case, promises, disputes, flags)."
        )
        yield ""
        yield from _visited(found.pages)
        yield "Goals: 15 queries, p95 120 ms."
        yield ""
    if found.approvals:
        yield "## Approvals"
        yield ""
        yield (
            "Ten thousand requests within the authority of a supervisor of ten teams, 2,000 beyond it, 20,000 decided; of three "
            "kinds, each with a limit and about a customer."
        )
        yield ""
        yield from _visited(found.approvals)
        yield "Goal: p95 120 ms."
        yield ""
    if found.work:
        yield from _work(found.work)
    if found.outbox:
        yield from _outbox(found.outbox)
    if found.year:
        yield from _year(found.year)
    if found.strategy:
        yield from _strategy(found.strategy)
    if found.plans:
        yield from _plans(found.plans)


def _visited(pages: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield from _table(
        ("page", "queries", "median, ms", "p95, ms"),
        [
            (name, f"{page['queries']:.0f}", f"{page['median']:.1f}", f"{page['p95']:.1f}")
            for name, page in pages.items()
        ],
    )


def _work(work: dict[str, Any]) -> Iterator[str]:
    yield "## Take next"
    yield ""
    yield (
        f"{work['collectors']} collectors, served by {work['processes']} processes of {work['threads']} threads as the server "
        f"runs, on {work['cases']:,} open cases, {work['free']:,} of them free; timed from the press of the key. In a burst all "
        f"press it in the same moment, again and again, and wait for the machine's cores, not for one another. Bare: the floor "
        f"of a burst, the same locks and writes as SQL alone, without the gate, the scope or anything of one's own. Queue: a "
        f"burst from the queue of early cases. Arriving "
        f"steadily each presses it at random moments, every {work['seconds between']:.0f} s on average. At last what is left "
        f"is taken, all presses waiting in line."
    )
    yield ""
    yield from _table(
        ("how", "calls", "a second", "median, ms", "p95, ms"),
        [
            (
                how,
                f"{work[how]['count']:,.0f}",
                f"{work[how]['count'] / work[how]['seconds']:,.0f}",
                f"{work[how]['median']:.1f}",
                f"{work[how]['p95']:.1f}",
            )
            for how in ("bare", "burst", "queue", "steady", "drained")
        ],
    )
    ratio = work["burst"]["p95"] / work["bare"]["p95"]
    yield f"In a burst **{ratio:.1f} ×** the floor."
    yield ""
    yield f"Given twice: **{work['twice']}**. Could be given and was not: **{work['not given']}**. Goal: none, p95 50 ms."


def _outbox(outbox: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield ""
    yield "## The outbox"
    yield ""
    yield (
        "Messages to late customers, queued with the gate's decisions, sent by two workers to a sink on this machine: each is "
        "looked at just before, rendered, sent, and recorded with its contact and its event. The floor: two loops that send the "
        "same bytes over one connection each, by smtplib and urllib3, the better of one before and one after. The sinks are the "
        "demo's, which check what they get and keep it; those that swallow everything show most of what is ours."
    )
    yield ""
    yield from _table(
        (
            "channel",
            "sent",
            "seconds",
            "a second",
            "bare loop, a second",
            "share",
            "MiB of a worker after 5 s",
            "at most",
        ),
        [
            (
                channel,
                f"{one['sent']:,}",
                f"{one['seconds']:.1f}",
                f"{one['rate']:,.0f}",
                f"{one['bare rate']:,.0f}",
                f"{one['rate'] / one['bare rate']:.0%}",
                f"{one['begun']:.0f}",
                f"{one['peak']:.0f}",
            )
            for channel, one in outbox.items()
        ],
    )
    yield "Goals: 60 % of the bare loop, 200 MiB."


def _year(year: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield "## A year of contacts"
    yield ""
    yield (
        f"{year['people']:,} made-up people in {year['zones']} time zones, under both packs, tried **{year['tried']:,}** times "
        f"over a year by every channel, in {year['seconds']:.0f} s. Each answer of the rules is held against the tests' oracle, "
        f"which shares nothing with them. Allowed outside of the rules: **{year['violations']}** (goal 0); refused without "
        f"need: {year['refused without need']}."
    )
    yield ""
    yield from _table(("allowed by", "contacts"), [(name, f"{count:,}") for name, count in year["allowed"].items()])
    yield from _table(("refused by", "contacts"), [(name, f"{count:,}") for name, count in year["refused"].items()])


def _strategy(night: dict[str, Any]) -> Iterator[str]:
    yield "## Strategies"
    yield ""
    yield (
        f"A night of {night['accounts']:,} accounts under a champion, a challenger and a hold-out that write before the due date "
        f"and after it, have called and propose: {night['people']:,} people, and {night['matched']:,} accounts to which a rule "
        f"applies."
    )
    yield ""
    yield f"- One statement finds them: {night['match_seconds']:.1f} s."
    yield (
        f"- The whole step, with the gate: **{night['seconds']:.1f} s, {night['seconds'] / night['floor_seconds']:.2f} ×** its "
        f"floor (goal 3): the same rows by INSERT … SELECT in one transaction, {night['floor_seconds']:.1f} s."
    )
    yield f"- Rows: {', '.join(f'{table} {count:,}' for table, count in night['rows'].items())}."
    yield ""


def _plans(measured: dict[str, Any]) -> Iterator[str]:
    previews = measured["previews"]
    yield "## Plans"
    yield ""
    yield (
        f"- Three offers of 59 instalments beside each other, from the account's facts to the page's part: median "
        f"{previews['p50']:.1f} ms, **p95 {previews['p95']:.1f} ms** (goal 50) of {previews['count']:,}."
    )
    yield (
        f"- A night of {measured['live']:,} live plans of twelve instalments, of which {measured['moved']:,} become at risk and "
        f"{measured['breached']:,} are breached: **{measured['seconds']:.1f} s, "
        f"{measured['seconds'] / measured['floor_seconds']:.2f} ×** its floor (goal 3): the same rows by two bare statements, "
        f"{measured['floor_seconds']:.1f} s."
    )
    yield (
        f"- Of it a breach, with the replay of the account in which the plan's bills fall away: {measured['breach_ms']:.1f} ms, "
        f"beside {measured['breach_floor_ms']:.1f} ms of its rows by bare SQL."
    )
    yield ""


def _gate(gate: dict[str, Any]) -> Iterator[str]:
    yield "## The gate"
    yield ""
    yield (
        f"With {gate['stock']:,} decisions in the book, most of them used by a contact; made-up histories of a month for the "
        "pure rules."
    )
    yield ""
    yield f"- The pure rules decide **{gate['rules_a_second']:,.0f} times a second** in one process (goal 20,000)."
    yield (
        f"- One recorded decision, committed: median {gate['single_median']:.1f} ms, "
        f"**p95 {gate['single_p95']:.1f} ms** (goal 10)."
    )
    yield (
        f"- A batch of {gate['people']:,} persons: **{gate['batch_seconds']:.1f} s** (goal 10 for 100,000). The floor, the same "
        f"rows by INSERT … SELECT in one transaction: {gate['floor_seconds']:.1f} s."
    )
    yield ""


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = next(
        (line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")), platform.processor()
    )
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {cores} cores, {memory:.0f} GiB, {system}."


def _cpu_lines() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
