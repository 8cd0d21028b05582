"""E-mail's connections: kept from batch to batch, opened again when cut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from reminders.channels import Outgoing, Sent, TransportError, email
from tests.reminders.conftest import MailServer


@pytest.fixture(params=[True, False], ids=["at once", "one by one"])
def mail(mail: MailServer, request: pytest.FixtureRequest) -> MailServer:
    """A server that takes commands in one go, and one that does not."""
    mail.at_once = request.param
    return mail


def letter(number: int) -> Outgoing:
    return Outgoing(number, f"<{number}@example>", "someone@example.com", "Hello", "你好", "zh-hans")


def test_one_connection_serves_many_batches(mail: MailServer) -> None:
    adapter = email.Adapter()
    for number in range(3):
        assert [result for _, result in adapter.send([letter(number)])] == [Sent()]
    assert (mail.connections, len(mail.letters)) == (1, 3)
    adapter.close()


def test_batches_at_once_have_their_own(mail: MailServer) -> None:
    adapter = email.Adapter()
    first, second = adapter.send([letter(1), letter(2)]), adapter.send([letter(3)])
    assert next(first)[1] == next(second)[1] == Sent()
    assert [*first, *second][0][1] == Sent()
    assert mail.connections == 2
    adapter.close()


def test_a_kept_one_that_was_cut_is_opened_again(mail: MailServer) -> None:
    adapter = email.Adapter()
    list(adapter.send([letter(1)]))
    adapter._idle[0][1].sock.shutdown(socket.SHUT_RDWR)
    assert [result for _, result in adapter.send([letter(2)])] == [Sent()]
    assert mail.connections == 2
    adapter.close()


@pytest.mark.parametrize("body", ["你好，\n. \n", "Dear Ann,\n\n.\n..x = 1 \n" + "long " * 60 + "\nTab\t\n\x07"])
def test_what_is_written_reads_as_it_was_meant(settings: Any, body: str) -> None:
    settings.LENDER_NAME = "晨星消费金融 <Morning>"
    subject = "关于您的账户的一封很长的信" * 6
    sent = email.compose(Outgoing(1, "<1@example>", "o'neil+x@mail.example.com", subject, body, "zh-hans"))
    assert max(map(len, sent.split(b"\r\n"))) <= 78
    assert b"\n" not in sent.replace(b"\r\n", b"")
    assert sent.isascii()
    read = message_from_bytes(sent, policy=policy.default)
    assert read["Subject"] == subject
    assert read["From"].addresses[0].display_name == settings.LENDER_NAME
    assert read["To"].addresses[0].addr_spec == "o'neil+x@mail.example.com"
    assert (read["Message-ID"], read["Content-Language"]) == ("<1@example>", "zh-hans")
    assert read.get_content().replace("\r\n", "\n") == body.rstrip("\n") + "\n"
    assert not read.defects


@pytest.mark.parametrize("address", ["o'neil+x@mail.example.com", '"Ann Lee"@example.com'])
def test_an_address_is_named_to_the_server_as_it_is(mail: MailServer, address: str) -> None:
    adapter = email.Adapter()
    mail.refuse = {address: "550 5.1.1 nobody"}
    (_, result), (_, other) = adapter.send([replace(letter(1), address=address), letter(2)])
    assert isinstance(result, TransportError)
    assert (str(result), result.unknown_recipient, other) == ("550 5.1.1 at RCPT", True, Sent())
    adapter.close()


@pytest.mark.parametrize("behind", ["\r\nRCPT TO:<x@example.com>", "> SIZE=1", "\n."])
def test_an_address_says_nothing_else_to_the_server(mail: MailServer, behind: str) -> None:
    adapter = email.Adapter()
    (_, result), (_, other) = adapter.send([replace(letter(1), address=f"a@example.com{behind}"), letter(2)])
    assert isinstance(result, TransportError)
    assert (result.permanent, other, len(mail.letters)) == (True, Sent(), 1)
    adapter.close()


def test_an_address_outside_ascii_needs_a_server_that_takes_it(mail: MailServer) -> None:
    adapter = email.Adapter()
    foreign = replace(letter(1), address="李@example.com")
    (_, result), (_, other) = adapter.send([foreign, letter(2)])
    assert isinstance(result, TransportError)
    assert result.permanent
    assert other == Sent()
    adapter.close()


class Scripted:
    """A server that takes commands in one go and answers the first letter by a script, others as any (the second by a script of
    its own, if there is one); `heard` is what it was told, line by line. `slow`: it says nothing to the first text until it is
    told of the next letter. `cut`: it hangs up on the first text."""

    def __init__(
        self, *, slow: bool = False, cut: bool = False, second: dict[str, str] | None = None, **script: str
    ) -> None:
        self.script = script
        self.second = second or {}
        self.slow, self.cut = slow, cut
        self.heard: list[str] = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self.sock.accept()
            except OSError:
                return
            # Who finds it out of step hangs up.
            with contextlib.suppress(OSError), link, link.makefile("rwb", buffering=0) as lines:
                self._talk(lines)
                # What was said to it meanwhile is read, or its last answer would be lost with the connection.
                link.shutdown(socket.SHUT_WR)
                lines.read()

    def _talk(self, lines: Any) -> None:
        lines.write(b"220 ready\r\n")
        reading = False
        while line := lines.readline():
            said = line.decode().rstrip("\r\n")
            self.heard.append(said)
            verb = ("." if said == "." else "") if reading else said.split(" ")[0].upper()
            if not verb:
                continue
            reading = False
            usual = {"EHLO": "250-here\r\n250-SIZE 1000000\r\n250 PIPELINING", "DATA": "354 go on"}
            answer = self.script.pop(verb if verb != "." else "END", "") or usual.get(verb, "250 OK")
            reading = verb == "DATA" and answer.startswith("354")
            if verb == ".":
                self.script |= self.second
                self.second = {}
                if self.cut:
                    self.cut = False
                    return
                if self.slow:
                    self.slow = False
                    answer += "\r\n250 OK"
                    self.heard.append(lines.readline().decode().rstrip("\r\n"))
            if answer == "HANG UP":
                return
            lines.write(f"{answer}\r\n".encode())
            if answer.startswith("421"):
                return


@pytest.fixture
def scripted(settings: Any) -> Iterator[Callable[..., Scripted]]:
    made: list[Scripted] = []

    def make(**script: str) -> Scripted:
        made.append(Scripted(**script))
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made[-1].port
        return made[-1]

    yield make
    for one in made:
        one.sock.close()


@pytest.mark.parametrize(
    ("script", "told", "permanent"),
    [
        ({"MAIL": "550 5.7.1 no", "RCPT": "503 no", "DATA": "503 no"}, "550 at MAIL", False),
        ({"MAIL": "451 later", "RCPT": "503 no"}, "451 at MAIL", False),
        ({"RCPT": "550 5.1.1 nobody", "DATA": "554 no valid recipients"}, "550 5.1.1 at RCPT", True),
        ({"RCPT": "550 5.1.1 nobody"}, "550 5.1.1 at RCPT", True),
        ({"RCPT": "450 4.2.1 busy", "END": "554 no valid recipients"}, "450 4.2.1 at RCPT", False),
        ({"DATA": "451 4.3.0 later"}, "451 4.3.0 at DATA", False),
        ({"END": "554 5.6.0 not that"}, "554 5.6.0 at DATA", True),
        ({"MAIL": "421 going away"}, "421 at MAIL", False),
        ({"RCPT": "421 going away"}, "421 at RCPT", False),
        ({"DATA": "421 going away"}, "421 at DATA", False),
        ({"END": "421 going away"}, "421 at DATA", False),
    ],
)
def test_what_is_refused_in_one_go_is_told_by_its_stage_and_the_next_goes(
    script: dict[str, str], told: str, permanent: bool, scripted: Callable[..., Scripted]
) -> None:
    server, adapter = scripted(**script), email.Adapter()
    (_, result), (_, other) = adapter.send([letter(1), letter(2)])
    assert isinstance(result, TransportError)
    assert (str(result), result.permanent, other) == (told, permanent, Sent())
    # Nothing of the first letter was said to who had not taken its recipient.
    first = server.heard[: len(server.heard) - server.heard[::-1].index("Message-ID: <2@example>")]
    assert ("Message-ID: <1@example>" in first) == ("END" in script and "RCPT" not in script)
    adapter.close()


def test_the_lines_of_a_letter_end_nothing_before_its_end(scripted: Callable[..., Scripted]) -> None:
    server, adapter = scripted(), email.Adapter()
    body = "Dear Ann,\n\n.\n..x\nRSET\n.\n"
    ((_, result),) = adapter.send([replace(letter(1), body=body)])
    assert result == Sent()
    said = server.heard[server.heard.index("") + 1 :]
    assert said[: said.index(".")] == ["Dear Ann,", "", "=2E", "...x", "RSET", "=2E"]
    assert [line for line in server.heard if line.startswith(("MAIL", "RCPT", "DATA"))] == [
        f"MAIL FROM:<{email.sender()}> SIZE={len(email.compose(replace(letter(1), body=body)))}",
        "RCPT TO:<someone@example.com>",
        "DATA",
    ]
    adapter.close()


def test_the_next_is_told_of_before_the_answer_to_the_one_before(
    scripted: Callable[..., Scripted], settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 20
    server, adapter = scripted(slow=True), email.Adapter()
    assert [result for _, result in adapter.send(map(letter, (1, 2, 3)))] == [Sent()] * 3
    assert [line for line in server.heard if line.startswith("Message-ID")] == [
        f"Message-ID: <{n}@example>" for n in (1, 2, 3)
    ]
    adapter.close()


@pytest.mark.parametrize(
    ("script", "told", "connections"),
    [
        ({"END": "554 5.6.0 not that"}, ["554 5.6.0 at DATA", "", ""], 1),
        ({"END": "451 4.3.0 later"}, ["451 4.3.0 at DATA", "", ""], 1),
        ({"END": "421 going away"}, ["421 at DATA", "", ""], 2),
        ({"cut": True}, ["connection cut: SMTPServerDisconnected", "", ""], 2),
        ({"second": {"MAIL": "451 4.7.1 slower"}}, ["", "451 at MAIL", ""], 1),
        ({"second": {"RCPT": "550 5.1.1 nobody"}}, ["", "550 5.1.1 at RCPT", ""], 1),
        ({"second": {"RCPT": "421 going away"}}, ["", "421 at RCPT", ""], 2),
        (
            {"END": "554 5.6.0 not that", "second": {"RCPT": "550 5.1.1 nobody"}},
            ["554 5.6.0 at DATA", "550 5.1.1 at RCPT", ""],
            1,
        ),
        # It takes so many over one connection, and no more.
        ({"second": {"MAIL": "421 enough"}}, ["", "", ""], 2),
        ({"second": {"MAIL": "552 5.3.4 too long"}}, ["", "552 at MAIL", ""], 1),
        # Answers to what was not asked.
        ({"END": "250 taken\r\n250 thanks"}, ["", "connection cut: SMTPServerDisconnected", ""], 2),
        ({"END": "what?"}, ["connection cut: SMTPServerDisconnected", "", ""], 2),
        ({"second": {"DATA": "250 well"}}, ["", "connection cut: SMTPServerDisconnected", ""], 2),
        (
            {"second": {"RCPT": "550 5.1.1 nobody", "RSET": "250 OK\r\n354 go on"}},
            ["", "550 5.1.1 at RCPT", "connection cut: SMTPServerDisconnected"],
            1,
        ),
        # After some wrong recipients servers go away behind the refusal.
        ({"second": {"RCPT": "550 5.1.1 nobody", "DATA": "421 enough"}}, ["", "550 5.1.1 at RCPT", ""], 2),
        ({"second": {"RCPT": "550 5.1.1 nobody", "RSET": "421 enough"}}, ["", "550 5.1.1 at RCPT", ""], 2),
        ({"second": {"RCPT": "550 5.1.1 nobody", "RSET": "HANG UP"}}, ["", "550 5.1.1 at RCPT", ""], 2),
    ],
)
def test_what_becomes_of_one_letter_says_nothing_of_those_beside_it(
    script: dict[str, Any], told: list[str], connections: int, scripted: Callable[..., Scripted]
) -> None:
    server, adapter = scripted(**script), email.Adapter()
    results = [result for _, result in adapter.send(map(letter, (1, 2, 3)))]
    assert ["" if isinstance(result, Sent) else str(result) for result in results] == told
    assert len([line for line in server.heard if line.startswith("ehlo")]) == connections
    adapter.close()


def test_an_answer_that_nobody_read_is_not_taken_for_another_letter(mail: MailServer) -> None:
    adapter = email.Adapter()
    batch = adapter.send(map(letter, (1, 2, 3)))
    assert next(batch)[1] == Sent()
    batch.close()
    assert [result for _, result in adapter.send([letter(4)])] == [Sent()]
    adapter.close()


def test_what_cannot_be_written_is_told_in_its_turn(mail: MailServer) -> None:
    adapter = email.Adapter()
    told = list(adapter.send([letter(1), replace(letter(2), subject="two\nlines"), letter(3)]))
    assert [outgoing.message_id for outgoing, _ in told] == [1, 2, 3]
    assert [isinstance(result, Sent) for _, result in told] == [True, False, True]
    adapter.close()


class Drips:
    """A server that says its answer to the greeting byte by byte, or one without an end."""

    def __init__(self, settings: Any, *, endless: bool) -> None:
        settings.EMAIL_TIMEOUT = 0.5
        self.sock = socket.create_server(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = self.sock.getsockname()
        threading.Thread(target=self._serve, args=(endless,), daemon=True).start()

    def _serve(self, endless: bool) -> None:
        link, _ = self.sock.accept()
        with contextlib.suppress(OSError), link:
            link.sendall(b"220 ready\r\n")
            link.recv(4096)
            while True:
                link.sendall(b"250-more\r\n" * 1_000 if endless else b"2")
                time.sleep(0 if endless else 0.1)


@pytest.mark.parametrize("endless", [True, False], ids=["endless", "dripping"])
def test_no_answer_is_waited_for_for_ever(settings: Any, endless: bool) -> None:
    server, adapter = Drips(settings, endless=endless), email.Adapter()
    ((_, result),) = adapter.send([letter(1)])
    assert isinstance(result, TransportError)
    assert not result.permanent
    server.sock.close()
