"""What a provider may answer over HTTP, and when it is sure that nothing of a request left."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reminders.channels import TransportError
from reminders.channels.http import MOST_BYTES, Client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Talker:
    """A server that says to each request what comes next in `script` (or calls it), then `OK`; an empty answer hangs up."""

    def __init__(self, *script: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script)
        self.heard: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.scheme, self.port = "https" if tls else "http", self._sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/take?x=1"

    def close(self) -> None:
        self._sock.close()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._sock.accept()
                if self._tls:
                    link = self._tls.wrap_socket(link, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(link,), daemon=True).start()

    def _talk(self, link: socket.socket) -> None:
        with link, contextlib.suppress(ConnectionResetError):
            while head := self._head(link):
                self.heard.append(head)
                answer = self.script.pop(0) if self.script else OK
                if callable(answer):
                    answer(link)
                if callable(answer) or not answer:
                    break
                link.sendall(answer)

    def _head(self, link: socket.socket) -> bytes:
        read = b""
        while not read.endswith(b"\r\n\r\n{1}"):
            data = link.recv(4096)
            if not data:
                return b""
            read += data
        return read


@pytest.fixture
def talker() -> Iterator[Callable[..., Talker]]:
    made: list[Talker] = []

    def make(*script: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Talker:
        made.append(Talker(*script, tls=tls))
        return made[-1]

    yield make
    for one in made:
        one.close()


def post(client: Client, talker: Talker, **headers: str) -> tuple[int, bytes]:
    answer = client.post(talker.url, b"{1}", headers)
    return answer.status, answer.body


def fault(client: Client, talker: Talker, **headers: str) -> TransportError:
    with pytest.raises(TransportError) as caught:
        post(client, talker, **headers)
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nLink: </>\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    ],
    ids=["length", "continue", "hints", "chunks"],
)
def test_one_connection_carries_request_after_request(answer: bytes, talker: Callable[..., Talker]) -> None:
    there, client = talker(answer, answer), Client("x")
    assert [post(client, there) for _ in range(3)] == [(200, b"{}")] * 3
    assert there.connections == 1
    line, *lines = there.heard[0].split(b"\r\n")
    assert line == b"POST /take?x=1 HTTP/1.1"
    assert {f"Host: 127.0.0.1:{there.port}".encode(), b"Content-Length: 3"} < set(lines)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + OK,
        OK + b"noise",
        lambda link: link.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    ],
    ids=["close", "old", "two answers", "noise", "until the end"],
)
def test_one_that_carries_no_more_is_not_used_again(
    answer: bytes | Callable[[socket.socket], None], talker: Callable[..., Talker]
) -> None:
    there, client = talker(answer), Client("x")
    assert [post(client, there) for _ in range(2)] == [(200, b"{}")] * 2
    assert there.connections == 2


def test_one_that_was_hung_up_meanwhile_is_not_used_again(talker: Callable[..., Talker]) -> None:
    there, client = talker(lambda link: link.sendall(OK)), Client("x")
    assert post(client, there) == (200, b"{}")
    (kept,) = client._kept.values()
    while kept[0][1].is_idle:
        time.sleep(0.01)
    assert post(client, there) == (200, b"{}")
    assert there.connections == 2


def test_one_that_was_idle_for_long_is_not_used_again(
    talker: Callable[..., Talker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminders.channels.http.KEPT_SECONDS", 0.0)
    there, client = talker(), Client("x")
    assert [post(client, there) for _ in range(2)] == [(200, b"{}")] * 2
    assert there.connections == 2


def test_no_more_is_read_than_any_answer_has(talker: Callable[..., Talker]) -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
    there, client = talker(long), Client("x")
    status, body = post(client, there)
    assert (status, len(body)) == (200, MOST_BYTES)
    assert (post(client, there), there.connections) == ((200, b"{}"), 2)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        lambda link: link.sendall(OK[:-1]),
        lambda link: link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
        lambda link: link.sendall(b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda link: link.sendall(OK[:20]),
    ],
    ids=["nothing", "no HTTP", "another protocol", "half a body", "half of the chunks", "continue only", "half a head"],
)
def test_what_is_no_whole_answer_leaves_open_whether_it_went(
    answer: bytes | Callable[[socket.socket], None], talker: Callable[..., Talker]
) -> None:
    there, client = talker(answer), Client("x")
    error = fault(client, there)
    assert (str(error).startswith("x: no answer: "), error.uncertain, error.permanent) == (True, True, False)
    assert post(client, there) == (200, b"{}")


def test_an_answer_that_trickles_is_not_waited_for_for_ever(talker: Callable[..., Talker]) -> None:
    def trickle(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(1000):
                time.sleep(0.05)
                link.sendall(b"x")

    there, client = talker(trickle), Client("x", answer_seconds=0.3)
    assert fault(client, there).uncertain


def test_headers_are_not_read_for_ever(talker: Callable[..., Talker]) -> None:
    def endless(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):
            while True:
                link.sendall(b"X-More: " + b"x" * 8_000 + b"\r\n")

    there, client = talker(endless), Client("x", answer_seconds=60)
    assert fault(client, there).uncertain
    assert post(client, there) == (200, b"{}")


def test_silence_in_the_middle_of_an_answer_does_not_begin_the_wait_anew(talker: Callable[..., Talker]) -> None:
    def late(link: socket.socket) -> None:
        time.sleep(0.6)
        link.sendall(OK[:-1])
        time.sleep(0.6)
        with contextlib.suppress(OSError):
            link.sendall(OK[-1:])

    # What comes 1.2 s after the request is too late for who waits one second.
    there, client = talker(late), Client("x", answer_seconds=1.0)
    assert str(fault(client, there)) == "x: no answer: TimeoutError"


@pytest.mark.parametrize(
    "body", [b"[" * 50_000, b"[1]", b"\xff", b"", b'"x"'], ids=["deep", "list", "no text", "none", "text"]
)
def test_a_body_that_is_no_object_says_nothing(talker: Callable[..., Talker], body: bytes) -> None:
    there = talker(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert Client("x").post(there.url, b"{1}", {}).data == {}


def test_a_line_break_in_a_header_is_never_written(talker: Callable[..., Talker]) -> None:
    there, client = talker(), Client("x")
    for value in ("a\r\nX-Other: b", "a\nb", "a\rb", "a\0b", "李"):
        assert str(fault(client, there, Key=value)).startswith("x: cannot be asked: ")
    assert there.heard == []


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://127.0.0.1:x/", "http:///", "http://127.0.0.1/a b", "http://李\0/"]
)
def test_what_is_no_address_is_not_asked(url: str) -> None:
    with pytest.raises(TransportError) as caught:
        Client("x").post(url, b"", {})
    assert (caught.value.uncertain, str(caught.value).startswith("x: cannot be asked: ")) == (False, True)


def test_who_does_not_prove_to_be_who_he_says_gets_nothing(
    talker: Callable[..., Talker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof, key = tmp_path / "proof.pem", tmp_path / "key.pem"
    certify(proof, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(proof, key)
    there = talker(tls=context)
    error = fault(Client("x"), there)
    assert (str(error), error.uncertain) == ("x: no connection: SSLCertVerificationError", False)
    assert there.heard == []
    # Once whoever signed is trusted, it is asked, and again over the same connection.
    monkeypatch.setenv("SSL_CERT_FILE", str(proof))
    client = Client("x")
    assert [post(client, there) for _ in range(2)] == [(200, b"{}")] * 2
    assert there.connections == 1


def certify(proof: Path, key: Path) -> None:
    """A certificate for this machine that signs itself."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    proof.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
