"""Complaints, and the dated terms by which they are answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from compliance.models.gate import Channel
from compliance.models.register import Contact


class ComplaintReason(models.TextChoices):
    HARASSMENT = "harassment", _("Harassment, threats or insults")
    HOURS = "hours", _("Contacted at the wrong hour or too often")
    THIRD_PERSONS = "third-persons", _("Third persons were contacted")
    PRIVACY = "privacy", _("Personal data or the debt were disclosed")
    FALSE_CLAIM = "false-claim", _("False statements, or posing as an authority")
    AMOUNT = "amount", _("Amount, fees or payment wrong")
    CREDIT_RECORD = "credit-record", _("Credit record")
    SERVICE = "service", _("Service")
    OTHER = "other", _("Other")


class ComplaintTerms(models.Model):
    """Within how many days a complaint is to be answered, from a date on; a blank reason is every other reason."""

    reason = models.CharField(_("reason"), max_length=20, choices=ComplaintReason, blank=True)
    answer_days = models.PositiveSmallIntegerField(_("answered within, days"))
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("deadline of complaints")
        verbose_name_plural = _("deadlines of complaints")
        ordering = ["reason", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["reason", "effective_from"], name="complaint_terms_once_per_date")
        ]

    def __str__(self) -> str:
        return f"{self.reason or '*'} {self.answer_days}"


class ComplaintStatus(models.TextChoices):
    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Upheld")
    PARTLY = "partly", _("Upheld in part")
    REJECTED = "rejected", _("Not upheld")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Complaint(models.Model):
    """A person's complaint about how she was treated: about whom, about which contact, until when it is to be answered."""

    ref = models.CharField(_("reference"), max_length=32, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="complaints", verbose_name=_("customer"))
    reason = models.CharField(_("reason"), max_length=20, choices=ComplaintReason)
    channel = models.CharField(_("came by"), max_length=10, choices=Channel)
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("about the contact")
    )
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="complaints_about",
        verbose_name=_("about the member of staff"),
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="complaints_handled",
        verbose_name=_("handled by"),
    )
    received_on = models.DateField(_("received on"))
    due_on = models.DateField(_("answer due"))
    text = models.TextField(_("what was said"))
    status = models.CharField(_("status"), max_length=10, choices=ComplaintStatus, default=ComplaintStatus.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by_name = models.CharField(_("closed by"), max_length=150, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_on"], name="complaint_open_by_due", condition=Q(status="open"))]

    def __str__(self) -> str:
        return self.ref
