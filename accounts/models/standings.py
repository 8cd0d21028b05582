"""How late each account stands: a cache of `accounts.standing`, and the append-only record of its changes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.book import Account, MoneyField


class OverdueKind(models.TextChoices):
    SINGLE = "single", _("Single period")
    MULTIPLE = "multiple", _("Several periods")
    FULL = "full", _("Whole plan")


class RiskClass(models.TextChoices):
    NORMAL = "normal", _("Normal")
    SPECIAL_MENTION = "special-mention", _("Special mention")
    SUBSTANDARD = "substandard", _("Substandard")
    DOUBTFUL = "doubtful", _("Doubtful")
    LOSS = "loss", _("Loss")


class Standing(models.Model):
    """A late account's standing; an account that is not late has no row.

    Days past due on day D are `coalesce(clock_stopped_on, D) - clock_from_on`: derived, never stored. The clock is
    stopped while a deferral covers the day. `next_transition_on` is the first day on which anything here changes
    without a new entry.

    `beside_*`: while a hold is about some bills alone (a plan's), what is overdue beside them, since when, and from when its
    days count; null where none is, the days null where nothing is overdue beside them.
    """

    account = models.OneToOneField(
        Account, models.PROTECT, primary_key=True, related_name="standing", verbose_name=_("account")
    )
    overdue_since = models.DateField(_("overdue since"))
    late_on = models.DateField(_("first late day"))
    bucket = models.CharField(_("bucket"), max_length=10)
    kind = models.CharField(_("kind"), max_length=10, choices=OverdueKind)
    risk_class = models.CharField(_("risk class"), max_length=20, choices=RiskClass)
    overdue_amount = MoneyField(_("overdue amount"))
    clock_from_on = models.DateField(_("days count from"))
    clock_stopped_on = models.DateField(_("days stand still since"), null=True, blank=True)
    beside_amount = MoneyField(_("overdue beside what is held"), null=True, blank=True)
    beside_since = models.DateField(_("overdue beside what is held since"), null=True, blank=True)
    beside_from_on = models.DateField(_("its days count from"), null=True, blank=True)
    next_transition_on = models.DateField(_("next change on"), null=True, blank=True)

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        indexes = [models.Index(fields=["next_transition_on"], name="standing_by_transition")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.bucket}"


class StandingChange(models.Model):
    """A standing that moved: from, to, on which business day, because of what. Append-only (trigger).

    `to_bucket` blank means not late any more; `from_bucket` blank means it was not late. `to_risk_class` of an account
    that is not late any more is blank, or the floor of a watch that still runs.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="standing_changes", verbose_name=_("account"))
    business_day = models.DateField(_("business day"))
    cause = models.CharField(_("because of"), max_length=20)
    from_overdue_since = models.DateField(_("from overdue since"), null=True, blank=True)
    from_bucket = models.CharField(_("from bucket"), max_length=10, blank=True)
    from_kind = models.CharField(_("from kind"), max_length=10, choices=OverdueKind, blank=True)
    from_risk_class = models.CharField(_("from class"), max_length=20, choices=RiskClass, blank=True)
    from_overdue_amount = MoneyField(_("from overdue amount"), default=0)
    to_overdue_since = models.DateField(_("to overdue since"), null=True, blank=True)
    to_bucket = models.CharField(_("to bucket"), max_length=10, blank=True)
    to_kind = models.CharField(_("to kind"), max_length=10, choices=OverdueKind, blank=True)
    to_risk_class = models.CharField(_("to class"), max_length=20, choices=RiskClass, blank=True)
    to_overdue_amount = MoneyField(_("to overdue amount"), default=0)
    to_beside_amount = MoneyField(_("to overdue beside what is held"), null=True, blank=True)
    to_beside_since = models.DateField(_("to overdue since, beside what is held"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("change of standing")
        verbose_name_plural = _("changes of standing")
        ordering = ["-id"]
        indexes = [models.Index(fields=["business_day", "id"], name="standing_change_by_day")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.from_bucket or '–'} → {self.to_bucket or '–'}"
