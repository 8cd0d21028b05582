"""Letters on paper, and the folders in which they go to the printer."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pypdf import PdfReader

from reminders.channels import Outgoing, Sent, TransportError, letter, registry

LETTER = Outgoing(
    7,
    "<m7@lender.example>",
    "上海市黄浦区人民大道200号\n200003",
    "关于您账户的通知",
    "李雷先生:\n您的账户有一笔款项。\nYours, Ünïcödé.",
    "zh-hans",
    addressee="李雷",
)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.LETTER_DIR = tmp_path / "letters"
    settings.LENDER_NAME = "示例银行"
    registry.forget()
    yield settings.LETTER_DIR
    registry.forget()


def send(*letters: Outgoing) -> list[Sent | TransportError]:
    return [result for _, result in registry.adapter("letter").send(letters)]


def words(data: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split()).replace("\0", "")


def test_a_batch_is_one_folder_with_a_manifest(folder: Path) -> None:
    first, second = send(LETTER, replace(LETTER, message_id=8))
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    (batch,) = folder.iterdir()
    assert first.provider_id == f"{batch.name}/7.pdf"
    assert sorted(path.name for path in batch.iterdir()) == ["7.pdf", "8.pdf", "manifest.csv"]
    rows = list(csv.DictReader((batch / "manifest.csv").open(encoding="utf-8")))
    assert [row["file"] for row in rows] == ["7.pdf", "8.pdf"]
    for row in rows:
        assert hashlib.sha256((batch / row["file"]).read_bytes()).hexdigest() == row["sha256"]
        assert (row["pages"], row["language"]) == ("1", "zh-hans")
    assert {path.stat().st_mode & 0o777 for path in batch.glob("*.pdf")} == {0o600}
    text = words((batch / "7.pdf").read_bytes())
    for told in ("示例银行", "李雷", "人民大道200号", "关于您账户的通知", "Ünïcödé", "您的账户有一笔款项"):
        assert told in text


def test_the_folder_appears_when_it_is_whole(folder: Path) -> None:
    sending = registry.adapter("letter").send(iter([LETTER, replace(LETTER, message_id=8)]))
    next(sending)
    (making,) = folder.iterdir()
    assert making.name.startswith(".")
    # Another worker leaves it alone: its maker lives.
    assert letter.finish_abandoned(folder) == 0
    list(sending)
    (made,) = folder.iterdir()
    assert making.name == f".{made.name}"


def test_what_a_dead_worker_left_is_made_good_without_what_it_did_not_hand_over(folder: Path) -> None:
    child = os.fork()
    if child == 0:  # the worker, which dies at once
        batch = letter.PrintFolder(folder)
        batch.add(LETTER, b"one", 1)
        next(folder.glob(".*/")).joinpath("8.pdf").write_bytes(b"half")
        os._exit(9)
    os.waitpid(child, 0)
    assert send() == []
    (made,) = folder.iterdir()
    assert sorted(path.name for path in made.iterdir()) == ["7.pdf", "manifest.csv"]


def test_nothing_printed_leaves_no_folder(folder: Path) -> None:
    (result,) = send(replace(LETTER, body="emoji \U0001f600"))
    assert isinstance(result, TransportError)
    assert (result.permanent, str(result)) == (True, "letter: the font has no U+1F600")
    assert not folder.exists()


def test_an_address_too_long_for_the_window_is_refused() -> None:
    (result,) = send(replace(LETTER, address="\n".join(["街道"] * 8)))
    assert isinstance(result, TransportError)
    assert (result.permanent, str(result)) == (True, "letter: the address does not fit the window")


def test_signs_that_turn_the_direction_around_are_left_out(folder: Path) -> None:
    send(replace(LETTER, addressee="李\u202e雷\u200f\u0007"))
    assert "李雷" in words(next(folder.glob("*/7.pdf")).read_bytes())


def test_a_long_letter_takes_more_pages(folder: Path) -> None:
    send(replace(LETTER, body="很长的一行。\n" * 120))
    (row,) = csv.DictReader(next(folder.glob("*/manifest.csv")).open(encoding="utf-8"))
    assert int(row["pages"]) > 1


@pytest.mark.parametrize(
    ("font", "told"), [("/nowhere.ttf", "there is none at /nowhere.ttf"), (__file__, "is no font")]
)
def test_without_a_font_it_says_what_to_do(settings: Any, font: str, told: str) -> None:
    settings.LETTER_FONT = font
    with pytest.raises(ImproperlyConfigured, match="LETTER_FONT") as refusal:
        registry.adapter("letter")
    assert told in str(refusal.value)


def test_a_name_with_what_the_font_lacks_is_printed_with_a_sign_in_its_place(folder: Path) -> None:
    name = "李\U0003134a雷"
    letter = replace(LETTER, addressee=name, body=f"{name}:\n您的账户", values={"customer_name": name})
    (sent,) = send(letter)
    assert isinstance(sent, Sent), sent
    assert words((folder / sent.provider_id).read_bytes()).count("李〓雷") == 2
    for elsewhere in ({"address": "上海市\U0003134a路1号"}, {"body": "欠款\U0003134a"}):
        (refused,) = send(replace(LETTER, **elsewhere))
        assert str(refused) == "letter: the font has no U+3134A"


@pytest.mark.parametrize("separator", ["\u2028", "\u2029"])
def test_a_separator_in_a_name_is_a_blank(folder: Path, separator: str) -> None:
    send(replace(LETTER, addressee=f"Li{separator}Lei"))
    assert "LiLei" in words(next(folder.glob("*/7.pdf")).read_bytes())


def test_a_rare_character_is_printed_too(folder: Path) -> None:
    # In no GB 2312: the traditional 們 and the name's 喆.
    (sent,) = send(replace(LETTER, addressee="陶喆們"))
    assert isinstance(sent, Sent)
    assert "陶喆們" in words((folder / sent.provider_id).read_bytes())
