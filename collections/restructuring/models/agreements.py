"""What was agreed on, as it was printed and signed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint
from reminders.models import Message
from restructuring.models.plans import Plan


class Way(models.TextChoices):
    SCAN = "scan", _("Scan of the signed paper")
    CODE = "code", _("One-time code")


class Agreement(models.Model):
    """A plan's agreement as it was printed, by its hash; and the debtor's signature: the paper's scan, or a one-time code.

    What was printed stays as it is, and so does what was signed (trigger).
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="agreements", verbose_name=_("plan"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    file = models.FileField(_("file"), upload_to="agreements/%Y/%m/")
    sha256 = models.CharField("SHA-256", max_length=64)
    made_at = models.DateTimeField(_("made at"))
    made_by_name = models.CharField(_("made by"), max_length=150)
    signed_at = models.DateTimeField(_("signed at"), null=True, blank=True)
    recorded_by_name = models.CharField(_("recorded by"), max_length=150, blank=True)
    way = models.CharField(_("signed by"), max_length=4, choices=Way, blank=True)
    code = models.OneToOneField(
        "SigningCode", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("code")
    )
    scan = models.FileField(_("scan"), upload_to="agreements/%Y/%m/", blank=True)
    scan_type = models.CharField(max_length=40, blank=True)
    scan_sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "language"], name="agreement_once_per_language"),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, way="", code__isnull=True)
                | Q(signed_at__isnull=False, way="scan", code__isnull=True) & ~Q(scan="") & ~Q(scan_sha256="")
                | Q(signed_at__isnull=False, way="code", code__isnull=False),
                name="agreement_signed_by_scan_or_code",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.language}"


class SigningCode(models.Model):
    """A one-time code that was sent to the debtor, to sign one agreement with: that file, by its hash, and no other.

    The code itself is kept nowhere: `digest` is keyed, and of the code and the hash. `ended_at`: when it was used or used up by
    wrong attempts, or when a newer one or a scan took its place; one that lapsed merely lapses. What was sent stays (trigger).
    """

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="codes", verbose_name=_("agreement"))
    sha256 = models.CharField("SHA-256", max_length=64)
    contact_point = models.ForeignKey(
        ContactPoint, models.PROTECT, db_index=False, related_name="+", verbose_name=_("contact point")
    )
    message = models.OneToOneField(Message, models.PROTECT, related_name="+", verbose_name=_("message"))
    digest = models.BinaryField(max_length=32, editable=False)
    sent_at = models.DateTimeField(_("sent at"))
    sent_by_name = models.CharField(_("sent by"), max_length=150)
    valid_until = models.DateTimeField(_("valid until"))
    most_attempts = models.PositiveSmallIntegerField(_("attempts at a code"))
    attempts = models.PositiveSmallIntegerField(_("wrong attempts"), default=0)
    used_at = models.DateTimeField(_("entered at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("code to sign with")
        verbose_name_plural = _("codes to sign with")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], name="signing_code_one_not_ended", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(attempts__lte=F("most_attempts"))
                & (Q(attempts__lt=F("most_attempts")) | Q(ended_at__isnull=False)),
                name="signing_code_attempts",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True)
                | Q(used_at=F("ended_at"), used_at__lt=F("valid_until"), attempts__lt=F("most_attempts")),
                name="signing_code_used_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} {self.pk}"

    @property
    def left(self) -> int:
        """How many attempts are left."""
        return self.most_attempts - self.attempts
