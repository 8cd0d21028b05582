"""What services give as the reason of what they do by themselves: kept as a code, said in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from runs.texts import coded_in

# By code the sentence, and the names of its arguments in their order; an argument that is a code itself with the family of its
# words (`name:family`).
SENTENCES: Mapping[str, tuple[str | Promise, tuple[str, ...]]] = {
    "by-policy": (_("By the policy in force"), ()),
    "case-paid": (_("What was overdue on account %(account)s is paid."), ("account",)),
    "case-written-off": (_("Account %(account)s is written off."), ("account",)),
    "contact-corrected": (_("Contact %(number)s was corrected"), ("number",)),
    "contact-says": (_("Contact %(number)s: %(outcome)s"), ("number", "outcome:outcome")),
    "customer-asked": (_("The customer asks to be called back."), ()),
    "dispute-closed": (_("Dispute %(number)s closed"), ("number",)),
    "dispute-opened": (_("Dispute %(number)s: %(reason)s"), ("number", "reason:dispute-reason")),
    "handed-over": (_("Handed over from %(name)s"), ("name",)),
    "payment-taken-back": (_("%(waiver)s: the agreed payment was taken back"), ("waiver",)),
    "plan-ends": (_("Plan %(plan)s ends with it."), ("plan",)),
    # Kept with figures that did not count it; today's do (`plan-restores`).
    "plan-falls-back": (
        _("Plan %(plan)s is breached by it: what it took over is owed again, which these figures do not show."),
        ("plan",),
    ),
    "plan-is-breached": (_("Plan %(plan)s is breached by it; its instalments stay due."), ("plan",)),
    "plan-reopens": (
        _(
            "Plan %(plan)s opens again with it: collection and late fees stop while it is kept, late fees since it ended."
        ),
        ("plan",),
    ),
    "plan-restores": (_("Plan %(plan)s is breached by it, and what it took over is owed again."), ("plan",)),
    "plan-took-over": (_("Plan %(plan)s took the debt over."), ("plan",)),
    "receipt-bounced": (_("Receipt %(number)s: bounced (%(detail)s)"), ("number", "detail")),
    "receipt-delivered": (_("Receipt %(number)s: delivered after it bounced"), ("number",)),
}


def sentence(text: str, word: Callable[[str, str], str]) -> str | None:
    """What a coded reason (`runs.texts.coded`) says to the reader; None for what people wrote. `word` is the word of a family
    for a code."""
    code, arguments = coded_in(text)
    words, names = SENTENCES.get(code, ("", ()))
    if not words or len(arguments) != len(names):
        return None
    values = {}
    for name, argument in zip(names, arguments, strict=True):
        name, _colon, family = name.partition(":")
        values[name] = word(family, argument) if family else argument
    return str(words) % values
