"""A list is not taken away as a file by a filter that makes no sense: that would be the whole list."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from audit.models import Event
from tests.factories import BusinessDayFactory, UserFactory

pytestmark = pytest.mark.django_db
NUMBER, DAY = "is no number: expected one such as", "is no date: expected one that exists, such as"
LISTED = "is not on the list. Choose one that is."
# The list, what makes no sense of its filter, and what is said of each value.
SENSELESS = [
    ("/worklist/", "amount_min=x&opened_from=soon", {"“Amount from”: “x”": NUMBER, "“Opened from”: “soon”": DAY}),
    ("/worklist/", "bucket=M1&bucket=M77&assignee=me", {"“Bucket”: “M1, M77”": LISTED}),
    ("/worklist/", "sort=colour", {"“Order”: “colour”": LISTED}),
    ("/promises/", "show=some&assignee=nobody", {"“Show”: “some”": LISTED, "“Worked by”: “nobody”": LISTED}),
    ("/disputes/", "reason=mood", {"“Reason”: “mood”": LISTED}),
    ("/complaints/", "handler=0&received_to=2026-02-30", {"“Handled by”: “0”": LISTED, "“2026-02-30”": DAY}),
    ("/messages/", "status=revue&day_from=x", {"“State”: “revue”": LISTED, "“Business day from”: “x”": DAY}),
    ("/treatments/", "strategy=first&arm=left", {"“Strategy”: “first”": NUMBER, "“Arm”: “left”": LISTED}),
]


@pytest.mark.parametrize(("address", "query", "said"), SENSELESS)
def test_a_filter_that_makes_no_sense_exports_nothing_and_says_so_as_the_list_does(
    client: Client, address: str, query: str, said: dict[str, str]
) -> None:
    BusinessDayFactory()
    client.force_login(UserFactory(role="supervisor"))
    with_list = address in ("/promises/", "/disputes/")
    answer = client.get(f"{address}?{query}&export=1" if with_list else f"{address}export/?{query}")
    assert answer.status_code == 400
    refused, listed = (unescape(page.content.decode()) for page in (answer, client.get(f"{address}?{query}")))
    for value, words in said.items():
        (sentence,) = (one for errors in answer.context["errors"].values() for one in errors if value in one)
        assert words in sentence
        assert sentence in refused
        assert sentence in listed
    assert f'href="{address}?{query}"' in refused
    assert not Event.objects.filter(verb="list.exported").exists()
