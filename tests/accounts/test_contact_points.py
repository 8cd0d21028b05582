"""What is known of a contact point."""

from __future__ import annotations

import pytest

from accounts.models import ContactPoint
from accounts.services.customers import verify_contact_point
from audit.models import Event
from audit.services import SystemActor
from tests.factories import ContactPointFactory

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
