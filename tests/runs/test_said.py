"""What is said to one person, kept, and told to readers of any language."""

from __future__ import annotations

from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext_lazy

from runs.said import kept, said, said_list, said_of, told


def test_what_is_kept_is_told_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        days = said_of("%(days)d day", "%(days)d days", 3) % {"days": 3}
        found = said("%(what)s: %(then)s then, %(now)s now") % {
            "what": said("late fees"),
            "then": Decimal("1.50"),
            "now": days,
        }
        why = kept(said("This changed since it was asked for: %(changes)s. Send it back, to be asked for as it is now.") % {
            "changes": said_list([found, "100 %"], apart=True)
        } + (" " + said("Nothing is owed any more.")))  # fmt: skip
        in_chinese = told(why)
    with translation.override("en"):
        assert told(why) == (
            "This changed since it was asked for: late fees: 1.50 then, 3 days now; 100 %. Send it back, to be asked for as "
            "it is now. Nothing is owed any more."
        )
    with translation.override("zh-hans"):
        assert told(why) == in_chinese
        assert "late fees" not in in_chinese
        assert "违约金" in in_chinese


def test_a_lazy_value_is_told_again_too() -> None:
    with translation.override("zh-hans"):
        why = kept(said("%(name)s: %(state)s") % {"name": "A", "state": gettext_lazy("Withdrawn")})
    with translation.override("en"):
        assert told(why) == "A: Withdrawn"


def test_what_nobody_put_together_stands_as_it_is() -> None:
    for text in ("Nothing.", "", '{"other": 1}'):
        assert told(kept(text)) == text
