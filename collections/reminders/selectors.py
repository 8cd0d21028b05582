"""The outbox, to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from approvals.models import Request
from approvals.selectors import open_request
from compliance.models import Channel
from reminders.models import (
    LANGUAGES,
    ChannelPrice,
    DebtWords,
    HarmlessWords,
    Message,
    MessageKind,
    MessageStatus,
    Template,
    TemplateVersion,
    VersionStatus,
    WritingRule,
)
from reminders.permissions import visible_to
from reminders.rendering import LONGEST_NAME, MOST_ACCOUNTS, Due, longest_sms
from reminders.rules import Fault, Wording, faults_of, words_in
from reminders.rules.wording import LONGEST_SMS_PARTS
from staff.models import User
from staff.permissions import may

# Where others see who writes: in a list of mails, on a lock screen, on an envelope.
SENDER_SEEN = frozenset({Channel.EMAIL, Channel.PUSH, Channel.LETTER})
# A claim older than this is nobody's any more: its worker died.
CLAIM_HELD_FOR = timedelta(minutes=2)

# Account `a` is under no hold, on day %(on)s, that stops us from writing about it.
NOT_HELD = """NOT EXISTS (
          SELECT FROM accounts_hold h
          WHERE h.account_id = a.id AND h.kind IN ('contact', 'treatment') AND h.withdrawn_at IS NULL
            AND h.starts_on <= %(on)s AND (h.ends_on IS NULL OR h.ends_on >= %(on)s))"""

_DUES = f"""
    SELECT a.id, a.ref, a.currency, s.overdue_amount, s.overdue_since
    FROM accounts_account a
    JOIN accounts_standing s ON s.account_id = a.id
    WHERE a.id = ANY(%(accounts)s) AND {NOT_HELD}
"""  # made of the code's own constants


# What falls due next of each account that is not late.
_DUES_AHEAD = f"""
    SELECT DISTINCT ON (a.id) a.id, a.ref, a.currency, b.minimum_due - b.allocated, b.due_on
    FROM accounts_account a
    JOIN accounts_bill b ON b.account_id = a.id
    WHERE a.id = ANY(%(accounts)s) AND b.allocated < b.minimum_due AND b.due_on >= %(on)s
      AND NOT EXISTS (SELECT FROM accounts_standing s WHERE s.account_id = a.id) AND {NOT_HELD}
    ORDER BY a.id, b.due_on
"""  # made of the code's own constants


def due(at: datetime, channel: str | None = None) -> QuerySet[Message]:
    """What should be on its way at `at` (of a channel): queued and due, or claimed by a worker that died before it gave it to
    a provider of a channel that sends at most once."""
    found = Message.objects.filter(
        Q(status=MessageStatus.QUEUED)
        | Q(status=MessageStatus.CLAIMED, claimed_at__lt=at - CLAIM_HELD_FOR, handed_at=None),
        # Says no more, but is what the partial index is on.
        status__in=[MessageStatus.QUEUED, MessageStatus.CLAIMED],
        send_after__lte=at,
    )
    return found if channel is None else found.filter(channel=channel)


def uncertain(at: datetime) -> QuerySet[Message]:
    """What a worker that died had given to a provider of a channel that sends at most once: perhaps it went."""
    return Message.objects.filter(
        status=MessageStatus.CLAIMED, claimed_at__lt=at - CLAIM_HELD_FOR, handed_at__isnull=False
    )


def messages_to_review(user: User) -> dict[str, QuerySet[Message]]:
    """The messages in scope that are to be looked at, as `review`; nothing for who has no link to them."""
    if not (may(user, "reminders.review_message") or may(user, "reminders.view_channelcontrol")):
        return {}
    return {"review": visible_to(user).filter(status=MessageStatus.REVIEW)}


def dues(*, accounts: Sequence[int], on: date) -> dict[int, Due]:
    """What each of these accounts asks for now; those that are not late, or under a hold on `on`, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_DUES, {"accounts": list(accounts), "on": on})
        return {account: Due(*rest) for account, *rest in cursor.fetchall()}


