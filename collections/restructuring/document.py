"""The agreement of a plan on paper, with the six contents that article 70 of the card rules asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fpdf import FPDF
from fpdf.fonts import FontFace

from reminders.channels.letter.fonts import common_part, find_font
from restructuring.models import BreachTerms, Plan, PlanKind
from restructuring.sentences import DAY_COUNTS, METHODS, cost, percent
from restructuring.terms import Terms
from runs.texts import day_in_letter

MARGIN, LINE, SIZE = 20, 6, 10.5


def print_agreement(plan: Plan, language: str) -> bytes:
    """The agreement as PDF in that language: who with whom, the six contents in their order, the schedule, and where both sign.

    Raises:
        ImproperlyConfigured: this machine has no font that writes Chinese.
    """
    font = common_part(find_font())
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(True, margin=20)
    pdf.set_margins(MARGIN, MARGIN)
    pdf.add_font("agreement", fname=font.path, collection_font_number=font.face)
    pdf.set_title(plan.ref)
    pdf.set_lang(language)
    pdf.add_page()
    with translation.override(language):
        _line(pdf, _("Repayment agreement %(plan)s") % {"plan": plan.ref}, SIZE + 5)
        _line(
            pdf,
            _("between %(lender)s (%(contact)s) and %(customer)s, for account %(account)s")
            % {
                "lender": settings.LENDER_NAME,
                "contact": settings.LENDER_CONTACT,
                "customer": plan.customer.name,
                "account": plan.account.ref,
            },
        )
        pdf.ln(LINE / 2)
        for number, (title, sentences) in enumerate(_contents(plan), start=1):
            _line(pdf, f"{number}. {title}", SIZE + 1.5)
            for sentence in sentences:
                _line(pdf, sentence)
            if number == 2:
                _schedule(pdf, plan)
            pdf.ln(LINE / 3)
        _signatures(pdf, plan)
    return bytes(pdf.output())


def _contents(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """The six contents: title and sentences."""
    terms = Terms.from_json(plan.terms)
    say = {
        name: f"{getattr(plan, name):,.2f}"
        for name in (
            "principal",
            "interest",
            "service_fee",
            "late_fee",
            "balance",
            "discount",
            "plan_interest",
            "total",
        )
    } | {"currency": plan.currency, "day": _day(plan.starts_on)}
    rows = [
        _(
            "On %(day)s %(balance)s %(currency)s is owed that this agreement covers: principal %(principal)s, interest "
            "%(interest)s, service fees %(service_fee)s, late fees %(late_fee)s."
        )
        % say
    ]
    if plan.discount:
        rows.append(_("Of this the lender lets off %(discount)s, provided that this agreement is kept.") % say)
    yield _("Balance, its parts and currency"), rows
    yield (
        _("Period, method, dates and amounts"),
        [_method(plan, terms), _("In all %(total)s %(currency)s is paid:") % say],
    )
    yield _("Fees and interest during the agreement"), _fees(plan, terms)
    yield (
        _("No new credit"),
        [
            _(
                "Until everything is paid the customer applies for no further card or credit of this kind, here or elsewhere."
            )
        ],
    )
    yield _("Rights, duties and breach"), _duties(plan)
    yield (
        _("Other matters"),
        [
            _("What is paid is credited whatever becomes of this agreement. It may be paid early at any time."),
            _("Questions and complaints: %(contact)s.") % {"contact": settings.LENDER_CONTACT},
        ],
    )


def _method(plan: Plan, terms: Terms) -> str:
    days = [one.due_on for one in plan.instalments.all()]
    say = {"count": len(days), "first": _day(min(days)), "last": _day(max(days)), "kind": plan.get_kind_display()}
    if plan.kind == PlanKind.SETTLEMENT:
        return _("One payment settles the debt, due on %(first)s.") % say
    if plan.kind == PlanKind.EXTENSION:
        return _("The due dates move; the first is %(first)s and the last %(last)s.") % say
    return _("%(count)s monthly instalments (%(method)s) from %(first)s to %(last)s.") % (
        say | {"method": METHODS[terms.method]}
    )


def _fees(plan: Plan, terms: Terms) -> list[str]:
    rows = [
        _("Interest of %(rate)s a year on the principal alone, counted by %(days)s; in all %(amount)s.")
        % {
            "rate": percent(terms.annual_rate),
            "days": DAY_COUNTS[terms.day_count],
            "amount": f"{plan.plan_interest:,.2f}",
        },
        _("Late fees and service fees bear no interest, and no late fee accrues while this agreement is kept."),
    ]
    if (yearly := cost(plan.annual_cost)) is not None:
        rows.append(_("All costs together come to %(cost)s a year (IRR).") % {"cost": yearly})
    return rows


def _duties(plan: Plan) -> list[str]:
    after = (
        _("the debt is owed as it was before, less everything paid")
        if plan.breach_terms == BreachTerms.RESTORE
        else _("the instalments stay due as they are")
    )
    return [
        _("While this agreement is kept the lender does not collect the debt."),
        ngettext(
            "An instalment not paid within %(days)s days after its due date is missed. After %(missed)s missed instalment the "
            "agreement is breached: %(after)s, and collection goes on.",
            "An instalment not paid within %(days)s days after its due date is missed. After %(missed)s missed instalments the "
            "agreement is breached: %(after)s, and collection goes on.",
            plan.breach_after,
        )
        % {"days": plan.grace_days, "missed": plan.breach_after, "after": after},
    ]


def _schedule(pdf: FPDF, plan: Plan) -> None:
    head = [_("No."), _("Due date"), _("Principal"), _("Interest"), _("Fees"), _("Total")]
    rows = [
        [
            str(one.number),
            one.due_on.isoformat(),
            *map(_money, (one.principal, one.interest, one.fee, one.total)),
        ]
        for one in plan.instalments.all()
    ]
    _table(pdf, [head, *rows])


def _table(pdf: FPDF, rows: Sequence[Sequence[str]]) -> None:
    pdf.set_font("agreement", size=SIZE - 1)
    with pdf.table(
        col_widths=(8, 18, 18, 18, 18, 20),
        text_align=("RIGHT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
        line_height=LINE,
        headings_style=FontFace(emphasis="NONE"),
    ) as table:
        for row in rows:
            cells = table.row()
            for text in row:
                cells.cell(text)


def _signatures(pdf: FPDF, plan: Plan) -> None:
    if pdf.will_page_break(LINE * 6):
        pdf.add_page()
    pdf.ln(LINE)
    for who in (settings.LENDER_NAME, plan.customer.name):
        _line(pdf, _("%(who)s: ____________________    Date: ____________") % {"who": who})
        pdf.ln(LINE / 2)


def _line(pdf: FPDF, text: str, size: float = SIZE) -> None:
    pdf.set_font("agreement", size=size)
    pdf.multi_cell(0, LINE if size <= SIZE else LINE + 2, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _day(day: date) -> str:
    return day_in_letter(day)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
