"""What a debtor disputes, why, and what stands still until it is answered."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Hold, HoldKind
from cases.models.case import Case
from compliance.models import Contact


class DisputeReason(models.TextChoices):
    NOT_MINE = "not-mine", _("Not my debt")
    FRAUD = "fraud", _("Fraud or identity theft")
    PAID = "paid", _("Already paid")
    AMOUNT = "amount", _("Amount or fees wrong")
    GOODS = "goods", _("Goods or services: refund, return, not delivered")
    AGREED_OTHERWISE = "agreed-otherwise", _("Something else was agreed")
    CREDIT_RECORD = "credit-record", _("Credit record")
    OTHER = "other", _("Other")


class DisputeTerms(models.Model):
    """What a dispute of a reason pauses and within how many days it is answered, from a date on; blank: every other reason."""

    reason = models.CharField(_("reason"), max_length=20, choices=DisputeReason, blank=True)
    pauses = ArrayField(
        models.CharField(max_length=10, choices=HoldKind), verbose_name=_("pauses"), default=list, blank=True
    )
    answer_days = models.PositiveSmallIntegerField(_("answered within, days"))
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("terms of disputes")
        verbose_name_plural = _("terms of disputes")
        ordering = ["reason", "-effective_from"]
        constraints = [models.UniqueConstraint(fields=["reason", "effective_from"], name="dispute_terms_once_per_date")]

    def __str__(self) -> str:
        return f"{self.reason or '*'} {self.answer_days}"


class DisputeStatus(models.TextChoices):
    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Upheld")
    PARTLY = "partly", _("Upheld in part")
    REJECTED = "rejected", _("Not upheld")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Dispute(models.Model):
    """A dispute of one account, or of all of the case's late ones. It pauses by holds, which are lifted when it closes."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="disputes", verbose_name=_("case"))
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("debt")
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="disputes", verbose_name=_("raised in the contact")
    )
    reason = models.CharField(_("reason"), max_length=20, choices=DisputeReason)
    statement = models.TextField(_("what the debtor says"))
    opened_on = models.DateField(_("opened on"))
    opened_at = models.DateTimeField(_("recorded at"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="disputes", verbose_name=_("opened by")
    )
    opened_by_name = models.CharField(_("opened by"), max_length=150)
    due_on = models.DateField(_("answer due"))
    holds = models.ManyToManyField(Hold, related_name="disputes", verbose_name=_("holds"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=DisputeStatus, default=DisputeStatus.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by_name = models.CharField(_("closed by"), max_length=150, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_on"], name="dispute_open_by_due", condition=models.Q(status="open"))]

    def __str__(self) -> str:
        return self.get_reason_display()
