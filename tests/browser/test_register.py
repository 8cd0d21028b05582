"""Complaints and contacts in a real browser: entered, answered, read with axe in both themes, wide and narrow."""

from __future__ import annotations

import io
import wave
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from audit.models import Event
from compliance.models import Complaint, Contact
from compliance.services import recordings
from runs import clock
from tests.browser.test_desk import _faults as faults
from tests.factories import (
    CaseFactory,
    ComplaintFactory,
    ContactFactory,
    ContactPointFactory,
    CustomerFactory,
    UserFactory,
)
from tests.sizes import VARIANTS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def contact() -> Contact:
    """A call that a customer complained about, with its recordings."""
    today, now = clock.today(), clock.now()
    customer = CaseFactory(customer=CustomerFactory(ref="C1", name="王小明")).customer
    author = UserFactory(display_name="Zhou")
    point = ContactPointFactory(customer=customer, kind="mobile", clear="13800002046")
    made = ContactFactory(
        customer=customer, contact_point=point, actor=author, actor_name="Zhou", outcome="refused", seconds=95, at=now,
        note="Says the bill is not hers",
    )  # fmt: skip
    recordings.attach(actor=author, contact_id=made.pk, link="https://recordings.example/1", name="Whole call")
    held = recordings.attach(actor=author, contact_id=made.pk, link="https://recordings.example/2")
    recordings.set_legal_hold(actor=author, recording_id=held.pk, on=True, reason="Court")
    ComplaintFactory(
        ref="CP1", customer=customer, contact=made, about=author, received_on=today, due_on=today + timedelta(days=2)
    )
    ComplaintFactory(
        ref="CP2", customer=customer, received_on=today - timedelta(days=20), due_on=today - timedelta(days=5)
    )
    ComplaintFactory(
        ref="CP3",
        customer=customer,
        reason="privacy",
        status="partly",
        closed_at=now,
        closed_by_name="Chen",
        answer="Sorry",
    )
    return made


def test_a_recording_is_heard_on_the_page_of_its_contact(
    contact: Contact, desk: Page, settings: LazySettings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    tone = io.BytesIO()
    with wave.open(tone, "wb") as written:
        written.setparams((1, 2, 8_000, 0, "NONE", ""))
        written.writeframes(b"\0\0" * 800)
    file = SimpleUploadedFile("call.wav", tone.getvalue())
    recordings.attach(actor=contact.actor, contact_id=contact.pk, file=file, name="Second part")
    desk.goto(f"/contacts/{contact.pk}/")
    player = desk.locator("audio")
    expect(player).to_have_count(1)  # a link is played where it leads
    assert not Event.objects.filter(verb="recording.fetched").exists()
    player.evaluate("""one => new Promise((resolve, reject) => {
        one.onended = resolve; one.onerror = () => reject(one.error.message); one.muted = true; one.play()
    })""")
    assert Event.objects.filter(verb="recording.fetched").exists()


def test_a_complaint_is_entered_handed_over_and_answered(contact: Contact, desk: Page) -> None:
    chen = UserFactory(role="supervisor", display_name="Chen")
    desk.goto("/complaints/new/?customer=C1")
    desk.get_by_label("Reason").select_option("harassment")
    desk.get_by_label("What was said").fill("Shouted at my mother")
    desk.get_by_label("About the contact").select_option(str(contact.pk))
    desk.get_by_role("button", name="Enter the complaint").click()
    expect(desk.get_by_role("status")).to_contain_text("is entered")
    expect(desk.get_by_text("15 days left")).to_be_visible()
    desk.get_by_label("To", exact=True).select_option(str(chen.pk))
    desk.get_by_role("button", name="Hand over").click()
    expect(desk.get_by_role("status")).to_have_text("Handed to Chen.")
    desk.get_by_label("Outcome").select_option("upheld")
    desk.get_by_label("What the person was answered").fill("We are sorry.")
    desk.get_by_role("button", name="Close the complaint").click()
    expect(desk.get_by_text("What was answered")).to_be_visible()
    complaint = Complaint.objects.latest("pk")
    assert (complaint.status, complaint.about, complaint.handler) == ("upheld", contact.actor, chen)


@pytest.mark.parametrize(("theme", "width"), VARIANTS)
def test_axe_finds_nothing_on_the_registers_pages(contact: Contact, desk: Page, theme: str, width: int) -> None:
    desk.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its words
    desk.set_viewport_size({"width": width, "height": 900})
    addresses = (
        "/complaints/", "/complaints/?status=withdrawn", "/complaints/CP1/", "/complaints/CP2/", "/complaints/CP3/",
        "/complaints/new/?customer=C1", f"/contacts/{contact.pk}/",
    )  # fmt: skip
    found = []
    for address in addresses:
        found.append(faults(desk, address))
        assert desk.url.endswith(address)
    assert not "".join(found)
