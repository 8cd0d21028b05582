"""What is known of a contact point."""

from __future__ import annotations

import pytest

from accounts.errors import Invalid
from accounts.identity import check_contact
from accounts.models import ContactPoint
from accounts.services.customers import add_contact_point, change_contact_point, verify_contact_point
from audit.models import Event
from audit.services import SystemActor
from tests.factories import ContactPointFactory, CustomerFactory

pytestmark = pytest.mark.django_db


def test_what_is_learnt_of_a_number_changes_nothing_else_of_it() -> None:
    point = ContactPointFactory(permitted=True)
    # Somebody took the permission back meanwhile: whoever saw it before does not give it again.
    ContactPoint.objects.update(permitted=False, relationship="family")
    verify_contact_point(
        actor=SystemActor("test"), contact_point_id=point.pk, verification="wrong", reason="receipt 1: bounced"
    )
    point.refresh_from_db()
    assert (point.permitted, point.relationship, point.verification) == (False, "family", "wrong")
    event = Event.objects.get(verb="contact-point.changed")
    assert (event.after["verification"], event.reason) == ("wrong", "receipt 1: bounced")
    verify_contact_point(actor=SystemActor("test"), contact_point_id=point.pk, verification="wrong", reason="again")
    assert Event.objects.filter(verb="contact-point.changed").count() == 1


@pytest.mark.parametrize(
    "number",
    [
        "13800002046",
        "010-62345678",
        "95588",
        "+1 212 555 0100",
        "(0755) 8888 8888",
        "62345678 转 12",
        "+44 20 7946 0958 x12",
    ],
)
def test_a_telephone_number_is_one_that_can_be_dialled(number: str) -> None:
    assert check_contact("phone", number) == number


@pytest.mark.parametrize(
    "number", ["1234567890123456789", "13800002046123", "+1 212 555", "1234", "+999 12345678", "abc"]
)
def test_what_cannot_be_dialled_is_no_telephone_number(number: str) -> None:
    with pytest.raises(Invalid, match="no telephone number") as refused:
        check_contact("mobile", number)
    assert refused.value.field == "value"


NAME = "王小兰"


def mother(**given: object) -> ContactPoint:
    values = {"kind": "mobile", "value": "13900004444", "relationship": "contact-person", "name": f" {NAME} "}
    return add_contact_point(actor=SystemActor("test"), customer_id=CustomerFactory().pk, **values | given)  # type: ignore[arg-type]  # of the names above


def change(point: ContactPoint, **given: object) -> ContactPoint:
    values = {"source": "", "relationship": point.relationship, "permitted": None, "verification": "unverified"}
    return change_contact_point(actor=SystemActor("test"), contact_point_id=point.pk, **values | given)  # type: ignore[arg-type]  # of the names above


def test_a_contact_persons_name_is_kept_encrypted_and_told_masked() -> None:
    point = mother()
    point.refresh_from_db()
    assert (point.name, point.masked_name) == (NAME, "王*兰")
    assert NAME.encode() not in bytes(point.name_cipher) + bytes(point.name_index)
    event = Event.objects.get()
    assert event.after["whose"] == "王*兰"
    change(point, name="李大明")
    assert Event.objects.filter(after__whose="李*明", before__whose="王*兰").exists()
    assert NAME not in str(list(Event.objects.values()))


def test_a_name_stays_until_it_is_changed_or_the_point_is_somebody_elses() -> None:
    point = change(mother(), relationship="representative")
    assert point.name == NAME
    assert change(point, name="").name == ""
    other = change(mother(), relationship="own")
    assert (other.name, other.name_cipher, other.name_index) == ("", None, None)


@pytest.mark.parametrize("relationship", ["", "own", "guarantor", "co-debtor"])
def test_who_has_a_row_of_her_own_is_not_named_again(relationship: str) -> None:
    with pytest.raises(Invalid) as refused:
        mother(relationship=relationship)
    assert refused.value.field == "name"
