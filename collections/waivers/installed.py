"""The policies that everyone starts from: they speak the reader's language until somebody adds a row with another title."""

from django.utils.translation import gettext_noop

INSTALLED = {
    "discretion": gettext_noop("At our discretion"),
    "first-time": gettext_noop("First time late, and repays"),
    "hardship": gettext_noop("Hardship relief"),
    "repayment": gettext_noop("Repays voluntarily"),
}
# What a policy was called when it was asked for, and is called now.
FORMERLY = {"Repays of her own accord": INSTALLED["repayment"]}
