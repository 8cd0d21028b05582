"""One field at a time: text as it came in, in; text as COPY takes it, out. Pure, and quick: whole books pass through here.

A parser gets stripped text that is not empty and returns its normal form, or raises `BadValue` with what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from django.utils.translation import gettext as _
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from accounts.currencies import is_currency
from accounts.identity import HIDDEN, is_time_zone
from accounts.models import ContactKind, HoldKind, IdType, Jurisdiction, Relationship

Parser = Callable[[str], str]

# Days outside would break the arithmetic around them (a year before, a day after).
EARLIEST, LATEST = "1800-01-01", "9000-12-31"
REF_LENGTH = 64

_AMOUNT = re.compile(r"0*[0-9]{1,12}(\.[0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?([.,][0-9]{1,9})? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)"
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CONTROL = re.compile(rf"[\t\n\r{HIDDEN}]")
# A line break or a tab may stand inside free text.
_CONTROL_BUT_BREAKS = re.compile(f"[{HIDDEN}]")
_UNDECODED = re.compile(r"[\ud800-\udfff]")


class BadValue(ValueError):
    """A field is wrong; the message says what was expected."""


def is_undecoded(text: str) -> bool:
    """Did bytes that are no UTF-8 become part of the text?"""
    return _UNDECODED.search(text) is not None


def ref(text: str) -> str:
    """A reference."""
    if len(text) <= REF_LENGTH and (text.isprintable() or not _CONTROL.search(text)):
        return text
    raise BadValue(_("a reference of 1 to %(most)d characters, no control characters") % {"most": REF_LENGTH})


def free_text(most: int) -> Parser:
    """Any text of at most `most` characters, line breaks and tabs included."""

    def parse(text: str) -> str:
        if len(text) <= most and (text.isprintable() or not _CONTROL_BUT_BREAKS.search(text)):
            return text
        raise BadValue(_("text of at most %(most)d characters, no control characters") % {"most": most})

    return parse


def one_line(most: int) -> Parser:
    """Text of at most `most` characters; blanks and line breaks become one blank each."""
    text_of = free_text(most)

    def parse(text: str) -> str:
        # What nobody sees is refused as it came: among the blanks are separators of lines and paragraphs.
        hidden = not text.isprintable() and _CONTROL_BUT_BREAKS.search(text)
        return text_of(text if hidden else " ".join(text.split()))

    return parse


def amount(text: str) -> str:
    """An amount of 0 or more."""
    if _AMOUNT.fullmatch(text):
        return text
    raise BadValue(
        _(
            "an amount of 0 or more such as 1000.00: digits, at most two decimal places, at most 12 digits before the point"
        )
    )


def positive_amount(text: str) -> str:
    """An amount above 0."""
    if _AMOUNT.fullmatch(text) and text.strip("0."):
        return text
    raise BadValue(
        _("an amount above 0 such as 1000.00: digits, at most two decimal places, at most 12 digits before the point")
    )


def currency(text: str) -> str:
    """A currency's code."""
    if is_currency(text):
        return text
    raise BadValue(_("a currency with two decimal places by its three capital letters, such as CNY"))


def time_zone(text: str) -> str:
    """A time zone by its name in the database of time zones."""
    if is_time_zone(text):
        return text
    raise BadValue(_("a time zone such as Asia/Shanghai or America/New_York"))


@lru_cache(maxsize=50_000)
def iso_date(text: str) -> str:
    """A day of the calendar."""
    if _DATE.fullmatch(text) and EARLIEST <= text <= LATEST:
        try:
            date.fromisoformat(text)
        except ValueError:
            pass
        else:
            return text
    raise BadValue(
        _("a date as YYYY-MM-DD that exists, from %(first)s to %(last)s") % {"first": EARLIEST, "last": LATEST}
    )


def moment(text: str) -> str:
    """A moment with its offset, in UTC."""
    if found := _MOMENT.fullmatch(text):
        day, clock, seconds, fraction, offset, _minutes = found.groups()
        if EARLIEST < day <= LATEST and (seconds or not fraction):
            written = f"{day}T{clock}{seconds or ':00'}{(fraction or '').replace(',', '.')[:7]}{offset.upper()}"
            try:
                return datetime.fromisoformat(written).astimezone(UTC).isoformat()
            except ValueError:
                pass
    raise BadValue(_("a moment in ISO 8601 with its offset, such as 2026-03-02T12:00:00+08:00 or 2026-03-02T04:00Z"))


