"""Entering rows in the admin as people do, and what is looked at afterwards."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import (
    Account,
    Customer,
)
from accounts.services import customers, posting
from audit.models import Event
from audit.services import SystemActor

ACTOR = SystemActor("test")
NUMBER = "110101199003072041"
PHONE = "13800002046"


def adding(model: str) -> str:
    return reverse(f"admin:accounts_{model}_add")


def changing(row: Any) -> str:
    return reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])


def fill(client: Client, address: str, **values: Any) -> Any:
    """Open the page, change these fields of its form and send it, as a browser would."""
    page = client.get(address)
    form = page.context["adminform"].form
    sent = {field.html_name: field.value() for field in form}
    for inline in page.context["inline_admin_formsets"]:
        sent |= {field.html_name: field.value() for field in inline.formset.management_form}
        for row in inline.formset.forms:
            sent |= {field.html_name: field.value() for field in row}
    sent |= values
    return client.post(
        address, {name: value for name, value in sent.items() if value is not None and value is not False}
    )


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, "the form was accepted"
    return dict(response.context["adminform"].form.errors)


def a_customer(ref: str = "C1", **options: Any) -> Customer:
    return customers.register_customer(actor=ACTOR, ref=ref, name="王小明", **options)


def an_account(ref: str = "A1", product: str = "plain") -> Account:
    return posting.open_account(
        actor=ACTOR, ref=ref, customer_id=a_customer(f"C-{ref}").pk, product_code=product, currency="CNY"
    )


def the_event(verb: str) -> Event:
    event = Event.objects.get(verb=verb)
    assert event.actor_name == "Wang"
    assert event.request_id
    return event


def nothing_personal_was_logged(*values: str) -> None:
    kept = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    kept += [f"{event.before} {event.after} {event.reason}" for event in Event.objects.all()]
    assert LogEntry.objects.exists()
    for value in values:
        assert not [line for line in kept if value in line]
