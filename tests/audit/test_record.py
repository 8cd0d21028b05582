"""The record: what it keeps, that nothing is taken back, and in which request it happened."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from audit import selectors, services
from audit.models import Event
from audit.services import SystemActor
from delinquency.migrating import only_what_changed
from runs import clock
from tests.factories import MOMENT, BusinessDayFactory, CustomerFactory, EventFactory, UserFactory

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_an_event_says_who_what_before_after_and_why() -> None:
    user, customer = UserFactory(display_name="Lin"), CustomerFactory()
    with clock.frozen(NOON), services.in_request("r1"):
        services.record(
            actor=user,
            verb="change",
            subject=customer,
            before={"limit": Decimal("10.00"), "on": date(2026, 1, 2)},
            after={"limit": None},
            reason="asked for it",
            customer_id=customer.pk,
        )
    event = Event.objects.get()
    assert (event.at, event.actor_id, event.actor_name, event.verb) == (NOON, user.pk, "Lin", "change")
    assert (event.subject_type, event.subject_id, event.subject_ref) == ("customer", customer.pk, customer.ref)
    assert (event.before, event.after) == ({"limit": "10.00", "on": "2026-01-02"}, {"limit": None})
    assert (event.reason, event.customer_id, event.account_id, event.request_id) == (
        "asked for it",
        customer.pk,
        None,
        "r1",
    )


@pytest.mark.django_db
def test_a_subject_whose_key_is_no_number_is_kept_by_its_text() -> None:
    services.record(actor=SystemActor("close"), verb="day.closed", subject=BusinessDayFactory())
    event = Event.objects.get()
    assert (event.actor_id, event.actor_name) == (None, "close")
    assert (event.subject_type, event.subject_id, event.subject_ref) == ("businessday", None, "2026-11-22")


@pytest.mark.django_db
def test_many_events_equal_single_ones() -> None:
    customer = CustomerFactory()
    before, after = {"bucket": "", "amount": Decimal("1.50")}, {"bucket": "M1", "note": "王\t小\n明 \\ ok"}
    actor = SystemActor("close")
    with clock.frozen(NOON), services.in_request("close-1"):
        services.record(
            actor=actor, verb="v", subject=customer, before=before, after=after, reason="w", customer_id=customer.pk
        )
        row = (customer.pk, customer.ref, customer.pk, None, before, after, "w")
        empty = (None, "", None, None, None, None, "")
        count = services.record_many(actor=actor, verb="v", subject_type="customer", rows=iter([row, empty]))
    assert count == 2
    single, many, bare = Event.objects.order_by("id").values()
    assert {**single, "id": None} == {**many, "id": None}
    assert (bare["before"], bare["after"], bare["subject_id"]) == (None, None, None)


@pytest.mark.django_db
def test_the_event_goes_back_with_the_change_that_it_tells_of() -> None:
    with transaction.atomic():
        services.record(actor=SystemActor("x"), verb="v", subject=CustomerFactory())
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_event SET reason = 'no'", "DELETE FROM audit_event", "TRUNCATE audit_event"],
)
def test_the_database_refuses_to_change_what_happened(statement: str) -> None:
    EventFactory()
    with pytest.raises(Error, match="audit_event is append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_append_only_migration_goes_back_and_forth() -> None:
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("audit", "0002_append_only")
    before = executor.loader.project_state(("audit", "0002_append_only"), at_end=False)
    with connection.schema_editor() as editor:
        migration.unapply(before, editor)
    try:
        EventFactory()
        Event.objects.all().delete()
    finally:
        with connection.schema_editor() as editor:
            migration.apply(before, editor)
    EventFactory()
    with pytest.raises(Error, match="append-only"):
        Event.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_all_that_hangs_on_the_record_goes_back_and_forth() -> None:
    """Most migrations there are."""
    try:
        with only_what_changed():
            state = MigrationExecutor(connection).migrate([("audit", "0001_initial")])
        old = state.apps.get_model("audit", "Event").objects
        old.create(at=MOMENT, actor_name="x", verb="x", subject_type="x")
        old.all().delete()
    finally:
        call_command("migrate", verbosity=0)
    EventFactory()
    with pytest.raises(Error, match="append-only"):
        Event.objects.all().delete()


@pytest.mark.django_db
def test_the_timeline_is_the_customers_own_newest_first() -> None:
    first, _other, last = EventFactory(customer_id=1), EventFactory(customer_id=2), EventFactory(customer_id=1)
    assert list(selectors.timeline(customer_id=1)) == [last, first]


@pytest.mark.django_db
def test_every_answer_carries_the_id_of_its_own_request(client: Client) -> None:
    ids = {client.get("/login/", headers={"X-Request-ID": "forged"})["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(name) == 32 for name in ids)
    assert services.current_request_id() == ""


def test_the_record_has_no_foreign_key() -> None:
    """It outlives what it names."""
    assert not [field for field in apps.get_model("audit.Event")._meta.get_fields() if field.is_relation]
