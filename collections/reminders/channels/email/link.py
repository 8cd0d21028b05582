"""The connection of one batch: its letters one after the other, what became of each, and what a cut means."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from reminders.channels import Outgoing, Sent, TransportError
from reminders.channels.email.server import Server, connect

# After so many cuts in a row it is the server and not a message: the rest is not tried any more.
CUTS_TO_GIVE_UP = 3
UNKNOWN_MAILBOX_CODES = frozenset({550, 551, 553})
UNKNOWN_MAILBOX_STATUSES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})

Result = tuple[Outgoing, Sent | TransportError]


class _HadEnough(TransportError):
    """The server takes no more over this connection, and had nothing of the letter yet: another connection may do."""


class Link:
    """The connection of one batch, opened when it is needed. Where the server takes commands in one go it has the text of one
    letter while the next is written, and is told of that before its answer is read."""

    def __init__(self, smtp: Server | None) -> None:
        self._smtp = smtp
        self._cuts = 0
        self._down: TransportError | None = None
        # The letter that the server has whole and has not answered for.
        self._given: Outgoing | None = None

    def put(self, sender: str, outgoing: Outgoing, letter: bytes) -> list[Result]:
        """Give a letter to the server; what is known by then of the one before and of this."""
        if self._smtp is not None and self._smtp.sock is None:
            # It said no to the letter before, and hung up behind that.
            self._smtp = None
        told_of = False
        if self._given is not None and self._smtp is not None and self._smtp.takes_at_once(sender, outgoing.address):
            self._smtp.tell_of(sender, outgoing.address, letter)
            told_of = True
        results = self.rest()
        # One that was cut meanwhile knows of nothing.
        used = self._smtp is not None
        try:
            try:
                results += self._give(sender, outgoing, letter, told_of=told_of and used)
            except _HadEnough:
                if not used:
                    raise
                results += self._give(sender, outgoing, letter, told_of=False)
        except TransportError as error:
            results.append((outgoing, error))
        return results

    def _give(self, sender: str, outgoing: Outgoing, letter: bytes, *, told_of: bool) -> list[Result]:
        smtp = self._opened()
        with self._in_our_words():
            if smtp.takes_at_once(sender, outgoing.address):
                if not told_of:
                    smtp.tell_of(sender, outgoing.address, letter)
                smtp.give(sender, outgoing.address, letter)
                self._given = outgoing
                return []
            smtp.sendmail(sender, [outgoing.address], letter, () if outgoing.address.isascii() else ("SMTPUTF8",))
            return [self._taken(outgoing)]

    def rest(self) -> list[Result]:
        """What becomes of the letter that was not answered for yet, if there is one."""
        given, self._given = self._given, None
        if given is None or self._smtp is None:
            return []
        try:
            with self._in_our_words():
                self._smtp.answer()
        except TransportError as error:
            return [(given, error)]
        return [self._taken(given)]

    def let_go(self) -> Server | None:
        """The connection, where it is still open and all was answered, for whoever comes next."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None and (smtp.sock is None or self._given is not None):
            smtp.close()
            return None
        return smtp

    def _taken(self, outgoing: Outgoing) -> Result:
        self._cuts = 0
        return outgoing, Sent()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """What the server or the library refuses, as the contract tells it."""
        try:
            yield
        except smtplib.SMTPRecipientsRefused as refusal:
            code, text = next(iter(refusal.recipients.values()))
            if code == 421:
                raise self._cut("421 at RCPT") from None
            raise refused(code, text, "RCPT", recipient=True) from None
        except smtplib.SMTPSenderRefused as refusal:
            if refusal.smtp_code == 421:
                raise self._cut("421 at MAIL", _HadEnough) from None
            # Mostly our own address is at fault, not the message: it waits until that is put right. Too long stays too long.
            too_long = refusal.smtp_code == 552
            raise TransportError(f"{refusal.smtp_code} at MAIL", permanent=too_long) from None
        except smtplib.SMTPDataError as refusal:
            if refusal.smtp_code == 421:
                raise self._cut("421 at DATA") from None
            raise refused(refusal.smtp_code, refusal.smtp_error, "DATA") from None
        except (smtplib.SMTPNotSupportedError, UnicodeError, ValueError) as error:
            raise TransportError(f"cannot be sent by this server: {type(error).__name__}", permanent=True) from None
        except (OSError, smtplib.SMTPException) as error:
            # It may have been cut after the server took the text: the same Message-ID tells the two apart.
            raise self._cut(f"connection cut: {type(error).__name__}", uncertain=True) from None

    def _cut(
        self, reason: str, kind: type[TransportError] = TransportError, *, uncertain: bool = False
    ) -> TransportError:
        error = kind(reason, permanent=False, uncertain=uncertain)
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None
        self._cuts += 1
        if self._cuts >= CUTS_TO_GIVE_UP:
            self._down = error
        return error

    def _opened(self) -> Server:
        if self._down is not None:
            raise TransportError(str(self._down), permanent=False)
        if self._smtp is None:
            try:
                self._smtp = connect()
            except (OSError, smtplib.SMTPException) as error:
                self._down = TransportError(f"no connection: {type(error).__name__}", permanent=False)
                raise self._down from None
        return self._smtp


def refused(code: int, text: bytes | str, stage: str, *, recipient: bool = False) -> TransportError:
    """What the server's refusal means. Of its text only the status is kept: the rest often quotes the address."""
    shown = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    found = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", shown)
    status = found.group() if found else ""
    unknown = status in UNKNOWN_MAILBOX_STATUSES if status else code in UNKNOWN_MAILBOX_CODES
    return TransportError(
        " ".join(filter(None, (str(code), status, "at", stage))),
        permanent=code >= 500,
        unknown_recipient=recipient and code >= 500 and unknown,
    )
