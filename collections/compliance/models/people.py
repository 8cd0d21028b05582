"""What is kept of a person that bears on contacting her: flags, hours agreed, where she opted out."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, Customer
from compliance.models.gate import Channel


class FlagKind(models.TextChoices):
    DECEASED = "deceased", _("Deceased")
    INCAPACITY = "incapacity", _("Without legal capacity")
    REPRESENTED = "represented", _("Represented by a lawyer")
    BANKRUPT = "bankrupt", _("Bankrupt")
    MINOR = "minor", _("Minor")
    FRAUD_VICTIM = "fraud-victim", _("Victim of fraud")
    HARDSHIP = "hardship", _("Hardship")
    VULNERABLE = "vulnerable", _("Vulnerable")


class CustomerFlag(models.Model):
    """Something about a person that changes how she may be contacted and worked, with its evidence and its days."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="flags", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=20, choices=FlagKind)
    from_on = models.DateField(_("first day"))
    until_on = models.DateField(_("last day"), null=True, blank=True)
    evidence = models.TextField(_("evidence"))
    evidence_file = models.FileField(_("document"), upload_to="flags/%Y/%m/", blank=True)
    placed_at = models.DateTimeField(_("recorded at"))
    placed_by_name = models.CharField(_("recorded by"), max_length=150)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by_name = models.CharField(_("ended by"), max_length=150, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("customer flag")
        verbose_name_plural = _("customer flags")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind"], name="customer_flag_once_at_a_time", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="customer_flag_ends_after_start",
            ),
        ]
        permissions = [
            ("contact_vulnerable", _("Can contact customers flagged as vulnerable")),
            ("read_evidence", _("Can read the documents behind customer flags")),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class ContactAgreement(models.Model):
    """Hours of contact that the person agreed to, in place of the rule's, with the evidence of it."""

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="contact_agreements", verbose_name=_("customer")
    )
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("until"))
    from_on = models.DateField(_("first day"))
    until_on = models.DateField(_("last day"), null=True, blank=True)
    evidence = models.TextField(_("evidence"))
    agreed_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("agreed hours of contact")
        verbose_name_plural = _("agreed hours of contact")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], name="contact_agreement_one_at_a_time", condition=Q(revoked_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M} – {self.closes:%H:%M}"


class OptOut(models.Model):
    """The person asked not to be contacted there by that channel: of an SMS, calls to the same number go on.

    Withdrawn by a word of hers, never removed (trigger). Letters and visits know none.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="opt_outs", verbose_name=_("customer"))
    contact_point = models.ForeignKey(
        ContactPoint, models.PROTECT, db_index=False, related_name="+", verbose_name=_("contact point")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    opted_out_at = models.DateTimeField(_("opted out at"))
    source = models.CharField(_("came by"), max_length=40)
    evidence = models.CharField(_("evidence"), max_length=300)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_by_name = models.CharField(_("withdrawn by"), max_length=150, blank=True)
    withdrawal_evidence = models.CharField(_("evidence of the withdrawal"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        ordering = ["-id"]
        default_permissions = ("add", "change", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["contact_point", "channel"],
                name="opt_out_once_at_a_time",
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["email", "sms", "push", "voice"]), name="opt_out_of_a_channel_that_knows_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} #{self.contact_point_id}"
