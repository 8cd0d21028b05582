"""Templates: written, checked, approved by somebody else, carried by messages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.errors import Conflict
from approvals import services as approvals
from audit.models import Event
from reminders.models import DebtWords, Template, TemplateVersion, VersionStatus
from reminders.rendering import Due, render, texts_of
from reminders.rules import VARIABLES
from reminders.selectors import approved_number, faults_of_texts
from reminders.sentences import MEANINGS
from reminders.services import templates as services
from runs import clock
from staff.models import User
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.reminders.drafts import GOOD, drafted, submitted, words
from tests.said import in_chinese

pytestmark = pytest.mark.django_db


def test_no_template_has_a_title_with_what_nobody_sees(writer: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        services.add_template(actor=writer, name="late-two", title="Late\u202e1", kind="overdue", channel="sms")
    assert "an invisible control character (U+202E)" in refusal.value.message_dict["title"][0]
    assert not Template.objects.filter(name="late-two").exists()


def test_what_is_installed_breaks_no_rule_in_force() -> None:
    approved = TemplateVersion.objects.filter(status=VersionStatus.APPROVED).select_related("template")
    assert len(approved) == Template.objects.count()
    for version in approved:
        assert not faults_of_texts(version.template, version.texts, clock.today()), version


def test_no_installed_text_in_force_says_that_a_code_is_never_asked_for() -> None:
    """Who signs by a one-time code tells it to an employee."""
    for version in TemplateVersion.objects.filter(template__name__in=("first-late", "demand-letter")):
        says = [text["body"].replace("\n", " ") for text in version.texts.values()]
        if version.status == VersionStatus.RETIRED:
            assert "or a verification code" in says[0]
        else:
            assert version.number == 2
            assert "only while you yourself are signing an agreement with one of our employees" in says[0]
            assert "仅当您本人正在与我司工作人员签署协议时，才会请您提供验证码" in says[1]


def test_a_draft_approved_by_another_is_what_new_messages_carry(writer: User, approver: User) -> None:
    version, request = submitted(writer)
    before = approved_number("first-late")
    assert before is not None
    assert version.number == before + 1
    approvals.approve(actor=approver, request_id=request.pk, seen_version=request.version, comment="")
    version.refresh_from_db()
    assert (version.status, version.approved_by_name, approved_number("first-late")) == (
        *("approved", "Chen"),
        version.number,
    )
    assert TemplateVersion.objects.get(template=version.template, number=before).status == VersionStatus.RETIRED
    assert Event.objects.filter(verb="template.approved", subject_id=version.template_id).exists()
    # What was queued before still finds its words.
    both = {("first-late", before), ("first-late", version.number)}
    assert set(texts_of(both)) == both


def test_who_wrote_the_words_does_not_approve_them_whoever_asked(writer: User) -> None:
    version = drafted(writer)
    other = UserFactory(role="supervisor")
    request = services.submit_draft(actor=other, version_id=version.pk, seen_edits=version.edits, reason="Mine")
    with pytest.raises(Conflict, match="You wrote the words") as refused:
        approvals.approve(actor=writer, request_id=request.pk, seen_version=request.version, comment="")
    assert in_chinese(refused) == f"{version}的文字由您编写，须由他人批准。"
    DebtWords.objects.update(words=["mine"])
    version.texts["en"]["subject"] = "It is mine"
    with pytest.raises(Conflict, match="says that there is a debt") as refused:
        services.check_approvable(version, version.edits)
    assert "而“mine”透露存在债务" in in_chinese(refused)
    version.refresh_from_db()
    assert version.status == VersionStatus.DRAFT


def test_a_draft_that_waits_is_not_written_on_and_one_sent_back_is(writer: User, approver: User) -> None:
    version, request = submitted(writer)
    with pytest.raises(Conflict, match="waits for a decision"):
        services.write_draft(actor=writer, version_id=version.pk, seen_edits=version.edits, texts=words())
    approvals.send_back(actor=approver, request_id=request.pk, seen_version=request.version, comment="Say more")
    services.write_draft(
        actor=writer, version_id=version.pk, seen_edits=version.edits, texts=words(body=f"{GOOD} More.")
    )
    again = services.submit_draft(actor=writer, version_id=version.pk, seen_edits=version.edits + 1, reason="More")
    assert again.pk == request.pk
    approvals.approve(actor=approver, request_id=again.pk, seen_version=again.version, comment="")
    assert TemplateVersion.objects.get(pk=version.pk).texts["en"]["body"].endswith("More.\n")


def test_what_is_wrong_in_itself_is_not_saved_and_what_is_missing_not_put_forward(writer: User) -> None:
    version = services.begin_draft(actor=writer, template_id=Template.objects.get(name="first-late").pk)
    with pytest.raises(ValidationError) as refusal:
        services.write_draft(
            actor=writer, version_id=version.pk, seen_edits=1, texts=words(body="Dear {custmer},\n{ pay")
        )
    assert set(refusal.value.message_dict) == {"body_en", "body_zh-hans"}
    assert "there is no variable “custmer”" in refusal.value.message_dict["body_en"][0]
    saved = services.write_draft(
        actor=writer, version_id=version.pk, seen_edits=1, texts=words(body="{lender}", subject="Your debt")
    )
    with pytest.raises(ValidationError) as refusal:
        services.submit_draft(actor=writer, version_id=version.pk, seen_edits=saved.edits, reason="x")
    assert "“debt*” says that there is a debt" in refusal.value.message_dict["subject_en"][0]
    assert len(refusal.value.message_dict["body_en"]) == 3


def test_a_stale_screen_saves_nothing(writer: User) -> None:
    with clock.frozen(datetime(2026, 11, 23, 16, 30, tzinfo=UTC)):
        version = drafted(writer)
    # By the lender's clocks, as on every page.
    with pytest.raises(Conflict, match="Lin changed this draft at 2026-11-24 00:30"):
        services.write_draft(actor=writer, version_id=version.pk, seen_edits=version.edits - 1, texts=words())


def test_a_screen_of_a_draft_approved_meanwhile_saves_nothing(writer: User, approver: User) -> None:
    version, request = submitted(writer)
    approvals.approve(actor=approver, request_id=request.pk, seen_version=request.version)
    stale = {"seen_version": version.number, "body_en": f"{GOOD} Mine.", "verb": "save"}
    client = signed_in(writer)
    for seen_edits in (1, version.edits):  # whatever the draft begun next has been changed by then
        refused = client.post("/templates/first-late/edit/", {**stale, "seen_edits": seen_edits})
        assert refused.status_code == 422
        assert "keeps its words" in refused.content.decode()
        assert "Mine." in refused.content.decode()
    assert not TemplateVersion.objects.filter(status="draft").exists()
    unknown = client.post("/templates/first-late/edit/", {**stale, "seen_version": 99, "seen_edits": 1})
    assert unknown.status_code == 404


def test_a_word_of_debt_of_any_language_stands_in_no_subject(writer: User) -> None:
    version = drafted(writer, subject="您的逾期账单")
    with pytest.raises(ValidationError) as refusal:
        services.submit_draft(actor=writer, version_id=version.pk, seen_edits=version.edits, reason="x")
    assert "“逾期” says that there is a debt" in refusal.value.message_dict["subject_en"][0]


def test_words_that_nobody_sees_are_not_saved(writer: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        drafted(writer, body=f"{GOOD} \u202egnp.exe")
    assert "a character that nobody sees (U+202E)" in refusal.value.message_dict["body_en"][0]


def test_who_decides_reads_which_template_it_is(writer: User, approver: User) -> None:
    version, request = submitted(writer)
    assert request.subject_ref == f"first-late v{version.number}"
    page = signed_in(approver).get(f"/approvals/{request.pk}/").content.decode()
    assert "CNY 1,234.50" in page
    assert page.index("CNY 1,234.50") < page.index("{accounts}")
    assert f"first-late v{version.number}" in signed_in(approver).get("/approvals/").content.decode()


def test_a_retired_version_stays_so_and_none_are_emptied_away_even_in_sql() -> None:
    version = TemplateVersion.objects.filter(template__name="first-late", status=VersionStatus.APPROVED)
    version = TemplateVersion.objects.filter(pk=version.get().pk)
    assert version.update(status="retired") == 1
    for change in (
        lambda: version.update(status="approved"),
        lambda: connection.cursor().execute("TRUNCATE reminders_templateversion CASCADE"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert version.get().status == "retired"


def test_approved_words_cannot_be_changed_or_removed_even_in_sql() -> None:
    version = TemplateVersion.objects.get(template__name="first-late", status=VersionStatus.APPROVED)
    for change in (
        lambda: TemplateVersion.objects.filter(pk=version.pk).update(texts={}),
        lambda: TemplateVersion.objects.filter(pk=version.pk).update(status="draft"),
        version.delete,
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_a_hostile_name_fills_its_place_and_nothing_else() -> None:
    from datetime import date
    from decimal import Decimal

    name = "{pay_url}\r\nBcc: all@example.com\u202e<script>"
    values = {"customer_name": name, "dues": [Due("A1", "CNY", Decimal("1.00"), date(2026, 11, 1))]}
    shown = render({"subject": "Dear {customer_name}", "body": "Dear {customer_name},\n{total}"}, "en", values)
    assert shown.subject == "Dear {pay_url} Bcc: all@example.com<script>"
    assert shown.body == "Dear {pay_url} Bcc: all@example.com<script>,\nCNY 1.00\n"


def test_every_variable_says_what_it_is() -> None:
    assert set().union(*VARIABLES.values()) == set(MEANINGS)
