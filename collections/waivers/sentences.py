"""Why a waiver cannot be asked for, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from runs.texts import listed
from waivers.models import WaiverPolicy
from waivers.rules import Fault
from waivers.selectors import Preview


def say_fault(fault: Fault, currency: str) -> str:
    """What a policy asks, and is not so."""
    if fault.code in ("repayment", "first"):
        assert isinstance(fault.most, int)
        return _counted(fault.code, fault.most)
    amount = f"{fault.most:,.2f} {currency}" if fault.code == "cap" else ""
    return {
        "reason": _("not for this reason"),
        "product": _("not for this product"),
        "hardship": _("the customer is not in hardship"),
        "share": _("more than %(percent)s %% of the fee") % {"percent": fault.most},
        "cap": _("more than the %(amount)s that may still be waived for the customer in twelve months")
        % {"amount": amount},
    }[fault.code]


def _counted(code: str, count: int) -> str:
    if code == "repayment":
        text = ngettext(
            "no money came, or is agreed to come, within %(count)d day",
            "no money came, or is agreed to come, within %(count)d days",
            count,
        )
    else:
        text = ngettext(
            "something was waived for the customer in the last month",
            "something was waived for the customer in the last %(count)d months",
            count,
        )
    return text % {"count": count}


def say_faults(policy: WaiverPolicy, faults: Iterable[Fault]) -> str:
    """A policy, and all of it that is not so."""
    return _("“%(policy)s”: %(faults)s") % {
        "policy": policy,
        "faults": listed((say_fault(fault, policy.currency) for fault in faults), apart=True),
    }


def why_not(found: Preview) -> str:
    """Why what was previewed cannot be asked for, policy by policy where none lets it pass; nothing where it can."""
    refused = [say_faults(one.policy, one.faults) for one in found.refused]
    headline = why_not_in_short(found)
    return f"{headline} {listed(refused, apart=True)}" if headline == no_policy() else headline


def no_policy() -> str:
    """The sentence before the policies that do not let it pass."""
    return _("No policy lets this pass:")


def is_beyond_what_is_owed(found: Preview) -> bool:
    """Whether more is agreed to be paid than there would be to pay."""
    agreed = found.wanted.condition_amount
    return agreed is not None and agreed > found.owed_after


def why_not_in_short(found: Preview) -> str:
    """The same without the policies, for where they are listed."""
    currency = found.account.currency
    if not found.available:
        if found.promised:
            return _("All of the late fee, %(fee)s %(currency)s, is waived already once agreed payments come.") % {
                "fee": f"{found.fee:,.2f}",
                "currency": currency,
            }
        return _("There is no late fee on account %(account)s to waive.") % {"account": found.account.ref}
    if found.amount <= 0:
        return _("Nothing would be waived. Enter an amount above 0, or choose a bill that caused some of the fee.")
    if found.amount > found.available:
        return _("%(amount)s is more than there is to waive: at most %(most)s %(currency)s.") % {
            "amount": f"{found.amount:,.2f}",
            "most": f"{found.available:,.2f}",
            "currency": currency,
        }
    if is_beyond_what_is_owed(found):
        return _(
            "%(amount)s cannot be agreed as the payment: once this is waived, %(most)s %(currency)s is owed on the account."
            " Enter at most that."
        ) % {
            "amount": f"{found.wanted.condition_amount:,.2f}",
            "most": f"{found.owed_after:,.2f}",
            "currency": currency,
        }
    if found.policy is not None:
        return ""
    if not found.refused:
        return _(
            "No waiver policy is in force for %(currency)s. An administrator adds one on the data-entry pages."
        ) % {"currency": currency}
    return no_policy()
