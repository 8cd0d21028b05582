"""Templates: written, checked, approved by somebody else, carried by messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.errors import Conflict
from approvals import services as approvals
from approvals.models import Request
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
from tests.factories import UserFactory, late_case
from tests.said import in_chinese

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer() -> User:
    return UserFactory(role="supervisor", display_name="Lin")


@pytest.fixture
def approver() -> User:
    return UserFactory(role="legal-officer", display_name="Chen")


GOOD = "{lender}: {accounts}. {pay_url} {lender_contact}"


def words(body: str = GOOD, subject: str = "Hello") -> dict[str, dict[str, str]]:
    return {language: {"subject": subject, "body": body} for language in ("en", "zh-hans")}


def drafted(writer: User, **texts: str) -> TemplateVersion:
    template = Template.objects.get(name="first-late")
    version = services.begin_draft(actor=writer, template_id=template.pk)
    return services.write_draft(actor=writer, version_id=version.pk, seen_edits=version.edits, texts=words(**texts))


def submitted(writer: User) -> tuple[TemplateVersion, Request]:
    version = drafted(writer)
    request = services.submit_draft(actor=writer, version_id=version.pk, seen_edits=version.edits, reason="Shorter")
    return version, request


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


# Pages


def test_the_editor_shows_the_words_with_a_real_case_masked_and_saves_nothing(writer: User) -> None:
    case = late_case()
    client = signed_in(writer)
    client.post("/templates/first-late/draft/")
    edits = TemplateVersion.objects.get(status="draft").edits
    answer = client.post(
        "/templates/first-late/preview/",
        {"seen_edits": "1", "subject_en": "Hi", "body_en": "Dear {customer_name}: {accounts} {nobody}",
         "body_zh-hans": "{customer_name}：{total}", "customer": case.customer.ref},
    )  # fmt: skip
    page = answer.content.decode()
    assert "there is no variable “nobody”" in page
    assert "What all these accounts ask for, summed by currency." in page
    for ref in (case.ref, case.customer.accounts.get().ref):
        shown = client.post("/templates/first-late/preview/", {"body_en": "Dear {customer_name}", "customer": ref})
        assert shown.context["sample"]["found"] == case.customer
        # Each variable says what it would be with her.
        assert ("customer_name", case.customer.masked_name) in [
            (name, example) for name, _meaning, example in shown.context["variables"]
        ]
    assert case.customer.masked_name in page
    assert case.customer.name not in page
    assert TemplateVersion.objects.get(status="draft").edits == edits


def test_a_case_out_of_scope_is_not_shown(writer: User) -> None:
    from tests.factories import TeamFactory

    case = late_case(team=TeamFactory(name="Another"))
    writer.team = TeamFactory(name="Own")
    writer.save()
    client = signed_in(writer)
    for ref in (case.customer.ref, case.ref, "NO\0BODY"):
        shown = client.post("/templates/first-late/preview/", {"customer": ref})
        assert shown.status_code == 200
        assert "There is no customer, account or case" in shown.content.decode()


def test_an_sms_is_counted_as_it_goes_out(writer: User) -> None:
    page = signed_in(writer).post("/templates/overdue-sms/draft/", follow=True).content.decode()
    assert "GSM-7" in page
    assert "UCS-2" in page


def test_an_sms_is_refused_for_what_it_could_take_not_for_its_own_length(writer: User) -> None:
    template = Template.objects.get(name="overdue-sms")
    short = "{lender} {total} {pay_url} {lender_contact} {opt_out} "

    def refused(body: str) -> list[str]:
        found = faults_of_texts(template, {"en": {"body": body}, "zh-hans": {"body": short}}, clock.today())
        return [f"{language} {fault.code} {fault.values['parts']}" for language, _place, fault in found]

    # GSM-7: four parts hold 612, and what fills the variables here takes less than 200.
    assert refused(short + "x" * 400) == []
    # The name is short here and long there: 40 characters that GSM-7 has not, which make the rest UCS-2 as well.
    assert refused(short + "{customer_name}" + "x" * 30) == []
    assert refused(short + "{customer_name}" + "x" * 200) == ["en parts 6"]
    # What is long in itself, and what is long by its values: three lines of accounts.
    assert refused(short + "x" * 600) == ["en parts 5"]
    assert refused(short + "{accounts}" * 4) == ["en parts 7"]


def test_the_preview_of_an_sms_says_its_parts_with_these_values_and_at_most(writer: User) -> None:
    client = signed_in(writer)
    body = "{customer_name} {lender} {total} {pay_url} {lender_contact} {opt_out} " + "x" * 132
    page = client.post(
        "/templates/overdue-sms/preview/", {"body_en": body, "body_zh-hans": "{nobody}"}
    ).content.decode()
    assert re.search(r"UCS-2, \d+ characters, 4 parts", page)
    assert "At most 5 parts (UCS-2), with a name of 40 characters and 3 accounts" in page
    assert page.count("At most") == 1


@pytest.mark.usefixtures("approver")
def test_a_draft_is_saved_put_forward_and_shown_as_waiting(writer: User) -> None:
    client: Client = signed_in(writer)
    client.post("/templates/first-late/draft/")
    version = TemplateVersion.objects.get(status="draft")
    form = {f"{place}_{language}": text for language in ("en", "zh-hans") for place, text in words()["en"].items()}
    form["seen_version"] = str(version.number)
    saved = client.post("/templates/first-late/edit/", {**form, "seen_edits": version.edits, "verb": "save"})
    assert saved.status_code == 302
    asked = client.post(
        "/templates/first-late/edit/", {**form, "seen_edits": version.edits + 1, "verb": "submit", "reason": "Shorter"}
    )
    assert asked.status_code == 302
    assert Request.objects.filter(kind="template-version", status="pending").exists()
    stale = client.post("/templates/first-late/edit/", {**form, "seen_edits": 1, "verb": "save"})
    assert stale.status_code == 422
    assert "waits for a decision" in stale.content.decode()


def test_looking_begins_nothing_and_a_draft_begins_with_a_button(writer: User) -> None:
    client = signed_in(writer)
    assert client.get("/templates/first-late/edit/")["Location"] == "/templates/first-late/"
    assert not TemplateVersion.objects.filter(status="draft").exists()
    assert not Event.objects.exists()
    for _ in range(2):  # pressed again it opens the same
        assert client.post("/templates/first-late/draft/")["Location"] == "/templates/first-late/edit/"
    version = TemplateVersion.objects.get(status="draft")
    assert version.texts == TemplateVersion.objects.get(template=version.template, status="approved").texts
    client.get("/templates/first-late/edit/")
    assert Event.objects.filter(verb="template.drafted").count() == 1


def test_a_draft_is_discarded_and_the_next_begins_with_the_words_in_force(writer: User) -> None:
    version = drafted(writer, body=f"{GOOD} Mine.")
    client = signed_in(UserFactory(role="administrator"))
    stale = {"seen_version": version.number, "seen_edits": version.edits - 1}
    assert "changed this draft" in client.post("/templates/first-late/discard/", stale, follow=True).content.decode()
    done = client.post("/templates/first-late/discard/", {**stale, "seen_edits": version.edits}, follow=True)
    assert f"Version {version.number} is discarded." in done.content.decode()
    version.refresh_from_db()
    assert version.status == VersionStatus.DISCARDED
    assert Event.objects.get(verb="template.discarded").after == {"version": version.number}
    for change in (services.write_draft, services.submit_draft):
        given = {"texts": words()} if change is services.write_draft else {"reason": "x"}
        with pytest.raises(Conflict, match="“Discarded”"):
            change(actor=writer, version_id=version.pk, seen_edits=version.edits, **given)
    another = services.begin_draft(actor=writer, template_id=version.template_id)
    assert (another.number, "Mine." in another.texts["en"]["body"]) == (version.number + 1, False)


def test_the_only_draft_of_a_template_is_discarded_too(writer: User) -> None:
    template = services.add_template(actor=writer, name="one", title="One", kind="overdue", channel="email")
    services.discard_draft(actor=writer, version_id=template.versions.get().pk, seen_edits=1)
    client = signed_in(writer)
    assert client.get("/templates/").status_code == client.get("/templates/one/").status_code == 200
    assert services.begin_draft(actor=writer, template_id=template.pk).number == 2


def test_what_is_asked_for_or_approved_is_not_discarded(writer: User, approver: User) -> None:
    version, request = submitted(writer)
    asked = {"actor": writer, "version_id": version.pk, "seen_edits": version.edits}
    with pytest.raises(Conflict, match="waits for a decision"):
        services.discard_draft(**asked)
    approvals.send_back(actor=approver, request_id=request.pk, seen_version=request.version, comment="Say more")
    with pytest.raises(Conflict, match="was sent back"):
        services.discard_draft(**asked)
    request.refresh_from_db()
    again = services.submit_draft(**asked, reason="Once more")
    approvals.approve(actor=approver, request_id=again.pk, seen_version=again.version)
    with pytest.raises(Conflict, match="keeps its words"):
        services.discard_draft(**asked)
    with pytest.raises(PermissionDenied):
        services.discard_draft(**{**asked, "actor": UserFactory(role="auditor")})


def test_a_new_template_is_named_once(writer: User) -> None:
    client = signed_in(writer)
    new = {"name": "kind-word", "title": "A kind word", "kind": "overdue", "channel": "sms"}
    assert client.post("/templates/new/", new)["Location"] == "/templates/kind-word/edit/"
    refused = client.post("/templates/new/", new)
    assert refused.status_code == 422
    assert client.post("/templates/new/", {**new, "name": "No Good"}).status_code == 422
    # Its page would be this one.
    assert "Choose another name" in client.post("/templates/new/", {**new, "name": "new"}).content.decode()


def test_who_only_reads_templates_writes_none() -> None:
    reader = UserFactory(role="auditor")
    client = signed_in(reader)
    assert client.get("/templates/").status_code == client.get("/templates/first-late/").status_code == 200
    assert client.get("/templates/first-late/edit/").status_code == 403
    assert client.post("/templates/first-late/preview/", {}).status_code == 403
    assert not Permission.objects.filter(codename="delete_template").exists()


def test_the_list_asks_as_many_queries_for_many_as_for_few(writer: User, django_assert_max_num_queries) -> None:
    for number in range(20):
        services.add_template(actor=writer, name=f"more-{number}", title="More", kind="overdue", channel="email")
    client = signed_in(writer)
    with django_assert_max_num_queries(12):
        client.get("/templates/")