def dues_ahead(*, accounts: Sequence[int], on: date) -> dict[int, Due]:
    """What falls due next of each of these accounts, on `on` or later; those that are late by now, owe nothing or are under a
    hold are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_DUES_AHEAD, {"accounts": list(accounts), "on": on})
        return {account: Due(*rest) for account, *rest in cursor.fetchall()}


def price_of(channel: str, provider: str, on: date) -> tuple[Decimal | None, str]:
    """What one message or part costs by that provider on a day, and in which currency; None where no price is entered."""
    found = (
        ChannelPrice.objects.filter(channel=channel, provider__in=["", provider], effective_from__lte=on)
        .order_by("-provider", "-effective_from")
        .values_list("each", "currency")
        .first()
    )
    return found or (None, "")


def approved_number(template: str) -> int:
    """The number of the approved version of a template, which messages queued from now on carry.

    Raises:
        Conflict: none is approved.
    """
    number = (
        TemplateVersion.objects.filter(template__name=template, status=VersionStatus.APPROVED)
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    if number is None:
        raise Conflict(
            _("No version of the template “%(template)s” is approved. Have one approved, then try again.")
            % {"template": template}
        )
    return number


def wording_for(kind: str, channel: str, on: date) -> Wording:
    """The rules that hold on a day for the words of that kind and channel. Three queries.

    The words of debt are those of all languages: who reads over a shoulder reads a Chinese one in an English text as well.
    """
    rule = (
        WritingRule.objects.filter(kind=kind, channel=channel, effective_from__lte=on)
        .order_by("-effective_from")
        .values_list("required", flat=True)
        .first()
    )
    return Wording(
        required=rule or (),
        forbidden_words=words_of_debt(on),
        harmless_words=harmless_words(on),
        # Whoever signs by a code has it read out where others look over her shoulder.
        seen_by_others=("subject", "body") if channel == Channel.PUSH or kind == MessageKind.SIGNING else ("subject",),
        has_subject=channel != Channel.SMS,
    )


def word_of_sender(on: date) -> str:
    """The word by which the sender's name says, on a day, that there is a debt; "" if none does. Two queries."""
    return next(iter(words_in(settings.LENDER_NAME, words_of_debt(on), harmless_words(on))), "")


def words_of_debt(on: date) -> list[str]:
    """The words that say that there is a debt, on a day, of all languages. One query."""
    return _words_on(DebtWords.objects.all(), on)


def harmless_words(on: date) -> list[str]:
    """The longer words within which a word of debt says nothing of one, on a day, of all languages. One query."""
    return _words_on(HarmlessWords.objects.all(), on)


def _words_on(lists: QuerySet[DebtWords] | QuerySet[HarmlessWords], on: date) -> list[str]:
    words = (
        lists.filter(effective_from__lte=on)
        .order_by("language", "-effective_from")
        .distinct("language")
        .values_list("words", flat=True)
    )
    return [word for of_language in words for word in of_language]


def faults_of_texts(template: Template, texts: Mapping[str, Any], on: date) -> list[tuple[str, str, Fault]]:
    """All that is wrong with texts on a day: the language, the place (subject or body) and the fault of each."""
    found = []
    wording = wording_for(template.kind, template.channel, on)
    for language in LANGUAGES:
        text = texts.get(language, {})
        subject, body = text.get("subject", ""), text.get("body", "")
        faults = faults_of(template.kind, wording, subject=subject, body=body)
        found += [(language, fault.place, fault) for fault in faults]
        if template.channel == Channel.SMS and (fault := _too_long({"subject": subject, "body": body}, language)):
            found.append((language, "body", fault))
    return found


def _too_long(text: Mapping[str, str], language: str) -> Fault | None:
    """Of an SMS that could take more parts than one may. What cannot be filled yet has faults of its own."""
    try:
        parts = longest_sms(text, language).parts
    except (KeyError, ValueError):
        return None
    values = {"parts": parts, "most": LONGEST_SMS_PARTS, "name": LONGEST_NAME, "accounts": MOST_ACCOUNTS}
    return Fault("parts", "body", values) if parts > LONGEST_SMS_PARTS else None


def request_of(version: TemplateVersion) -> Request | None:
    """The open request for a version's approval."""
    return open_request("template-version", version)
