"""What somebody decided about a debt: what need not be paid as billed, how good a class may look, when all of it is due.

Facts like payments and holds: the replay and the judging take them in, and nothing is ever edited.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.book import Account, Bill, MoneyField
from accounts.models.standings import RiskClass


class ReliefKind(models.TextChoices):
    """Why an amount is taken off. Closures and voids (`STAY`) do not lapse where they do not find it; all others do."""

    WAIVER = "waiver", _("Waiver")
    CLOSURE = "closure", _("Taken over by a plan")
    VOID = "void", _("Void: the plan fell back")
    DISCOUNT = "discount", _("Discount")
    WRITE_OFF = "write-off", _("Write-off")


STAY = (ReliefKind.CLOSURE, ReliefKind.VOID)


class Relief(models.Model):
    """An amount taken off one bill, or, without one, off the account's late fees, on a day. Append-only (trigger).

    It is directed: it meets its target and nothing else, before the payments of its day. What a waiver, a discount or a
    write-off does not find there lapses and is nobody's credit. A closure does not lapse, because the plan's own bills ask
    for the whole: what it does not find counts like a payment. Nor does a void of the plan's bills, when it falls back: what was
    paid towards them then meets what is owed again.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="reliefs", verbose_name=_("account"))
    ref = models.CharField(_("reference"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=ReliefKind)
    bill = models.ForeignKey(
        Bill, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("bill")
    )
    amount = MoneyField(_("amount"))
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("known since"))
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("relief")
        verbose_name_plural = _("reliefs")
        ordering = ["-effective_on", "-id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="relief_is_positive")]

    def __str__(self) -> str:
        return self.ref


class ReliefReversal(models.Model):
    """A relief taken back: out of the replay from `effective_on`, once known. Append-only (trigger)."""

    relief = models.OneToOneField(Relief, models.PROTECT, related_name="reversal", verbose_name=_("relief"))
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("known since"))
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("reversal of a relief")
        verbose_name_plural = _("reversals of reliefs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"↩ {self.relief}"


class Watch(models.Model):
    """An interval, both days included, in which an account's class is never told better than `floor`, late or not.

    Several may run at once: the worst floor counts. Never edited; see `Hold`.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="watches", verbose_name=_("account"))
    floor = models.CharField(_("no better than"), max_length=20, choices=RiskClass)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    known_from = models.DateTimeField(_("known since"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("watch period")
        verbose_name_plural = _("watch periods")
        ordering = ["account", "starts_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="watch_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_floor_display()} {self.starts_on}"


class Acceleration(models.Model):
    """The whole balance called due on a day: the account's final due date is then the earlier of its own and this.

    One in force for an account. Never edited: withdrawn at a moment, so that the past stays as it was known.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="accelerations", verbose_name=_("account"))
    due_on = models.DateField(_("all due on"))
    notified_on = models.DateField(_("debtor notified on"))
    reason = models.CharField(_("reason"), max_length=300)
    known_from = models.DateTimeField(_("known since"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("acceleration")
        verbose_name_plural = _("accelerations")
        ordering = ["account", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], name="one_acceleration_in_force", condition=Q(withdrawn_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("notified_on")), name="accelerated_after_notice"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.due_on}"
