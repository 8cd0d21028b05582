"""A late customer's case: what is worked. It belongs to the person; the debts belong to the accounts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from accounts.models.book import MoneyField


class CaseStatus(models.TextChoices):
    OPEN = "open", _("Open")
    CURED = "cured", _("Cured")


class Case(models.Model):
    """One spell of lateness of one customer, from the first late account to none.

    `bucket`, `currency`, `clock_*` are those of the customer's worst account, `overdue_amount` the sum over the late
    accounts in that currency, `products` the codes of the late accounts' products; all follow the standings, in the close of
    day and at once when money moves.
    Days past due on D = `coalesce(clock_stopped_on, D) - clock_from_on`, as on a standing.
    """

    ref = models.CharField(_("reference"), max_length=32, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="cases", verbose_name=_("customer"))
    status = models.CharField(_("status"), max_length=10, choices=CaseStatus, default=CaseStatus.OPEN)
    opened_on = models.DateField(_("opened on"))
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    bucket = models.CharField(_("bucket"), max_length=10)
    risk_class = models.CharField(_("risk class"), max_length=20)
    currency = models.CharField(_("currency"), max_length=3)
    overdue_amount = MoneyField(_("overdue amount"))
    late_accounts = models.PositiveSmallIntegerField(_("late accounts"), default=1)
    products = ArrayField(models.CharField(max_length=40), verbose_name=_("products"), default=list)
    clock_from_on = models.DateField()
    clock_stopped_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=Q(status="open"), name="case_one_open_per_customer")
        ]
        indexes = [
            models.Index(fields=["clock_from_on", "id"], name="case_open_by_clock", condition=Q(status="open")),
            models.Index(
                fields=["bucket", "clock_from_on", "id"], name="case_open_by_bucket", condition=Q(status="open")
            ),
            # The numbers beside the worklist's buckets, read from the index alone.
            models.Index(
                fields=["bucket", "currency"],
                include=["overdue_amount"],
                name="case_open_tally",
                condition=Q(status="open"),
            ),
            models.Index(
                fields=["customer"],
                name="case_open_stopped",
                condition=Q(status="open", clock_stopped_on__isnull=False),
            ),
            models.Index(fields=["-overdue_amount", "id"], name="case_open_by_amount", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return self.ref
