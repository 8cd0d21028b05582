"""What holds stop us from speaking of, and what is left to speak of: pieces of statements, for whoever asks about many accounts.

A hold about some bills alone (a plan's) stops nothing while something is overdue beside them; then only that is told.
"""

from __future__ import annotations

# What is overdue beside what is held on the account of hold `h`, as it stands now.
_BESIDE_NOW = "SELECT FROM accounts_standing b WHERE b.account_id = h.account_id AND b.beside_amount > 0"


def stops(beside: str = _BESIDE_NOW) -> str:
    """That hold `h`, while it is in force, stops contact about its account. `beside`: a query that finds a row where something
    is overdue beside what it is about."""
    return f"(h.kind IN ('contact', 'treatment') AND (h.covers IS NULL OR NOT EXISTS ({beside})))"


# Hold `h`, while it is in force, stops contact about its account now, and was not taken back.
STOPS = f"({stops()} AND h.withdrawn_at IS NULL)"

# Of a late account that no hold stops, with its standing `s`: what we speak of, since when it is late, and from when its days
# count. Nothing beside what is held, and yet no hold: it ended since the account was last judged.
ASKED_AMOUNT = "coalesce(nullif(s.beside_amount, 0), s.overdue_amount)"
ASKED_SINCE = "coalesce(s.beside_since, s.overdue_since)"
ASKED_FROM_ON = "coalesce(s.beside_from_on, s.clock_from_on)"
