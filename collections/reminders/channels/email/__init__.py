"""E-mail over SMTP: connections are opened at the first message, kept from batch to batch, opened again when cut."""

from __future__ import annotations

import base64
import binascii
import re
import smtplib
import time
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import SMTPUTF8 as UTF8_POLICY
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from django.conf import settings

from reminders.channels import Going, Outgoing, Sent, TransportError
from reminders.channels.email.link import Link
from reminders.channels.email.server import ADDRESS, HOST, WORD, Server
from runs import clock

# Servers cut who says nothing for five minutes (RFC 5321, 4.5.3.2.7).
KEPT_SECONDS = 60
_MESSAGE_ID = re.compile(rf"(?=.{{3,60}}\Z)<{WORD}@{HOST}>", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)


class Adapter:
    """E-mail by the server of the settings (`EMAIL_HOST` …)."""

    def __init__(self) -> None:
        # A connection carries one conversation: each batch takes one, or opens one more.
        self._idle: list[tuple[float, Server]] = []

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say whether the server took it or why not: where it takes commands in one go when it
        has the next, which is written while it takes the one before."""
        link = Link(self._kept())
        try:
            for outgoing in batch:
                if outgoing is None:
                    yield from link.rest()
                    continue
                try:
                    letter = compose(outgoing)
                except TransportError as error:
                    yield from link.rest()
                    yield outgoing, error
                else:
                    yield from link.put(sender(), outgoing, letter)
            yield from link.rest()
        finally:
            smtp = link.let_go()
            if smtp is not None:
                self._idle.append((time.monotonic(), smtp))

    def close(self) -> None:
        """End what is kept open."""
        while self._idle:
            _end(self._idle.pop()[1])

    def _kept(self) -> Server | None:
        """A connection of an earlier batch on which the server still answers, if there is one."""
        while self._idle:
            since, smtp = self._idle.pop()
            if time.monotonic() - since < KEPT_SECONDS and _answers(smtp):
                return smtp
            _end(smtp)
        return None


def _answers(smtp: Server) -> bool:
    try:
        return smtp.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _end(smtp: Server) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


def sender() -> str:
    """The bare address that we send from."""
    return _bare(settings.DEFAULT_FROM_EMAIL)


@lru_cache(maxsize=8)
def _bare(mailbox: str) -> str:
    return parseaddr(mailbox)[1]


def compose(outgoing: Outgoing) -> bytes:
    """The e-mail as it goes over the wire. A line break in any header is refused, never written.

    Raises:
        TransportError: permanent; it cannot be written (a broken address, say).
    """
    body = b"\r\n".join([*outgoing.body.encode().splitlines(), b""])
    # Seven-bit either way: no server needs to know how to carry eight.
    if outgoing.body.isascii():
        encoding, carried = "quoted-printable", binascii.b2a_qp(body)
    else:
        encoding, carried = "base64", base64.encodebytes(body).replace(b"\n", b"\r\n")
    try:
        return b"".join(
            (
                _kept_header("From", (settings.LENDER_NAME, sender())),
                _one_word("To", outgoing.address, ADDRESS),
                _kept_header("Subject", outgoing.subject),
                _one_word("Message-ID", outgoing.header_id, _MESSAGE_ID),
                _one_word("Content-Language", outgoing.language, _LANGUAGE),
                _date(clock.now().replace(microsecond=0)),
                b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
                f'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'.encode(),
                carried,
            )
        )
    except Exception as error:
        # The library's parsers fail in many ways on broken input, and their texts quote it.
        raise TransportError(f"cannot be written: {type(error).__name__}", permanent=True) from None


@lru_cache(maxsize=2)
def _date(second: datetime) -> bytes:
    """The header is the same for all that is written in a second."""
    return f"Date: {format_datetime(second)}\r\n".encode()


def _one_word(name: str, value: str, plain: re.Pattern[str]) -> bytes:
    """A header that is another each time and mostly needs no encoding; what is not plain is left to the library."""
    return f"{name}: {value}\r\n".encode() if plain.fullmatch(value) else _header(name, value)


def _header(name: str, value: str | tuple[str, str]) -> bytes:
    """A header as the library writes it, encoded and folded; it refuses line breaks. `value` is a text, or the name and address
    of a mailbox."""
    if name == "To":
        value = ("", str(value))
    # Who writes to an address outside ASCII needs a server that takes it so (SMTPUTF8).
    letter = EmailMessage(policy=UTF8_POLICY if name == "To" else SMTP_POLICY)
    letter[name] = value if isinstance(value, str) else Address(value[0], addr_spec=value[1])
    return letter.as_bytes().removesuffix(b"\r\n")


# The same for most messages.
_kept_header = lru_cache(maxsize=256)(_header)
