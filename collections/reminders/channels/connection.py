"""One HTTP/1.1 connection to a provider (RFC 9112): a request goes out whole, then its answer comes in."""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools

# What a request line and a host may be made of, and what no header may hold: a line break would begin another.
_TARGET, _HOST = re.compile(r"[!-~]+"), re.compile(r"[A-Za-z0-9.:-]+")
_AT_A_TIME = 64 * 1024
# Headers, and what stands around a body in pieces, are not endless either.
_MORE_THAN_A_BODY = 4
_PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """Where connections go that may be used for one another."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """As it stands in `Host`, and is signed: in small letters, with its port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class NotConnected(Exception):
    """Nobody was reached: nothing of the request left."""


class BrokenAnswer(Exception):
    """The other end hung up, or what it says is no answer."""


class Connection:
    """Open, and encrypted where the place says so.

    Raises:
        NotConnected: nobody is there, or nobody who proves to be who he says.
    """

    def __init__(self, place: Place, context: ssl.SSLContext, *, connect_seconds: float, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        try:
            self._sock = socket.create_connection((place.host, place.port), connect_seconds)
        except OSError as error:
            raise NotConnected(type(error).__name__) from None
        try:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.scheme == "https":
                self._sock = context.wrap_socket(self._sock, server_hostname=place.host)
        except OSError as error:
            self._sock.close()
            raise NotConnected(type(error).__name__) from None
        self._readable = select.poll()
        self._readable.register(self._sock, select.POLLIN)

    @property
    def is_idle(self) -> bool:
        """Whether it can carry a request still: who hung up meanwhile, or speaks unasked, has made it readable."""
        return not self._readable.poll(0)

    def ask(self, request: bytes, most_bytes: int) -> tuple[Reading, bool]:
        """Send a request and read its answer, of a body about so many bytes at most; and whether it may carry another.

        Raises:
            OSError, BrokenAnswer: no answer, or none in time; the request may have arrived.
        """
        until = time.monotonic() + self._answer_seconds
        self._sock.settimeout(self._answer_seconds)
        self._sock.sendall(request)
        reading, read = Reading(), 0
        while not reading.whole and len(reading.body) < most_bytes:
            if (left := until - time.monotonic()) <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            data = self._sock.recv(_AT_A_TIME)
            if not data:
                reading.ended()
                return reading, False
            reading.feed(data)
            read += len(data)
            if read > _MORE_THAN_A_BODY * most_bytes and not reading.whole:
                raise BrokenAnswer("too long")
        return reading, reading.whole and reading.keeps

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


class Reading:
    """An answer as it comes in."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.whole = self.keeps = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """More of it.

        Raises:
            BrokenAnswer: it is no answer.
        """
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.keeps = False
            if not self.whole:
                raise BrokenAnswer(type(error).__name__) from None

    def ended(self) -> None:
        """The other end has hung up: that ends an answer that says no length (RFC 9112, 6.3).

        Raises:
            BrokenAnswer: it was not whole.
        """
        if self.status < 200 or "content-length" in self.headers or "transfer-encoding" in self.headers:
            raise BrokenAnswer("cut")
        self.whole = True

    # What the parser calls.

    def on_message_begin(self) -> None:
        # Who answers what was not asked is not asked again.
        self.keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.whole:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if not self.whole:
            self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        if not self.whole:
            self.body += data

    def on_message_complete(self) -> None:
        if self.whole:
            return
        if self.status < 200:
            # Not the answer yet (RFC 9110, 15.2).
            self.status = 0
            self.headers.clear()
            return
        self.whole = True
        self.keeps = self._parser.should_keep_alive()


def place_of(url: str) -> tuple[Place, bytes]:
    """Where a URL is asked for, and the beginning of a POST to it, but for its other headers.

    Raises:
        ValueError: it is no address that can be asked.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host) or not _TARGET.fullmatch(target):
        raise ValueError("no address that can be asked")
    place = Place(parts.scheme, host, parts.port or _PORTS[parts.scheme])
    return place, f"POST {target} HTTP/1.1\r\nHost: {place.name}\r\nAccept-Encoding: identity\r\n".encode("ascii")


def request(begun: bytes, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole request as it goes over the wire; `Host` is in what was begun.

    Raises:
        ValueError: a header holds a line break, or what cannot be written.
    """
    named = [f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() != "host"]
    lines = "".join(named)
    if lines.count("\r") != len(named) or lines.count("\n") != len(named) or "\0" in lines:
        raise ValueError("a line break in a header")
    return b"".join((begun, lines.encode("latin-1"), b"Content-Length: %d\r\n\r\n" % len(body), body))
