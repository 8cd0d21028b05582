"""Rules for words: entered by administrators, from a date on, never changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.errors import Conflict, Invalid
from audit.models import Event
from reminders.models import DebtWords, OptOutWords, WritingRule
from reminders.rules.wording import words_in
from reminders.selectors import harmless_words, wording_for, words_of_debt
from reminders.services import words
from runs import clock
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

HARMLESS = (
    *(
        "A message about your account",
        "Your statement is ready",
        "Your code to sign with",
        "Your new card is on its way",
    ),
    *(
        "Thank you for your payment",
        "Owen, your account has news",
        "Your appointment on 4 May at 10 am",
        "Changes to our terms",
    ),
    *(
        "Your 2FA code",
        "5G, 24/7: our app v1.3",
        "Latest news from our bank",
        "Outstanding service, every day",
        "Courtesy notice",
    ),
    *(
        "Q & A about the U.S. dollar",
        "Plan B: a new app",
        "Issue 12 of our letter",
        "Please call us",
        "Your tax form 1099-A",
    ),
    *(
        "关于您账户的通知",
        "您的账单已生成",
        "签署验证码",
        "您的新卡已寄出",
        "感谢您的付款",
        "您有一条新消息",
        "服务条款变更通知",
    ),
    *(
        "退还款项已到账",
        "返还款项通知",
        "关于退还款的说明",
        "挂失信用卡办理结果",
        "如何补办遗失信用卡",
        "为您挑选的特征信息",
        "请查清收件地址",
    ),
    *(
        "Payment received",
        "The sale is over due to the holiday",
        "The sale is over. Due dates of your books",
        "Residue of paint",
        "Tell us your account is right",
        "收到您的付款",
        "计划尚未付诸实施",
        "您的积分还未使用",
        "账户设置未还原",
        "小额贷款有限公司通知",
    ),
)
TELLING = (
    *(
        "Unpaid bill",
        "Final demand",
        "Legal action follows",
        "See you in court",
        "Your repayment",
        "Report to the credit bureau",
    ),
    *("Collection notice", "Enforcement begins", "You owe us", "F1nal n0tice", "u n p a i d"),
    *("请尽快还款", "催款通知", "征信提醒", "我们将起诉", "法院传票", "请还钱", "律-师-函"),
    *("Over due", "Your over-due account", "o v e r  d u e", "Past · due", "Pay now", "PAY-NOW!", "Final reminder"),
    *("Still not paid", "Amount due", "Settle your account today", "A penalty is added"),
    *(
        "您有账单未还",
        "催 账",
        "催\u3000缴",
        "催\u200b账",
        "欠-费",
        "滞 纳 金",
        "罚息通知",
        "滯納金",
        "请立即付款",
        "最后提醒",
    ),
    # What is harmless hides nothing beside it, and itself only where it stands unbroken.
    *("退还款项，请还款", "挂失信用卡后逾期", "退，还款", "退·还款项", "您已失信", "丢失信用"),
)


@pytest.mark.parametrize("subject", HARMLESS)
def test_a_harmless_subject_passes_the_installed_words(subject: str) -> None:
    assert not words_in(subject, words_of_debt(clock.today()), harmless_words(clock.today()))


@pytest.mark.parametrize("subject", TELLING)
def test_a_telling_subject_does_not(subject: str) -> None:
    assert words_in(subject, words_of_debt(clock.today()), harmless_words(clock.today()))


def test_an_administrator_enters_words_of_debt_and_texts_follow_them(client: Client) -> None:
    client.force_login(UserFactory(role="administrator"))
    today = clock.today()
    answer = client.post(
        "/admin/reminders/debtwords/add/",
        {"language": "en", "effective_from": today, "words": "overdue\r\n\r\n owe* \r\n", "source": "Counsel, 2026"},
    )
    assert answer.status_code == 302
    assert wording_for("overdue", "email", today).forbidden_words[:3] == ["overdue", "owe*", "逾期"]
    event = Event.objects.get(verb="words.added")
    assert event.after["words"] == ["overdue", "owe*"]
    assert client.get("/admin/reminders/debtwords/").status_code == 200


def test_a_rule_of_writing_is_entered_by_groups(client: Client) -> None:
    client.force_login(UserFactory(role="administrator"))
    today = clock.today()
    values = {"kind": "overdue", "channel": "sms", "effective_from": today, "source": "A test"}
    answer = client.post("/admin/reminders/writingrule/add/", values | {"required": "lender\npay_url, lender_contact"})
    assert answer.status_code == 302
    assert wording_for("overdue", "sms", today).required == [["lender"], ["pay_url", "lender_contact"]]


def test_a_variable_that_there_is_none_of_is_refused_at_its_field(client: Client) -> None:
    client.force_login(UserFactory(role="administrator"))
    values = {
        "kind": "promise",
        "channel": "sms",
        "effective_from": clock.today(),
        "source": "A test",
        "required": "total",
    }
    page = client.post("/admin/reminders/writingrule/add/", values).content.decode()
    assert "“total” is no variable of these texts. Choose from: accounts, amount," in page
    assert not WritingRule.objects.filter(source="A test").exists()


def test_what_is_past_or_has_its_day_taken_is_refused() -> None:
    user, today = UserFactory(role="administrator"), clock.today()
    with pytest.raises(Invalid, match="is past"):
        words.add(
            actor=user, row=DebtWords(language="en", effective_from=today - timedelta(1), words=["x"], source="A test")
        )
    words.add(actor=user, row=OptOutWords(language="en", effective_from=today, words=["NO"], source="A test"))
    with pytest.raises(Conflict, match="starts on"):
        words.add(actor=user, row=OptOutWords(language="en", effective_from=today, words=["NEIN"], source="A test"))


def test_an_administrator_enters_harmless_words_and_texts_follow_them(client: Client) -> None:
    client.force_login(UserFactory(role="administrator"))
    today = clock.today()
    given = {"language": "zh-hans", "effective_from": today, "source": "Counsel, 2026"}
    for words_given in ("还款", "退款", "退还款项\r\n账单"):
        page = client.post("/admin/reminders/harmlesswords/add/", {**given, "words": words_given})
        assert page.status_code == 200
        assert "is not longer than a word of debt that stands in it" in page.content.decode()
    assert client.post("/admin/reminders/harmlesswords/add/", {**given, "words": "交还款箱"}).status_code == 302
    wording = wording_for("overdue", "email", today)
    assert wording.harmless_words == ["over due to", "交还款箱"]
    assert words_in("请交还款箱", wording.forbidden_words, wording.harmless_words) == []
    # The list that was installed was in force until then.
    assert words_in("退还款项", wording.forbidden_words, wording.harmless_words) == ["还款"]
    assert "退还款" in harmless_words(today - timedelta(days=1))
    assert Event.objects.get(verb="words.added").after["words"] == ["交还款箱"]
