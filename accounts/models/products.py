"""Products and the dated rows that govern them. Every row names its source; a row is in force from its date on.

The earliest row of a table also covers the time before its date, so that no day is without a rule.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

# The names of the installed products: in the database they stand in English.
INSTALLED = {
    "plain": gettext_noop("Plain bills"),
    "instalment": gettext_noop("Instalment credit"),
    "revolving": gettext_noop("Revolving credit"),
}


class MinimumRule(models.TextChoices):
    """What a bill asks at least, where the bill itself does not say."""

    WHOLE = "whole", _("The whole bill")
    PERCENT_OF_BALANCE = "percent-of-balance", _("A percentage of the balance at the statement")


class Product(models.Model):
    """A kind of credit line that the lender sells."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    is_active = models.BooleanField(_("may be sold"), default=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """The name as read: an installed product's in the reader's language, until somebody renames it."""
        return gettext(self.name) if INSTALLED.get(self.code) == self.name else self.name


class ProductTerms(models.Model):
    """What governs a product from a date on. Rates are fractions: 0.0005 a day is 0.05 %.

    Grace and the minimum's rule are those in force at a bill's statement; the late fee's rate is that of each day.
    """

    product = models.ForeignKey(Product, models.PROTECT, related_name="terms", verbose_name=_("product"))
    effective_from = models.DateField(_("in force from"))
    lender_kind = models.CharField(_("kind of lender"), max_length=60, blank=True)
    grace_days = models.PositiveSmallIntegerField(_("grace days"), default=0, validators=[MaxValueValidator(60)])
    minimum_rule = models.CharField(_("minimum due"), max_length=20, choices=MinimumRule, default=MinimumRule.WHOLE)
    minimum_rate = models.DecimalField(
        _("minimum's share"),
        max_digits=6,
        decimal_places=4,
        default=1,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    rolls_over = models.BooleanField(_("what is above the minimum rolls into the next bill"), default=False)
    missed_limit = models.PositiveSmallIntegerField(
        _("missed bills allowed in twelve months"), null=True, blank=True, help_text=_("Blank: no limit")
    )
    late_fee_daily_rate = models.DecimalField(_("late fee a day"), max_digits=9, decimal_places=8, default=0)
    contract_annual_rate = models.DecimalField(
        _("interest and service fee a year"), max_digits=7, decimal_places=6, default=0
    )
    all_in_annual_cap = models.DecimalField(
        _("all-in cap a year"), max_digits=7, decimal_places=6, null=True, blank=True
    )
    bill_days_back = models.PositiveSmallIntegerField(
        _("days back of a bill"),
        default=1830,
        help_text=_(
            "A bill entered by hand is dated so many days before today at most: what is older is mostly a slip"
        ),
    )
    bill_days_ahead = models.PositiveSmallIntegerField(
        _("days ahead of a bill"),
        default=400,
        help_text=_("A bill entered by hand is due in so many days at most: what is later is mostly a slip"),
    )
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("product terms")
        verbose_name_plural = _("product terms")
        ordering = ["product", "effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["product", "effective_from"], name="product_terms_once_per_date"),
            models.CheckConstraint(
                condition=models.Q(late_fee_daily_rate__gte=0, contract_annual_rate__gte=0, minimum_rate__range=(0, 1)),
                name="product_terms_rates_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.effective_from}"


class AllocationRule(models.Model):
    """The order in which a credit meets what is owed, by version. An entry keeps the rule of its own effective date."""

    version = models.PositiveSmallIntegerField(_("version"), unique=True)
    effective_from = models.DateField(_("in force from"), unique=True)
    steps = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("steps"),
        help_text=_("minimum, late_fee and rest, each once, in the order in which a credit meets them"),
    )
    components = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("inside a bill"),
        help_text=_("service_fee, interest and principal, each once, in order"),
    )
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("allocation rule")
        verbose_name_plural = _("allocation rules")
        ordering = ["version"]

    def __str__(self) -> str:
        return f"v{self.version}"


class BucketTable(models.Model):
    """The lateness buckets in force from a date on; they must tile 1…∞ days."""

    effective_from = models.DateField(_("in force from"), unique=True)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("bucket table")
        verbose_name_plural = _("bucket tables")
        ordering = ["effective_from"]

    def __str__(self) -> str:
        return self.effective_from.isoformat()


class BucketRow(models.Model):
    """One bucket: from this many days past due to that many, both included; no end for the last."""

    table = models.ForeignKey(BucketTable, models.CASCADE, related_name="rows", verbose_name=_("table"))
    code = models.CharField(_("bucket"), max_length=10)
    from_days = models.PositiveIntegerField(_("from days past due"), validators=[MinValueValidator(1)])
    to_days = models.PositiveIntegerField(_("to days past due"), null=True, blank=True)

    class Meta:
        verbose_name = _("bucket")
        verbose_name_plural = _("buckets")
        ordering = ["table", "from_days"]
        constraints = [models.UniqueConstraint(fields=["table", "code"], name="bucket_code_once_per_table")]

    def __str__(self) -> str:
        return self.code


class RiskTable(models.Model):
    """The risk classification in force from a date on."""

    effective_from = models.DateField(_("in force from"), unique=True)
    worst_spreads = models.BooleanField(_("the worst class spreads to the customer's other accounts"), default=False)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("risk classification")
        verbose_name_plural = _("risk classifications")
        ordering = ["effective_from"]

    def __str__(self) -> str:
        return self.effective_from.isoformat()


class RiskRow(models.Model):
    """A class and the days past due above which it is the least."""

    table = models.ForeignKey(RiskTable, models.CASCADE, related_name="rows", verbose_name=_("table"))
    risk_class = models.CharField(_("class"), max_length=20)
    over_days = models.PositiveIntegerField(_("over days past due"))

    class Meta:
        verbose_name = _("risk class")
        verbose_name_plural = _("risk classes")
        ordering = ["table", "over_days"]
        constraints = [models.UniqueConstraint(fields=["table", "risk_class"], name="risk_class_once_per_table")]

    def __str__(self) -> str:
        return self.risk_class
