"""The person and the ways to reach her. What identifies or reaches a person is encrypted and found by a blind index."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import vault


class Origin(models.TextChoices):
    ENTERED = "entered", _("Entered by staff")
    IMPORTED = "imported", _("Imported")
    MADE = "made", _("Made up for demonstration")


class IdType(models.TextChoices):
    RESIDENT_ID = "resident-id", _("Resident identity card")
    PASSPORT = "passport", _("Passport")
    HK_MACAO_PERMIT = "hk-macao-permit", _("Hong Kong and Macao permit")
    TAIWAN_PERMIT = "taiwan-permit", _("Taiwan permit")
    FOREIGN_RESIDENT = "foreign-resident", _("Foreigner's residence permit")
    OTHER = "other", _("Other")


class Jurisdiction(models.TextChoices):
    """Whose rules say when and how often a person may be contacted: a pack of the gate's."""

    CHINA = "cn", _("China")
    UNITED_STATES = "us", _("United States")


def last_word(name: str) -> models.Func:
    """The last word of a column, as it is indexed: who has a name of several words is mostly looked for by it."""
    return models.Func(name, template="split_part(%(expressions)s, ' ', -1)", output_field=models.CharField())


class Customer(models.Model):
    """A person who borrows, or answers for one who does."""

    ref = models.CharField(_("reference"), max_length=64, unique=True)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=200)
    id_type = models.CharField(_("identity document"), max_length=20, choices=IdType, blank=True)
    id_number_cipher = models.BinaryField(_("identity number (encrypted)"), null=True, blank=True, editable=False)
    id_number_index = models.BinaryField(max_length=32, null=True, blank=True, editable=False)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True, help_text=_("zh-Hans or en"))
    time_zone = models.CharField(_("time zone"), max_length=50, default="Asia/Shanghai")
    jurisdiction = models.CharField(
        _("rules of contact"), max_length=10, choices=Jurisdiction, default=Jurisdiction.CHINA, db_default="cn"
    )
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.ENTERED)
    recorded_at = models.DateTimeField(_("recorded at"))
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id_number_index"], name="customer_by_id_number"),
            models.Index(fields=["name"], name="customer_by_name"),
            # In the form that `istartswith` asks for.
            models.Index(Upper("name"), name="customer_by_name_any_case"),
            models.Index(Upper(last_word("name")), name="customer_by_last_word"),
            # Which combinations there are, without reading every customer.
            models.Index(fields=["jurisdiction", "time_zone"], name="customer_by_zone"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.masked_name}"

    @property
    def id_number(self) -> str:
        """The identity number in clear; empty when not known. Show it only where revealing is allowed and recorded."""
        return vault.decrypt(bytes(self.id_number_cipher)) if self.id_number_cipher else ""

    @property
    def masked_id_number(self) -> str:
        return vault.mask_id_number(self.id_number)

    @property
    def masked_name(self) -> str:
        return vault.mask_name(self.name)

    @property
    def language(self) -> str:
        """The language to write in, one of `settings.LANGUAGES`: the customer's own where we can, else the lender's."""
        own = self.locale.lower()
        return own if own in dict(settings.LANGUAGES) else settings.DEFAULT_CUSTOMER_LOCALE


class ContactKind(models.TextChoices):
    MOBILE = "mobile", _("Mobile phone")
    PHONE = "phone", _("Fixed line")
    EMAIL = "email", _("E-mail")
    ADDRESS = "address", _("Postal address")
    PUSH = "push", _("App push")


class Relationship(models.TextChoices):
    """Whose the contact point is. Not known counts as a third person's."""

    OWN = "own", _("Own")
    CO_DEBTOR = "co-debtor", _("Co-debtor")
    GUARANTOR = "guarantor", _("Guarantor")
    CONTACT_PERSON = "contact-person", _("Contact person")
    REPRESENTATIVE = "representative", _("Representative (lawyer, guardian, executor)")


# Of whom nobody has a row of her own: who is reached there is named on the contact point.
NAMED = (Relationship.CONTACT_PERSON, Relationship.REPRESENTATIVE)


class Verification(models.TextChoices):
    UNVERIFIED = "unverified", _("Not verified")
    VERIFIED = "verified", _("Verified")
    WRONG = "wrong", _("Marked wrong")


class ContactPoint(models.Model):
    """One number or address with where it came from, whose it is and whether its use is permitted.

    What is not known (`source` or `relationship` blank, `permitted` null) makes it a third person's: nothing is ever sent.
    Who is reached there is named where she is one of `NAMED`, and somebody knows her name.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="contact_points", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=10, choices=ContactKind)
    value_cipher = models.BinaryField(_("value (encrypted)"), editable=False)
    value_index = models.BinaryField(max_length=32, editable=False)
    source = models.CharField(_("source"), max_length=100, blank=True, help_text=_("Where it came from: contract, …"))
    relationship = models.CharField(_("whose it is"), max_length=20, choices=Relationship, blank=True)
    permitted = models.BooleanField(_("use permitted"), null=True, blank=True)
    name_cipher = models.BinaryField(_("who is reached there (encrypted)"), null=True, blank=True, editable=False)
    name_index = models.BinaryField(max_length=32, null=True, blank=True, editable=False)
    verification = models.CharField(
        _("verification"), max_length=10, choices=Verification, default=Verification.UNVERIFIED
    )
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.ENTERED)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "value_index"], name="contact_point_once_per_customer")
        ]
        indexes = [models.Index(fields=["value_index"], name="contact_point_by_value")]
        permissions = [
            ("reveal_contactpoint", _("Can see a contact point in clear")),
            ("enter_contactpoint", _("Can add a contact point on the page of a case")),
            ("verify_contactpoint", _("Can verify a contact point, or mark it wrong, on the page of a case")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.masked_value}"

    @property
    def value(self) -> str:
        """The number or address in clear. Show it only where revealing is allowed and recorded."""
        return vault.decrypt(bytes(self.value_cipher))

    @property
    def name(self) -> str:
        """The whole name of who is reached there, where it is kept here; empty when not known. Show it as `value`."""
        return vault.decrypt(bytes(self.name_cipher)) if self.name_cipher else ""

    @property
    def masked_name(self) -> str:
        return vault.mask_name(self.name)

    @property
    def masked_value(self) -> str:
        return vault.mask_contact(self.kind, self.value)
