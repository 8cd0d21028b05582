"""In Chinese nothing of the simulator, a plan, its request and its agreement stays in English."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from accounts.services import watches
from cases.models import Case
from restructuring.models import Plan
from restructuring.services.agreements import agreement_of
from runs import clock
from tests.restructuring.deeds import ACTOR, TODAY, ask, close_through, noon, pay, running
from tests.restructuring.test_pages import chosen

# What is no word: references, codes of currencies, kinds of files, names, and terms that Chinese writes so, too.
NO_WORDS = re.compile(
    r"(?<![A-Za-z0-9])([A-Z]{1,3}\d+(-\d+)?|K\d|CNY|IRR|PDF|CSV|JPEG|PNG|SHA|[0-9a-f]{8,}|Lin|Chen|Lost her job|English|[ABC])"
    r"(?![A-Za-z0-9])"
)
LATIN = re.compile(r"[A-Za-z]{2,}(?:[ ,'’-]+[A-Za-z]+)*")


def words(page: str) -> set[str]:
    """What is left of a page's visible text in Latin letters."""
    main = page[page.index("<main") : page.index("</main>")] if "<main" in page else page
    main = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", main, flags=re.S)
    said = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', main)
    text = html.unescape(re.sub(r"<[^>]+>", "\n", main) + "\n" + "\n".join(said))
    return set(LATIN.findall(NO_WORDS.sub(" ", text)))


@pytest.fixture
def reader(client: Client, account, lin, settings, tmp_path) -> Client:
    settings.MEDIA_ROOT = tmp_path
    client.force_login(lin)
    client.cookies["django_language"] = "zh-hans"
    return client


def test_the_simulator_and_its_offers(reader: Client, account) -> None:
    assert words(reader.get(f"/plans/new/{account.ref}/").text) == set()
    assert words(reader.post(f"/plans/new/{account.ref}/", chosen()).text) == set()
    refused = chosen(**{"a-count": "60", "a-annual_rate": "90", "b-discount": "900000", "c-kind": "extension"})
    assert words(reader.post(f"/plans/new/{account.ref}/", refused).text) == set()


def test_a_proposal_its_request_and_its_agreement(reader: Client, account, lin, chen, terms) -> None:
    plan = ask(lin, account, terms)
    pay(account, "P1", 100)
    for address in (f"/plans/{plan.ref}/", "/plans/", f"/approvals/{plan.request_id}/"):
        assert words(reader.get(address).text) == set(), address
    made = agreement_of(actor=lin, plan_id=plan.pk, language="zh-hans")
    with made.file.open() as file:
        text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(file.read())).pages)
    text = text.replace(plan.customer.name, "")
    assert words(text) <= set(re.findall(r"[A-Za-z]+", lender())), text


def lender() -> str:
    """How the lender is called is for the lender to say."""
    return f"{django_settings.LENDER_NAME} {django_settings.LENDER_CONTACT}"


def test_a_live_plan_and_what_the_case_shows_of_it(reader: Client, account, lin, chen, terms) -> None:
    close_through(TODAY)
    with clock.frozen(noon(TODAY + timedelta(days=1))):
        plan = running(lin, chen, account, terms)
        reader.force_login(chen)
        reader.cookies["django_language"] = "zh-hans"
        assert words(reader.get(f"/plans/{plan.ref}/").text) == set()
        assert words(reader.get(f"/plans/new/{account.ref}/").text) == set()
        # Until when it is watched, and which class its account keeps at least meanwhile.
        watch = Plan.objects.get().watch
        assert watch is not None
        with translation.override("zh-hans"):
            floor = watch.get_floor_display()
        beside = reverse("case-beside", args=[Case.objects.get().ref])
        assert f"观察期至 {watch.ends_on}：风险分类不优于“{floor}”" in html.unescape(reader.get(beside).text)
        watches.withdraw(actor=ACTOR, watch_id=watch.pk, reason="x")
        assert "观察期至" not in reader.get(beside).text