def language(text: str) -> str:
    """A language tag; the languages that the product writes in their one form, zh-Hans and en."""
    tag = text.replace("_", "-")
    if not _LANGUAGE_TAG.fullmatch(tag) or len(tag) > 10:
        raise BadValue(_("a language: zh-Hans, en, or another tag of at most 10 characters"))
    parts = tag.lower().split("-")
    if parts[0] == "en":
        return "en"
    if parts[0] == "zh" and not {"hant", "tw", "hk", "mo"} & set(parts[1:]):
        return "zh-Hans"
    return tag


def one_of(codes: Mapping[str, str], accepted: str) -> Parser:
    """One of a few codes or their synonyms; `accepted` names the codes to whoever gave another."""

    def parse(text: str) -> str:
        found = codes.get(_folded(text))
        if found is None:
            raise BadValue(_("one of: %(codes)s") % {"codes": accepted})
        return found

    return parse


def _folded(text: str) -> str:
    return "-".join(text.casefold().replace("_", " ").replace("-", " ").replace("'", "").split())


def _codes(own: list[str], synonyms: str) -> dict[str, str]:
    """`synonyms`: "code: word, word" a line."""
    found = {code: code for code in own}
    for line in synonyms.strip().splitlines():
        code, _colon, words = line.strip().partition(": ")
        found |= {_folded(word): code for word in words.split(", ")}
    return found


id_type = one_of(
    _codes(
        IdType.values,
        """
        resident-id: resident id card, resident identity card, id, id card, idcard, identity card, national id, ric, prc id
        resident-id: 身份证, 居民身份证, 二代身份证
        passport: pp, 护照
        hk-macao-permit: hk macau permit, hkm permit, home return permit, 港澳居民来往内地通行证, 港澳通行证, 回乡证
        taiwan-permit: tw permit, mtp, 台湾居民来往大陆通行证, 台胞证
        foreign-resident: foreign resident permit, foreigner, residence permit
        foreign-resident: 外国人永久居留证, 外国人永久居留身份证, 外国人居留证
        other: others, 其他, 其它
        """,
    ),
    ", ".join(IdType.values),
)
contact_kind = one_of(
    _codes(
        ContactKind.values,
        """
        mobile: cell, cellphone, cell phone, mobile phone, mobilephone, sms, 手机, 手机号
        phone: fixed, fixed line, landline, tel, telephone, home phone, work phone, 电话, 固话, 座机
        email: e mail, mail, 邮箱, 电子邮件, 电子邮箱
        address: addr, postal address, post, letter, 地址, 住址
        push: app, app push, device, 推送
        """,
    ),
    ", ".join(ContactKind.values),
)
relationship = one_of(
    _codes(
        Relationship.values,
        """
        own: self, debtor, borrower, customer, 本人, 自己
        co-debtor: codebtor, coborrower, co borrower, joint debtor, 共同借款人, 共同债务人
        guarantor: surety, 担保人, 保证人
        contact-person: contactperson, contact, emergency contact, third person, third party, spouse, husband, wife, partner
        contact-person: parent, father, mother, child, son, daughter, sibling, brother, sister, relative, family, friend
        contact-person: colleague, coworker, employer, other, 联系人, 紧急联系人, 配偶, 父母, 亲属, 朋友, 同事
        """,
    ),
    ", ".join(Relationship.values),
)
jurisdiction = one_of(
    _codes(
        Jurisdiction.values,
        """
        cn: china, chn, prc, 中国
        us: usa, united states, united states of america, 美国
        """,
    ),
    ", ".join(Jurisdiction.values),
)
yes_or_no = one_of(
    {
        **dict.fromkeys(("true", "t", "yes", "y", "1", "是"), "t"),
        **dict.fromkeys(("false", "f", "no", "n", "0", "否"), "f"),
    },
    "true, false",
)
hold_kind = one_of(_codes(HoldKind.values, "fees: fee\ndeferral: deferment"), ", ".join(HoldKind.values))


def is_known_county(number: str) -> bool:
    """Does the table of counties know the first six digits of a resident's identity number for its year of birth?

    The table holds no retired counties, so an unknown one proves nothing.
    """
    return _is_known_county(number[:10])


@lru_cache(maxsize=50_000)
def _is_known_county(county_and_year: str) -> bool:
    try:
        ric.get_birth_place(f"{county_and_year}0101")
    except (ValidationError, KeyError):  # the second for a few provinces of which it has no county at all
        return False
    return True
