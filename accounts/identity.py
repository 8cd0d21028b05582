"""Checks of identity numbers, contact values and what short texts may hold: pure, shared by data entry and the import."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent, InvalidFormat, InvalidLength

from accounts.errors import Invalid
from accounts.models import ContactKind, IdType
from runs import clock

# What nobody sees in a short text: controls, separators of lines and paragraphs, what turns around what stands after it (amounts
# included), and blanks without a width. Joiners stay, without which some scripts cannot write a name; so do line ends and tabs,
# which a field that may have none turns into blanks.
HIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f"
)
_HIDDEN = re.compile(f"[{HIDDEN}]")
# Short service numbers, extensions and foreign formats are real: only what cannot be a number is refused.
_PLAUSIBLE_NUMBER = re.compile(r"[+(]{0,2}[0-9][0-9 ()./\-]*[0-9]( ?(x|ext\.?|转|#) ?[0-9]{1,6})?", re.IGNORECASE)
# By far the most: an import need not take each of millions apart.
_CHINESE_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def check_id_number(id_type: str, value: str, birth_date: date | None) -> str:
    """The identity number in its written form, empty when not known.

    Nobody is born after today. A resident card's number must be 18 long with a real date and the right check digit, and agree
    with the date of birth.
    A county that the table does not know is let pass: retired counties are real.

    Raises:
        Invalid: saying what is wrong, never showing the number.
    """
    today = clock.today()
    if birth_date is not None and birth_date > today:
        raise Invalid(
            _("The date of birth, %(day)s, lies after today. Compare it with the document.")
            % {"day": birth_date.isoformat()},
            "birth_date",
        )
    value = value.replace(" ", "").upper()
    if not value or id_type != IdType.RESIDENT_ID:
        return value
    if not re.fullmatch(r"[0-9]{17}[0-9X]", value):
        raise Invalid(_("A resident identity number has 17 digits and a check character (0-9 or X)."), "id_number")
    try:
        born: date = ric.get_birth_date(value)
    except (InvalidComponent, InvalidFormat, InvalidLength, ValueError):
        raise Invalid(_("Digits 7 to 14 of the identity number are not a date."), "id_number") from None
    if born > today:
        raise Invalid(_("Digits 7 to 14 of the identity number are a date after today."), "id_number")
    if ric.calc_check_digit(value) != value[-1]:
        raise Invalid(_("The identity number's check character is wrong. Compare it with the card."), "id_number")
    if birth_date is not None and birth_date != born:
        raise Invalid(
            _("The identity number says born on %(number)s, the date of birth says %(given)s.")
            % {"number": born.isoformat(), "given": birth_date.isoformat()},
            "birth_date",
        )
    return value


def is_time_zone(name: str) -> bool:
    """Whether the database of time zones has one of that name."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def hidden_in(text: str) -> str:
    """What is said of a text with a character that nobody sees, which one it is included; blank: it has none."""
    found = _HIDDEN.search(text)
    if found is None:
        return ""
    return _(
        "This holds an invisible control character (U+%(code)04X). Expected text without one: type it instead of pasting it."
    ) % {"code": ord(found[0])}


def check_plain(text: str, field: str) -> None:
    """Refuse (`Invalid`, at `field`) a short text with a character that nobody sees."""
    if said := hidden_in(text):
        raise Invalid(said, field)


def check_contact(kind: str, value: str) -> str:
    """The contact value trimmed.

    Raises:
        Invalid: it is no number or address of its kind.
    """
    check_plain(value, "value")
    value = " ".join(value.split())
    if kind == ContactKind.EMAIL:
        try:
            validate_email(value)
        except ValidationError:
            raise Invalid(_("This is no e-mail address. Expected name@domain."), "value") from None
    elif kind in (ContactKind.MOBILE, ContactKind.PHONE):
        if not _is_telephone(value):
            raise Invalid(
                _(
                    "This is no telephone number. Expected one that can be dialled, such as 13912345678, 010-62345678 or, "
                    "of other countries, +1 212 555 0100."
                ),
                "value",
            )
    elif not value:
        raise Invalid(_("The contact value is empty."), "value")
    return value


def is_chinese_mobile(number: str) -> bool:
    """Whether a number without a country is one, of a lender in China: told at once, and by far the most are such."""
    return settings.LENDER_COUNTRY == "CN" and _CHINESE_MOBILE.fullmatch(number) is not None


def telephone(number: str) -> phonenumbers.PhoneNumber | None:
    """The number taken apart; one without a country is read as of the lender's own. None: it can be nobody's number.

    Possible, not valid: which ranges are in use changes more often than a library does.
    """
    try:
        parsed = phonenumbers.parse(number, settings.LENDER_COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


def _is_telephone(value: str) -> bool:
    if is_chinese_mobile(value):
        return True
    plausible = _PLAUSIBLE_NUMBER.fullmatch(value)
    if plausible is None:
        return False
    number = value[: plausible.start(1)] if plausible.group(1) else value
    return sum(map(str.isdigit, number)) >= 5 and telephone(number) is not None
