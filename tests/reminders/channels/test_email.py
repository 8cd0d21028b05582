"""E-mail's connections: kept from batch to batch, opened again when cut."""

from __future__ import annotations

import socket
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from reminders.channels import Outgoing, Sent, TransportError, email
from tests.reminders.conftest import MailServer


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
