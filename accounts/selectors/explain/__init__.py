"""Why an account is as late as it is: `standing` told in sentences, with the parts that they are made of.

Nothing is judged here: the replay and the judgement are the core's own, and this reads what they found.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection

from accounts.models import Account
from accounts.rules import day
from accounts.rules.terms import worst_class
from accounts.selectors.explain.parts import BillPart, Explanation, HoldPart, InForce, Met, PaymentPart, ReliefPart
from accounts.selectors.explain.story import Story
from accounts.selectors.facts import read_facts
from accounts.selectors.terms import read_terms
from runs import clock
from runs.selectors import book_day

__all__ = ["BillPart", "Explanation", "HoldPart", "InForce", "Met", "PaymentPart", "ReliefPart", "explain"]


def explain(account: Account, *, as_of: date | None = None, known_at: datetime | None = None) -> Explanation:
    """Why `account` is as late as it is at the end of `as_of` (default: the day the book stands on), as known at `known_at`.

    `known_at` (aware) None: with everything recorded, whenever. A handful of queries; the sentences are in the language
    that is active. Where there are many bills or payments, those that explain nothing are only counted.
    """
    as_of = as_of or book_day() or clock.today()
    terms = read_terms()
    # Where the worst class spreads, the customer's other accounts are judged as well.
    spreads = terms.worst_spreads(day(as_of))
    condition, key = ("a.customer_id = %s", account.customer_id) if spreads else ("a.id = %s", account.pk)
    with connection.cursor() as cursor:
        stories = {
            facts.account_id: Story(facts.ref, facts, as_of, known_at)
            for facts in read_facts(cursor, terms, condition, (key,))
        }
    story = stories[account.pk]
    if spreads:
        worst = worst_class(other.how_late.risk_class for other in stories.values())
        if worst != story.how_late.risk_class:
            source = next(other.ref for other in stories.values() if other.how_late.risk_class == worst)
            story.take_class(worst, source)
    return story.told()
