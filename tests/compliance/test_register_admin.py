"""The register's data-entry pages: everything to read, deadlines to add, nothing to change."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from audit.models import Event
from compliance.models import ComplaintTerms
from compliance.services import recordings
from tests.compliance.test_flags import agree, place
from tests.factories import ComplaintFactory, ContactFactory, UserFactory

pytestmark = pytest.mark.django_db
LISTS = ("contact", "customerflag", "contactagreement", "recording", "complaint", "complaintterms")


@pytest.fixture
def chief(client: Client) -> Client:
    client.force_login(UserFactory(is_superuser=True))
    return client


def test_every_list_shows_its_rows_and_changes_none(lin, chief: Client) -> None:
    contact = ContactFactory()
    made = {
        "contact": contact,
        "customerflag": place(lin, contact.customer),
        "contactagreement": agree(lin, contact.customer),
        "recording": recordings.attach(actor=lin, contact_id=contact.pk, link="https://secret.example/1"),
        "complaint": ComplaintFactory(customer=contact.customer),
        "complaintterms": ComplaintTerms.objects.first(),
    }
    assert set(made) == set(LISTS)
    for name, row in made.items():
        page = chief.get(f"/admin/compliance/{name}/")
        assert page.status_code == 200, name
        assert page.context["cl"].result_count, name
        form = chief.get(f"/admin/compliance/{name}/{row.pk}/change/").content.decode()
        assert 'name="_save"' not in form, name
        assert "secret.example" not in form, name
        assert chief.post(f"/admin/compliance/{name}/{row.pk}/change/", {}).status_code == 403, name
        assert chief.post(f"/admin/compliance/{name}/{row.pk}/delete/", {"post": "yes"}).status_code == 403, name
        if name != "complaintterms":
            assert chief.get(f"/admin/compliance/{name}/add/").status_code == 403, name


def test_a_deadline_is_added_from_a_date_on_and_its_date_is_taken_once(chief: Client) -> None:
    values = {"reason": "hours", "answer_days": 5, "effective_from": "2027-01-01", "source": "Policy 2027"}
    assert chief.post("/admin/compliance/complaintterms/add/", values).status_code == 302
    assert ComplaintTerms.objects.get(reason="hours").answer_days == 5
    assert Event.objects.get(verb="complaint-terms.added").after["answer_days"] == 5
    again = chief.post("/admin/compliance/complaintterms/add/", values)
    assert "starts on" in again.content.decode()


@pytest.mark.parametrize("model", [*LISTS, "contactrule", "contactdecision"])
@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_a_right_for_the_desk_opens_nothing_here(client: Client, model: str, verb: str) -> None:
    """Who may use the data-entry pages for something else, and may do this to a person of hers at the desk."""
    user = UserFactory()
    user.groups.clear()
    for right in ("accounts.view_product", f"compliance.{verb}_{model}"):
        app, _, codename = right.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(user)
    index = client.get("/admin/")
    assert index.status_code == 200
    assert f"/admin/compliance/{model}/" not in index.content.decode()
    for page in ("", "add/"):
        assert client.get(f"/admin/compliance/{model}/{page}").status_code == 403
