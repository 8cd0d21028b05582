"""One letter on A4: the address shows in the left window of a DL envelope (DIN 5008 form B), and nothing else does."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from fpdf import FPDF

from reminders.channels import Outgoing
from reminders.channels.letter.fonts import Font
from runs import clock
from runs.texts import day_in_letter

# Millimetres. The window's address field, and where the text begins below it.
WINDOW_LEFT, WINDOW_TOP, WINDOW_WIDTH, WINDOW_HEIGHT = 20, 50, 85, 40
TEXT_TOP, MARGIN, LINE = 103, 20, 6
SIZE, SMALL = 11, 8
# The sign that printers in East Asia set where they have no type for a character.
LACKING = "〓"
_SEPARATORS = str.maketrans({"\u2028": " ", "\u2029": " "})


class Unprintable(Exception):
    """It cannot be put on paper as it is. Says why and quotes nothing."""


def print_letter(outgoing: Outgoing, font: Font, *, replaces: bool = False) -> tuple[bytes, int]:
    """The letter as PDF, and its number of pages.

    It carries what article 69 asks of a letter that is not the text's own: who issues it, how to reach them, its date,
    its number, whom it is to, and the place of the seal. `replaces`: what the font lacks of the person's name is printed as
    `LACKING`, because nothing that anybody mends here would let such a letter go, and she knows her name; never of the words, an
    amount or the address, where it could mean something else.

    Raises:
        Unprintable: a character that the font lacks, or an address that does not fit the window.
    """
    if replaces:
        outgoing = _without_lacking(outgoing, font)
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(True, margin=25)
    pdf.set_margins(MARGIN, MARGIN)
    pdf.add_font("letter", fname=font.path, collection_font_number=font.face)
    pdf.set_title(settings.LENDER_NAME)
    pdf.set_lang(outgoing.language)
    today = clock.today()
    with translation.override(outgoing.language):
        _head(pdf, font, outgoing, today)
        _address(pdf, font, outgoing)
        pdf.set_xy(MARGIN, TEXT_TOP)
        pdf.set_font("letter", size=SIZE + 2)
        pdf.multi_cell(0, LINE + 1, _shown(outgoing.subject, font), new_x="LMARGIN", new_y="NEXT")
        pdf.ln(LINE / 2)
        pdf.set_font("letter", size=SIZE)
        pdf.multi_cell(0, LINE, _shown(outgoing.body.strip(), font), align="L", new_x="LMARGIN", new_y="NEXT")
        _seal(pdf, font, today)
    return bytes(pdf.output()), pdf.pages_count


def _head(pdf: FPDF, font: Font, outgoing: Outgoing, today: date) -> None:
    pdf.add_page()
    pdf.set_font("letter", size=SIZE + 3)
    pdf.cell(0, LINE + 2, _shown(settings.LENDER_NAME, font), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("letter", size=SMALL)
    pdf.cell(0, LINE, _shown(settings.LENDER_CONTACT, font), new_x="LMARGIN", new_y="NEXT")
    pdf.set_xy(120, WINDOW_TOP)
    shown = [day_in_letter(today), _("Reference: %(number)s") % {"number": outgoing.message_id}]
    pdf.multi_cell(70, LINE, _shown("\n".join(shown), font), align="R")


def _address(pdf: FPDF, font: Font, outgoing: Outgoing) -> None:
    pdf.set_font("letter", size=SIZE)
    text = "\n".join(filter(None, (outgoing.addressee.strip(), outgoing.address.strip())))
    height = pdf.multi_cell(WINDOW_WIDTH, LINE, _shown(text, font), align="L", dry_run=True, output="HEIGHT")
    if float(str(height)) > WINDOW_HEIGHT or not outgoing.address.strip():
        raise Unprintable("the address does not fit the window")
    pdf.set_xy(WINDOW_LEFT, WINDOW_TOP)
    pdf.multi_cell(WINDOW_WIDTH, LINE, _shown(text, font), align="L")


def _seal(pdf: FPDF, font: Font, today: date) -> None:
    # On one page. (The library's own way of keeping lines together copies the whole font.)
    if pdf.will_page_break(LINE * 5):
        pdf.add_page()
    pdf.ln(LINE * 2)
    for line in (settings.LENDER_NAME, _("(seal)"), day_in_letter(today)):
        pdf.cell(0, LINE, _shown(line, font), align="R", new_x="LMARGIN", new_y="NEXT")


def _without_lacking(outgoing: Outgoing, font: Font) -> Outgoing:
    """The same letter with the person's name as the font can write it, wherever it stands."""
    names = {outgoing.addressee, outgoing.values.get("customer_name", "")} - {""}
    written = {
        name: "".join(c if c.isspace() or ord(c) in font.characters else LACKING for c in _clean(name))
        for name in names
    }
    if LACKING not in "".join(written.values()) or ord(LACKING) not in font.characters:
        return outgoing
    subject, body = outgoing.subject, outgoing.body
    for name in sorted(names, key=len, reverse=True):
        subject, body = subject.replace(name, written[name]), body.replace(name, written[name])
    return replace(outgoing, addressee=written.get(outgoing.addressee, ""), subject=subject, body=body)


def _shown(text: str, font: Font) -> str:
    """The text as it is printed.

    Raises:
        Unprintable: the font lacks a character.
    """
    clean = _clean(text)
    lacking = next((c for c in clean if c != "\n" and ord(c) not in font.characters), None)
    if lacking is not None:
        raise Unprintable(f"the font has no U+{ord(lacking):04X}")
    return clean


def _clean(text: str) -> str:
    """The text in composed characters, without what is invisible or turns the direction around; separators of lines and
    paragraphs as blanks."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_SEPARATORS))
    return "".join(c for c in composed if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
