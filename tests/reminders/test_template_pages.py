"""Templates' pages: the editor with its preview, drafts begun, put forward and discarded."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.errors import Conflict
from approvals import services as approvals
from approvals.models import Request
from audit.models import Event
from reminders.models import Template, TemplateVersion, VersionStatus
from reminders.selectors import faults_of_texts
from reminders.services import templates as services
from runs import clock
from staff.models import User
from tests.clients import signed_in
from tests.factories import AccountFactory, BillFactory, CustomerFactory, TeamFactory, UserFactory
from tests.reminders.drafts import GOOD, drafted, submitted, words
from tests.whole_cases import late_case

pytestmark = pytest.mark.django_db


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
    case = late_case(team=TeamFactory(name="Another"))
    writer.team = TeamFactory(name="Own")
    writer.save()
    client = signed_in(writer)
    for ref in (case.customer.ref, case.ref, "NO\0BODY"):
        shown = client.post("/templates/first-late/preview/", {"customer": ref})
        assert shown.status_code == 200
        assert "There is no customer, account or case" in shown.content.decode()


def test_who_decides_sees_the_words_proposed_with_a_case_in_scope_masked(writer: User, approver: User) -> None:
    case = late_case()
    version, request = submitted(writer)
    client = signed_in(approver)
    address = f"/templates/proposed/{request.pk}/"
    assert f'hx-post="{address}"' in client.get(f"/approvals/{request.pk}/").content.decode()
    account = case.customer.accounts.get()
    for ref in (case.customer.ref, case.ref, account.ref):
        part = client.post(address, {"customer": ref}, headers={"hx-request": "true"}).content.decode()
        assert f"Shown with {case.customer.masked_name}, {case.customer.ref}." in part
        assert f"Account {account.ref}" in part
        assert case.customer.name not in part
        assert "A-1001" not in part
        assert "<html" not in part
    # Without scripts it is a page, which leads back.
    page = client.post(address, {"customer": case.ref}).content.decode()
    assert f'href="/approvals/{request.pk}/"' in page
    assert case.customer.masked_name in page
    version.refresh_from_db()
    assert version.status == VersionStatus.DRAFT


def test_who_decides_sees_no_case_out_of_scope_and_no_request_of_others(writer: User, approver: User) -> None:
    case = late_case(team=TeamFactory(name="Another"))
    _version, request = submitted(writer)
    writer.team = TeamFactory(name="Own")
    writer.save()
    shown = signed_in(writer).post(f"/templates/proposed/{request.pk}/", {"customer": case.ref}).content.decode()
    assert f"There is no customer, account or case “{case.ref}” among those you see." in shown
    assert case.customer.masked_name not in shown
    for role, status in (("collector", 404), ("legal-officer", 200)):
        answer = signed_in(UserFactory(role=role)).post(f"/templates/proposed/{request.pk}/", {"customer": case.ref})
        assert answer.status_code == status, role
    assert signed_in(approver).post(f"/templates/proposed/{request.pk + 1}/").status_code == 404


def test_a_preview_with_who_owes_nothing_says_that_its_amounts_are_made_up() -> None:
    client, customer = signed_in(UserFactory(is_superuser=True)), CustomerFactory()
    said = "Nothing is asked for of them now: the amounts are made up."
    for template, is_said in (("first-late", True), ("pre-due", True), ("signing-code-sms", False)):
        page = client.post(f"/templates/{template}/preview/", {"customer": customer.ref}).content.decode()
        assert (said in page) == is_said, template
    # What falls due next is what is asked for before the due date.
    bill = BillFactory(account=AccountFactory(customer=customer), due_on=clock.today() + timedelta(days=3))
    words = {"customer": customer.ref, "body_en": "{accounts}"}
    page = client.post("/templates/pre-due/preview/", words).content.decode()
    assert said not in page
    assert f"Account {bill.account.ref}" in page
    assert said in client.post("/templates/first-late/preview/", words).content.decode()


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
