"""How fast, how wide and at what price each channel runs, and whether it runs at all."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance.models import Channel


class ChannelState(models.TextChoices):
    OPEN = "open", _("Open: what is due leaves, what is new is queued")
    DRAINING = "draining", _("Draining: what is queued leaves, nothing new is queued")
    PAUSED = "paused", _("Paused: nothing leaves, what is queued waits")


class ChannelControl(models.Model):
    """One channel's switch and its bounds. Its row is locked while a batch is claimed, so that all workers keep them together."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=ChannelState, default=ChannelState.OPEN)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    per_second = models.DecimalField(
        _("messages a second, at most"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0.01)],
        help_text=_("Of all workers together. Blank: as fast as it goes"),
    )
    concurrency = models.PositiveSmallIntegerField(
        _("batches at once, at most"), default=2, validators=[MinValueValidator(1)]
    )
    # Until when the messages already claimed use up the rate.
    taken_until = models.DateTimeField(null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(_("changed at"), null=True, blank=True, editable=False)
    changed_by_name = models.CharField(_("changed by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["channel"]
        constraints = [
            models.CheckConstraint(
                condition=Q(per_second__isnull=True) | Q(per_second__gt=0), name="channel_rate_is_positive"
            ),
            models.CheckConstraint(condition=Q(concurrency__gte=1), name="channel_has_a_worker"),
        ]

    def __str__(self) -> str:
        return self.get_channel_display()

    @property
    def mark(self) -> str:
        """What tells a screen on which it was shown as it stands from an older one."""
        return f"{self.state} {self.per_second} {self.concurrency}"


class ChannelPrice(models.Model):
    """What one message (of an SMS each part) costs the lender, from a date on."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    provider = models.CharField(_("provider"), max_length=20, blank=True, help_text=_("Blank: any"))
    effective_from = models.DateField(_("in force from"))
    currency = models.CharField(_("currency"), max_length=3)
    each = models.DecimalField(_("price"), max_digits=10, decimal_places=4, validators=[MinValueValidator(0)])
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("price of a channel")
        verbose_name_plural = _("prices of channels")
        ordering = ["channel", "provider", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "provider", "effective_from"], name="channel_price_once_per_date"
            ),
            models.CheckConstraint(condition=Q(each__gte=0), name="channel_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.each} {self.currency}"
