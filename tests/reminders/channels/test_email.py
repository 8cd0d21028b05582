"""E-mail's connections: kept from batch to batch, opened again when cut."""

from __future__ import annotations

import socket

from reminders.channels import Outgoing, Sent, email
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
