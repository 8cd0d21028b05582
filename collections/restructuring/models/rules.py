"""What plans may be, and how they end: dated rows."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import RiskClass
from restructuring.installed import INSTALLED_SOURCE


class BreachTerms(models.TextChoices):
    """What holds once a plan is breached. Whatever was paid is credited either way."""

    RESTORE = "restore", _("The debt is owed as it was before the plan, less what was paid")
    STAND = "stand", _("The instalments stay due as they are")


class PlanRule(models.Model):
    """What plans may be, and how they end, from a date on. The earliest row also covers the time before its date."""

    effective_from = models.DateField(_("in force from"), unique=True)
    most_months = models.PositiveSmallIntegerField(
        _("longest term, months"), default=60, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    annual_cap = models.DecimalField(
        _("all-in cost a year at most"),
        max_digits=7,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("The effective yearly cost; the product's own cap counts too"),
    )
    most_discount = models.DecimalField(
        _("discount at most, share of the balance"),
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    discount_rate = models.DecimalField(_("rate of the present value a year"), max_digits=7, decimal_places=6)
    surplus_share = models.DecimalField(
        _("share of the surplus that can be paid"),
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace of an instalment"), validators=[MaxValueValidator(60)]
    )
    breach_after = models.PositiveSmallIntegerField(
        _("missed instalments that breach a plan"), validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    breach_terms = models.CharField(_("after a breach"), max_length=10, choices=BreachTerms)
    watch_months = models.PositiveSmallIntegerField(_("watch period, months"))
    watch_floor = models.CharField(_("class no better than"), max_length=20, choices=RiskClass)
    needs_signature = models.BooleanField(_("signed before it is decided"), default=True)
    # Of one-time codes what the rule of the day says, whatever rule the plan was asked for under.
    code_minutes = models.PositiveSmallIntegerField(
        _("a code to sign with holds, minutes"), default=10, validators=[MinValueValidator(2), MaxValueValidator(60)]
    )
    code_attempts = models.PositiveSmallIntegerField(
        _("attempts at a code"), default=5, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    code_pause_seconds = models.PositiveSmallIntegerField(
        _("seconds between two codes, at least"), default=60, validators=[MaxValueValidator(3600)]
    )
    far_away_days = models.PositiveSmallIntegerField(
        _("a first payment is far away after, days"),
        default=62,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("Who makes the offer is warned, and nothing is forbidden: the lender's own"),
    )
    source = models.CharField(_("source"), max_length=500)

    class Meta:
        verbose_name = _("rule of plans")
        verbose_name_plural = _("rules of plans")
        ordering = ["effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_months__range=(1, 60), breach_after__gte=1),
                name="plan_rule_in_range",
            ),
            models.CheckConstraint(
                condition=Q(code_minutes__range=(2, 60), code_attempts__range=(1, 10), code_pause_seconds__lte=3600),
                name="plan_rule_codes_in_range",
            ),
            models.CheckConstraint(condition=Q(far_away_days__range=(1, 366)), name="plan_rule_far_away_in_range"),
            models.CheckConstraint(
                condition=Q(most_discount__range=(0, 1), surplus_share__range=(0, 1), discount_rate__gte=0),
                name="plan_rule_shares_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.effective_from.isoformat()

    @property
    def said_source(self) -> str:
        """On what it rests: what is installed in the reader's language, what somebody wrote as it stands."""
        return gettext(self.source) if self.source == INSTALLED_SOURCE else self.source
