"""The pure rules of texts: syntax, what fills them, what they must say, how long an SMS is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.rules import VARIABLES, Wording, faults_of, fill, harmless, length_of, variables_in
from reminders.rules.syntax import faults_in

NAMES = st.sampled_from(["customer_name", "lender", "accounts"])


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("a" + "€" * 80, "GSM-7", 161, 2),
        # 153 places hold 76 signs of two and leave one empty: nothing is cut in two.
        ("€" * 153, "GSM-7", 306, 3),
        ("[{~}]", "GSM-7", 10, 1),
        ("您" * 70, "UCS-2", 70, 1),
        ("您" * 71, "UCS-2", 71, 2),
        ("您" * 134, "UCS-2", 134, 2),
        ("您" * 135, "UCS-2", 135, 3),
        ("a" * 69 + "您", "UCS-2", 70, 1),
        ("😀" * 35, "UCS-2", 70, 1),
        # 67 units hold 33 pairs and leave one empty.
        ("😀" * 67, "UCS-2", 134, 3),
        ("`", "UCS-2", 1, 1),
    ],
)
def test_an_sms_is_as_long_as_the_networks_count(text: str, encoding: str, units: int, parts: int) -> None:
    found = length_of(text)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts)


@given(st.text(max_size=60), NAMES)
def test_what_fills_a_variable_is_never_read_again(value: str, name: str) -> None:
    assert fill("<{" + name + "}>", {name: value}) == f"<{value}>"


@pytest.mark.parametrize(
    "value",
    ["{lender}", "{{ 7 * 7 }}", "{% debug %}", "{0.__class__}", "%(lender)s", "$lender", "{"],
)
def test_a_name_that_looks_like_a_template_stays_a_name(value: str) -> None:
    assert fill("Dear {customer_name},", {"customer_name": harmless(value), "lender": "L"}) == f"Dear {value},"


@given(st.text(max_size=60))
def test_a_value_is_one_line_and_turns_nothing(value: str) -> None:
    shown = harmless(value)
    assert len(shown.splitlines()) <= 1
    assert not [
        c
        for c in shown
        if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]
    assert not [c for c in shown if unicodedata.category(c) == "Cc"]


def test_names_of_people_keep_what_they_are_written_with() -> None:
    for name in ("王小明", "Anne-Marie O’Neill", "محمد", "D'Souza, José", "李\u200d明"):
        assert harmless(name) == name


def test_a_brace_alone_and_a_variable_that_there_is_not_are_named_with_their_place() -> None:
    faults = faults_of("overdue", Wording(has_subject=False), subject="", body="Dear {customer_nam},\npay { now")
    assert [(fault.code, fault.values["line"], fault.values["column"]) for fault in faults] == [
        ("variable", 1, 6),
        ("brace", 2, 5),
    ]
    assert "customer_name" in faults[0].values["known"]


@pytest.mark.parametrize(
    ("subject", "words", "refused"),
    [
        ("Your overdue account", ["overdue"], ["overdue"]),
        ("OVERDUE", ["overdue"], ["overdue"]),
        ("A translation, related", ["late"], []),
        ("You owed us", ["owe*"], ["owe*"]),
        ("The power of habit", ["owe*"], []),
        ("您的逾期账单", ["逾期"], ["逾期"]),
        ("关于您账户的通知", ["逾期"], []),
        # What an eye reads, however it is written.
        ("Your ｏｖｅｒｄｕｅ account", ["overdue"], ["overdue"]),
        ("Your over\u200bdue account", ["overdue"], ["overdue"]),
        ("Your over\u00addue account", ["overdue"], ["overdue"]),
        ("您的逾\u200d期账单", ["逾期"], ["逾期"]),
        ("您的debt账单", ["debt*"], ["debt*"]),
        ("Your \u043ev\u0435rdu\u0435 account", ["overdue"], ["overdue"]),  # Cyrillic o and e
        ("\u039f\u0475\u0395R\u216eU\u0395", ["overdue"], ["overdue"]),  # Greek capitals, a Cyrillic v, a Roman numeral
        ("\u0501\u0435\u042c\u0442", ["debt*"], ["debt*"]),  # Cyrillic alone
        ("Your ᴅᴇʙᴛ", ["debt*"], ["debt*"]),
        ("Your 𝐝𝗲𝖇𝚝", ["debt*"], ["debt*"]),
        ("Your óv̷ērdüe account", ["overdue"], ["overdue"]),
        ("Your over\u3164due account", ["overdue"], ["overdue"]),
        ("It is past\n due", ["past due"], ["past due"]),
        # Whatever joins the parts of a word, but for what ends a clause.
        ("Past-due, past_due", ["past due"], ["past due"]),
        ("A pa\u200bst · d\uff55e bill", ["past due"], ["past due"]),
        ("Write \u2013 off", ["write-off"], ["write-off"]),
        ("Of the past: due dates", ["past due"], []),
        ("That is past. Due dates", ["past due"], []),
        ("Repast dues", ["past due"], []),
        ("您的逾\ufe0f期账单", ["逾期"], ["逾期"]),
        ("您的逾 期账单", ["逾期"], ["逾期"]),
        ("Ваш счёт", ["overdue", "debt*"], []),
        # Spelt out, or with digits for letters.
        ("Your d e b t", ["debt*"], ["debt*"]),
        ("D.E.B.T.", ["debt*"], ["debt*"]),
        ("A d-e-b-t notice", ["debt*"], ["debt*"]),
        ("p a s t  d u e", ["past due"], ["past due"]),
        ("D3BT", ["debt*"], ["debt*"]),
        ("您的d3b7账单", ["debt*"], ["debt*"]),
        ("Your 0verdue bill", ["overdue"], ["overdue"]),
        ("F1na1 n0tice", ["final notice"], ["final notice"]),
        ("Un pa1d, unpa1d!", ["unpaid"], ["unpaid"]),
        ("C 0 u r t", ["court"], ["court"]),
        ("逾·期, 法*院", ["逾期", "法院"], ["逾期", "法院"]),
        ("Q & A", ["qa"], []),
        ("S. U. Evans", ["sue"], []),
    ],
)
def test_no_word_of_debt_stands_where_others_see_it(subject: str, words: list[str], refused: list[str]) -> None:
    faults = faults_of("overdue", Wording(forbidden_words=words), subject=subject, body="overdue debt")
    assert [fault.values["word"] for fault in faults if fault.code == "word"] == refused


@pytest.mark.parametrize(
    ("subject", "amounts"),
    [
        ("CNY 500", ["cny 500"]),
        ("Bill of cny500 today", ["cny500"]),
        ("¥500", ["¥500"]),
        ("\uffe5\u3000\uff15\uff10\uff10", ["¥ 500"]),
        ("US$20, €1.50 or 30 £", ["$20,", "€1.50", "30 £"]),
        ("账单500元", ["500元"]),
        ("5\u200b00 元整", ["500 元"]),
        ("人民币500", ["人民币500"]),
        ("约5万元，五百元，三块钱", ["5万元", "五百元", "三块钱"]),
        ("500 yuan, 3 dollars", ["500 yuan", "3 dollars"]),
        ("1,234.56", ["1,234.56"]),
        ("账单1234.56", ["1234.56"]),
        ("10,000 and 1.234,50", ["10,000", "1.234,50"]),
        # Numbers that are no money.
        ("2027元旦快乐，2027元宵节，一元复始", []),
        ("2026-11-28, 28.11.2026, 2026年11月28日", []),
        ("5G, 24/7: our app v1.25, form 1099-A, call 400-820-8888 or us 24/7", []),
        ("Your appointment at 10.30 am, or 10.30 a.m.", []),
        ("{lender}", []),
    ],
)
def test_no_amount_stands_where_others_see_it(subject: str, amounts: list[str]) -> None:
    push = Wording(seen_by_others=("subject", "body"))
    faults = faults_of("overdue", push, subject=subject, body=subject)
    found = [(fault.place, fault.values["amount"]) for fault in faults if fault.code == "amount"]
    assert found == [(place, amount) for place in ("subject", "body") for amount in amounts]
    of_mail = faults_of("overdue", Wording(), subject="Hello", body=subject)
    assert "amount" not in {fault.code for fault in of_mail}


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\u00ad", "\ufeff", "\0", "\u0085", "\ue000", "\u3164"]
)
def test_words_hold_nothing_that_their_approver_does_not_see(character: str) -> None:
    (fault,) = faults_in(f"Two\r\nlines,\ta tab{character}", "body", VARIABLES["overdue"])
    assert (fault.code, fault.values) == ("unseen", {"line": 2, "column": 13, "code": f"U+{ord(character):04X}"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Pay your \u0430ccount now", ["\u0430ccount"]),
        ("Ｐay ρay", ["ρay"]),
        ("您的SMS验证码，éte, Ваш счёт, {lender}是Demo, café, naïve, ½ ①km²", []),
    ],
)
def test_no_word_is_written_in_letters_of_several_scripts(text: str, words: list[str]) -> None:
    faults = faults_in(f"Hello\n{text}", "body", VARIABLES["overdue"])
    assert [(fault.code, fault.values["word"]) for fault in faults] == [("scripts", word) for word in words]
    assert {fault.values["line"] for fault in faults} <= {2}


def test_emoji_and_the_marks_of_other_scripts_may_stand_in_words() -> None:
    assert not faults_in("👨\u200d👩\u200d👧 ❤️ é 您好", "body", VARIABLES["overdue"])


def test_what_is_the_customers_alone_stands_in_no_subject_and_no_push() -> None:
    push = Wording(seen_by_others=("subject", "body"))
    faults = faults_of("overdue", push, subject="{customer_name}", body="{total}")
    assert [(fault.place, fault.values["name"]) for fault in faults] == [
        ("subject", "customer_name"),
        ("body", "total"),
    ]


def test_of_each_required_group_one_is_enough() -> None:
    wording = Wording(required=[["lender"], ["accounts", "total"]], has_subject=False)
    assert not faults_of("overdue", wording, subject="", body="{lender} {total}")
    (fault,) = faults_of("overdue", wording, subject="", body="{lender}")
    assert (fault.code, fault.values["names"]) == ("missing", ["accounts", "total"])


def test_variables_are_found_by_name() -> None:
    assert variables_in("{a} {b} {a} { c") == {"a", "b"}
