"""Customers and the ways to reach them: register, change, verify."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import vault
from accounts.errors import Conflict, Invalid
from accounts.identity import check_contact, check_id_number, check_plain
from accounts.models import NAMED, ContactKind, ContactPoint, Customer, Jurisdiction, Origin, Verification
from accounts.services.locks import lock_customer
from audit.services import Actor, record
from runs import clock

TELEPHONES = (ContactKind.MOBILE, ContactKind.PHONE)


@transaction.atomic
def register_customer(
    *,
    actor: Actor,
    ref: str,
    name: str,
    id_type: str = "",
    id_number: str = "",
    birth_date: date | None = None,
    locale: str = "",
    time_zone: str = "Asia/Shanghai",
    jurisdiction: str = Jurisdiction.CHINA,
    origin: str = Origin.ENTERED,
) -> Customer:
    """Register a person. The identity number is checked, encrypted and blind-indexed.

    Raises:
        Invalid: the name or the reference holds a character that nobody sees; the identity number fails its check, or
            disagrees with the date of birth.
        Conflict: the reference is taken.
    """
    for field, text in (("ref", ref), ("name", name)):
        check_plain(text, field)
    id_number = check_id_number(id_type, id_number, birth_date)
    if Customer.objects.filter(ref=ref).exists():
        raise Conflict(_("The customer reference %(ref)s is taken. Choose another.") % {"ref": ref})
    customer = Customer.objects.create(
        ref=ref,
        name=name,
        id_type=id_type,
        id_number_cipher=vault.encrypt(id_number) if id_number else None,
        id_number_index=vault.blind_index("id-number", id_number) if id_number else None,
        birth_date=birth_date,
        locale=locale,
        time_zone=time_zone,
        jurisdiction=jurisdiction,
        origin=origin,
        recorded_at=clock.now(),
    )
    record(actor=actor, verb="customer.registered", subject=customer, customer_id=customer.pk, after=_told(customer))
    return customer


@transaction.atomic
def change_customer(
    *,
    actor: Actor,
    customer_id: int,
    seen_version: int,
    name: str,
    id_type: str,
    id_number: str | None,
    birth_date: date | None,
    locale: str,
    time_zone: str,
    jurisdiction: str,
) -> Customer:
    """Change what is known of a person; `id_number` None leaves it as it is. Locks the customer.

    Raises:
        Conflict: someone changed the customer since `seen_version` was read.
        Invalid: as for registering.
    """
    customer = lock_customer(customer_id)
    if customer.version != seen_version:
        raise Conflict(_("Someone changed this customer meanwhile. Look at it again, then repeat your change."))
    check_plain(name, "name")
    checked = check_id_number(id_type, customer.id_number if id_number is None else id_number, birth_date)
    before = _told(customer)
    if id_number is not None:
        customer.id_number_cipher = vault.encrypt(checked) if checked else None
        customer.id_number_index = vault.blind_index("id-number", checked) if checked else None
    customer.name, customer.id_type, customer.birth_date = name, id_type, birth_date
    customer.locale, customer.time_zone, customer.jurisdiction = locale, time_zone, jurisdiction
    customer.version += 1
    customer.save()
    record(
        actor=actor,
        verb="customer.changed",
        subject=customer,
        customer_id=customer.pk,
        before=before,
        after=_told(customer),
    )
    return customer


@transaction.atomic
def add_contact_point(
    *,
    actor: Actor,
    customer_id: int,
    kind: str,
    value: str,
    source: str = "",
    relationship: str = "",
    permitted: bool | None = None,
    verification: str = Verification.UNVERIFIED,
    origin: str = Origin.ENTERED,
    name: str = "",
) -> ContactPoint:
    """Add a number or address, encrypted and blind-indexed; so is the `name` of who is reached there. Locks the customer.

    Raises:
        Invalid: the value is no number or address of its kind; the name is one of somebody who is not `NAMED`.
        Conflict: the customer has it already, as this kind of number or another.
    """
    lock_customer(customer_id)
    value = check_contact(kind, value)
    named = _naming(name, relationship)
    index = vault.blind_index(kind, value)
    # One number under two kinds would be counted, and called, as if it were two.
    kinds = TELEPHONES if kind in TELEPHONES else (kind,)
    indexes = [vault.blind_index(one, value) for one in kinds]
    if ContactPoint.objects.filter(customer_id=customer_id, value_index__in=indexes).exists():
        raise Conflict(_("The customer already has this contact point. Change that one instead."))
    point = ContactPoint.objects.create(
        customer_id=customer_id,
        kind=kind,
        value_cipher=vault.encrypt(value),
        value_index=index,
        source=source,
        relationship=relationship,
        permitted=permitted,
        verification=verification,
        origin=origin,
        recorded_at=clock.now(),
        **named,
    )
    record(actor=actor, verb="contact-point.added", subject=point, customer_id=customer_id, after=_told_point(point))
    return point


@transaction.atomic
def change_contact_point(
    *,
    actor: Actor,
    contact_point_id: int,
    source: str,
    relationship: str,
    permitted: bool | None,
    verification: str,
    reason: str = "",
    name: str | None = None,
) -> ContactPoint:
    """Change what is known of a contact point: whose it is, its source, permission, verification, and the name of who is reached
    there (None leaves it, where such a one is still named). Locks the customer.

    Raises:
        Invalid: as for adding.
    """
    values = {"source": source, "relationship": relationship, "permitted": permitted, "verification": verification}
    if name is not None or relationship not in NAMED:
        values |= _naming(name or "", relationship)
    return _change_point(actor, contact_point_id, values, reason)


@transaction.atomic
def verify_contact_point(*, actor: Actor, contact_point_id: int, verification: str, reason: str) -> ContactPoint:
    """Change whether a contact point is known to be right, and nothing else of it. Locks the customer."""
    return _change_point(actor, contact_point_id, {"verification": verification}, reason)


def _naming(name: str, relationship: str) -> dict[str, Any]:
    """The columns that keep the name of who is reached at a contact point.

    Raises:
        Invalid: at `name`.
    """
    name = name.strip()
    check_plain(name, "name")
    if name and relationship not in NAMED:
        raise Invalid(
            _("Only a contact person or a representative is named here. Choose whose it is, or leave the name blank."),
            "name",
        )
    return {
        "name_cipher": vault.encrypt(name) if name else None,
        "name_index": vault.blind_index("name", name) if name else None,
    }


def _change_point(actor: Actor, contact_point_id: int, values: Mapping[str, Any], reason: str) -> ContactPoint:
    point = ContactPoint.objects.get(pk=contact_point_id)
    lock_customer(point.customer_id)
    point.refresh_from_db()
    before = _told_point(point)
    for name, value in values.items():
        setattr(point, name, value)
    point.save(update_fields=list(values))
    after = _told_point(point)
    if after != before:
        record(
            actor=actor,
            verb="contact-point.changed",
            subject=point,
            customer_id=point.customer_id,
            before=before,
            after=after,
            reason=reason,
        )
    return point


def _told(customer: Customer) -> dict[str, str | None]:
    """What the record keeps of a customer: personal numbers only masked."""
    return {
        "name": customer.masked_name,
        "id_type": customer.id_type,
        "id_number": customer.masked_id_number,
        "locale": customer.locale,
        "time_zone": customer.time_zone,
        "jurisdiction": customer.jurisdiction,
    }


def _told_point(point: ContactPoint) -> dict[str, str | bool | None]:
    return {
        "kind": point.kind,
        "value": point.masked_value,
        "source": point.source,
        "relationship": point.relationship,
        "permitted": point.permitted,
        "verification": point.verification,
    } | ({"whose": point.masked_name} if point.name_cipher else {})
