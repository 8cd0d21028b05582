"""Money that arrived in a file: what each file brought, and what of it matched no account."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.book import MoneyField, Payment


class PaymentFile(models.Model):
    """What one file of payments brought: received = posted + waiting + known before + refused, in number and amount.

    A file with a bad row is refused whole: all of it that could be read is `refused` then. Append-only (trigger).
    """

    received_at = models.DateTimeField(_("received at"))
    business_day = models.DateField(_("business day"))
    actor_name = models.CharField(_("imported by"), max_length=150)
    received = models.PositiveIntegerField(_("received"))
    received_amount = MoneyField(_("amount received"))
    posted = models.PositiveIntegerField(_("posted"), default=0)
    posted_amount = MoneyField(_("amount posted"), default=0)
    waiting = models.PositiveIntegerField(_("matched no account"), default=0)
    waiting_amount = MoneyField(_("amount that matched no account"), default=0)
    known = models.PositiveIntegerField(_("known before"), default=0)
    known_amount = MoneyField(_("amount known before"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    refused_amount = MoneyField(_("amount refused"), default=0)

    class Meta:
        verbose_name = _("file of payments")
        verbose_name_plural = _("files of payments")
        ordering = ["-id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"#{self.pk}"


class UnmatchedStatus(models.TextChoices):
    WAITING = "waiting", _("Waits")
    MATCHED = "matched", _("Matched")
    RETURNED = "returned", _("Returned to who sent it")


class UnmatchedPayment(models.Model):
    """Money that names an account which the book does not know. It waits until somebody matches or returns it.

    It is no payment before: nothing of it counts for anybody. What arrived never changes, and what was decided stays
    (trigger); a payment that it became is reversed like any other.
    """

    ref = models.CharField(_("reference"), max_length=64, unique=True)
    account_ref = models.CharField(_("account as given"), max_length=64)
    amount = MoneyField(_("amount"))
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("known since"))
    channel = models.CharField(_("channel"), max_length=100, blank=True)
    file = models.ForeignKey(PaymentFile, models.PROTECT, related_name="unmatched", verbose_name=_("file of payments"))
    status = models.CharField(_("state"), max_length=10, choices=UnmatchedStatus, default=UnmatchedStatus.WAITING)
    payment = models.OneToOneField(
        Payment, models.PROTECT, null=True, blank=True, related_name="unmatched", verbose_name=_("payment")
    )
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("unmatched payment")
        verbose_name_plural = _("unmatched payments")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("match_unmatchedpayment", _("Can match payments that name no known account"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="unmatched_is_positive"),
            models.CheckConstraint(
                condition=Q(status="matched", payment__isnull=False)
                | Q(status__in=["waiting", "returned"], payment__isnull=True),
                name="unmatched_became_a_payment",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="unmatched_waiting", condition=Q(status="waiting"))]

    def __str__(self) -> str:
        return self.ref
