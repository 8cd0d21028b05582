"""What a simulation counts: pure sums, and the result that its page shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

SENT, WITHHELD, HELD_OUT, CALL, PROPOSED = "sent", "withheld", "held-out", "call", "proposed"
# Contacts a person from which on they are counted together.
MANY = 10


@dataclass
class Tally:
    """Counts of one simulation, filled while it runs."""

    by_rule: Counter[tuple[int, str]] = field(default_factory=Counter)
    by_arm: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_day: Counter[tuple[date, str]] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)
    by_channel: Counter[str] = field(default_factory=Counter)
    by_refusal: Counter[str] = field(default_factory=Counter)
    proposals: Counter[str] = field(default_factory=Counter)
    # People to whom a rule fitted of whose templates none has an approved version: nothing goes to them.
    unapproved: Counter[int] = field(default_factory=Counter)
    # Messages by a channel for which no price is entered: the cost leaves them out.
    unpriced: Counter[str] = field(default_factory=Counter)
    contacts_of: Counter[int] = field(default_factory=Counter)
    people_of_arm: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    cost: defaultdict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def happened(self, day: date, rule_id: int, arm: str, what: str, customer_id: int) -> None:
        """Something was done to a person, or was not."""
        self.by_rule[rule_id, what] += 1
        self.by_arm[arm, what] += 1
        self.by_day[day, what] += 1
        self.people_of_arm[arm].add(customer_id)

    def sent(
        self, customer_id: int, channel: str, at: datetime, zone: str, price: Decimal | None, currency: str
    ) -> None:
        """A message would have gone; the hour is that of the person's own clock."""
        self.contacts_of[customer_id] += 1
        self.by_channel[channel] += 1
        self.by_hour[at.astimezone(ZoneInfo(zone)).hour] += 1
        if price is None:
            self.unpriced[channel] += 1
        else:
            self.cost[channel, currency] += price

    def result(self, days: Iterable[date], rules: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
        """Everything as JSON; `rules`: what is shown of each, by key, in the order of their strategies."""
        each = Counter(min(times, MANY) for times in self.contacts_of.values())
        kinds = (SENT, WITHHELD, HELD_OUT, CALL, PROPOSED)
        return {
            **{
                kind.replace("-", "_"): sum(n for (_day, what), n in self.by_day.items() if what == kind)
                for kind in kinds
            },
            "people": len(self.contacts_of),
            "unapproved": self.unapproved.total(),
            "contacts_each": [[times, each[times]] for times in range(1, max(each, default=0) + 1)],
            "by_hour": [[hour, self.by_hour[hour]] for hour in range(24)],
            "by_day": [[day.isoformat(), *(self.by_day[day, kind] for kind in kinds)] for day in days],
            "by_channel": [[channel, number] for channel, number in self.by_channel.most_common()],
            "by_refusal": [[rule, number] for rule, number in self.by_refusal.most_common()],
            "by_rule": [
                {**shown, **_of(self.by_rule, key, kinds), "unapproved": self.unapproved[key]}
                for key, shown in rules.items()
            ],
            "by_arm": [
                {"arm": arm, "people": len(people), **_of(self.by_arm, arm, kinds)}
                for arm, people in sorted(self.people_of_arm.items())
            ],
            "proposals": [[action, number] for action, number in self.proposals.most_common()],
            "cost": [[channel, currency, f"{total:.2f}"] for (channel, currency), total in sorted(self.cost.items())],
            "unpriced": [[channel, number] for channel, number in self.unpriced.most_common()],
        }


def _of(counts: Mapping[Any, int], key: Any, kinds: Iterable[str]) -> dict[str, int]:
    return {kind.replace("-", "_"): counts.get((key, kind), 0) for kind in kinds}
