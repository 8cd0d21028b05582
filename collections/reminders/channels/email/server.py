"""The other end of e-mail's connections, and how a letter is put to it."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence

from django.conf import settings

# Ordinary addresses and ids (RFC 5322, 3.2.3 and 3.6.4), short enough for a line: written as they are.
WORD, HOST = r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
ADDRESS = re.compile(rf"(?=.{{3,70}}\Z){WORD}@{HOST}", re.ASCII)
# A line that is a full stop ends a letter: one more stands before those of its own (RFC 5321, 4.5.2).
_FULL_STOPS = re.compile(rb"(?m)^\.")
_TAKEN = (250, 251)
_GO_ON, _GOING_AWAY = 354, 421
_ALL_OF_IT = (_GO_ON,)
# No answer of any server is longer.
_MOST_BYTES = 64 * 1024


class _Lines:
    """What a server says, line by line, each answer within a time and a length."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._seconds, self._until, self._left = 0.0, 0.0, 0

    def begin(self, seconds: float) -> None:
        """From now on there are so many seconds, for one answer."""
        self._seconds, self._until, self._left = seconds, time.monotonic() + seconds, _MOST_BYTES

    def readline(self, limit: int) -> bytes:
        """The next line, or as much of it; blank when the server hung up.

        Raises:
            TimeoutError: it takes too long.
            OSError: it says more than any answer has.
        """
        while (end := self._read.find(b"\n") + 1) == 0 and len(self._read) < limit:
            seconds = self._until - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("no whole answer in time")
            self._sock.settimeout(seconds)
            data = self._sock.recv(_MOST_BYTES)
            self._sock.settimeout(self._seconds)
            if not data:
                return b""
            self._read += data
        line = self._read[: min(end or limit, limit)]
        self._read = self._read[len(line) :]
        self._left -= len(line)
        if self._left < 0:
            raise OSError("an answer without end")
        return line

    def close(self) -> None:
        """As files are closed; the connection is another's to close."""


class Server(smtplib.SMTP):
    """An open connection. It names an ordinary address as it is, which the library takes apart and puts together at each
    letter."""

    def takes_at_once(self, sender: str, recipient: str) -> bool:
        """Whether all that such a letter needs may be said before the first answer is waited for (RFC 2920): a way there and back
        a letter instead of four."""
        self.ehlo_or_helo_if_needed()
        return bool(self.has_extn("pipelining") and ADDRESS.fullmatch(sender) and ADDRESS.fullmatch(recipient))

    def tell_of(self, sender: str, recipient: str, letter: bytes) -> None:
        """Say whom a letter is from and to, also before `answer` read what is said to the one before (RFC 2920, 3.1). Nothing is
        waited for, and where the connection was cut whoever reads the answers finds out: that for the one before may be there
        still."""
        size = f" SIZE={len(letter)}" if self.has_extn("size") else ""
        with contextlib.suppress(OSError):
            assert self.sock is not None
            self.sock.sendall(f"MAIL FROM:<{sender}>{size}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode("ascii"))

    def give(self, sender: str, recipient: str, letter: bytes) -> None:
        """Send the text of the letter that it was told of, where it takes its sender and recipient; `answer` reads what it says
        to that.

        Raises:
            smtplib.SMTPException, OSError: as `sendmail` does.
        """
        answers: list[tuple[int, bytes]] = []
        for good in (_TAKEN, _TAKEN, _ALL_OF_IT):
            answers.append(self._said(good))
            if answers[-1][0] == _GOING_AWAY:
                break
        taken = [code in _TAKEN for code, _text in answers[:2]]
        if answers[-1][0] == _GO_ON:
            if all(taken):
                self.send(_ended(letter))
                return
            # It waits for a letter though it takes none: then an empty one, to nobody.
            self.send(b".\r\n")
            answers[-1] = self._said(_TAKEN)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if answers[-1][0] == _GOING_AWAY or self.rset()[0] not in _TAKEN:
                self.close()
        if not taken[0]:
            raise smtplib.SMTPSenderRefused(*answers[0], sender)
        if not all(taken):
            raise smtplib.SMTPRecipientsRefused({recipient: answers[1]})
        raise smtplib.SMTPDataError(*answers[-1])

    def answer(self) -> None:
        """Read what the server says to the text that `give` sent.

        Raises:
            smtplib.SMTPDataError: it takes it not. Whatever it says, it is ready for the next (RFC 5321, 4.1.1.4).
            smtplib.SMTPServerDisconnected: it says nothing any more.
        """
        said = self._said(_TAKEN)
        if said[0] in _TAKEN:
            return
        if said[0] == _GOING_AWAY:
            self.close()
        raise smtplib.SMTPDataError(*said)

    def _said(self, good: Sequence[int]) -> tuple[int, bytes]:
        """The next answer: one of these, or no. Anything else is the answer to something else: who is out of step is left."""
        code, text = self.getreply()
        if code not in good and not 400 <= code < 600:
            self.close()
            raise smtplib.SMTPServerDisconnected("answers out of step")
        return code, text

    def getreply(self) -> tuple[int, bytes]:
        """The next answer, whole within the connection's time, however it trickles."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("no connection")
        if not isinstance(self.file, _Lines):
            self.file = _Lines(self.sock)
        self.file.begin(settings.EMAIL_TIMEOUT)
        return super().getreply()

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        if "SMTPUTF8" in options or not ADDRESS.fullmatch(sender):
            return super().mail(sender, options)
        return self.docmd("MAIL", " ".join((f"FROM:<{sender}>", *options)))

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        if options or not ADDRESS.fullmatch(recip):
            return super().rcpt(recip, options)
        return self.docmd("RCPT", f"TO:<{recip}>")


def _ended(letter: bytes) -> bytes:
    """A letter as it goes over the wire, with its end."""
    return _FULL_STOPS.sub(b"..", letter.removesuffix(b"\r\n")) + b"\r\n.\r\n"


class _EncryptedServer(Server, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte on."""


def connect() -> Server:
    """An open, greeted and, where the settings say so, encrypted and logged-in connection."""
    where = {"host": settings.EMAIL_HOST, "port": settings.EMAIL_PORT, "timeout": settings.EMAIL_TIMEOUT}
    if settings.EMAIL_USE_SSL:
        smtp: Server = _EncryptedServer(context=ssl.create_default_context(), **where)
    else:
        smtp = Server(**where)
    try:
        if settings.EMAIL_USE_TLS:
            smtp.starttls(context=ssl.create_default_context())
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except BaseException:
        smtp.close()
        raise
    return smtp
