"""What happened: who, what, before, after, why, in which request. Rows are never changed nor removed (trigger)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One thing that happened. Keys are plain numbers beside names, so that the record outlives what it names."""

    at = models.DateTimeField(_("at"))
    actor_id = models.BigIntegerField(_("actor"), null=True, blank=True)
    actor_name = models.CharField(_("actor's name"), max_length=150)
    verb = models.CharField(_("verb"), max_length=60)
    subject_type = models.CharField(_("subject"), max_length=60)
    subject_id = models.BigIntegerField(_("subject's key"), null=True, blank=True)
    subject_ref = models.CharField(_("subject's reference"), max_length=100, blank=True)
    customer_id = models.BigIntegerField(_("customer"), null=True, blank=True)
    account_id = models.BigIntegerField(_("account"), null=True, blank=True)
    before = models.JSONField(_("before"), null=True, blank=True)
    after = models.JSONField(_("after"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(_("request"), max_length=40, blank=True)
    # Which events stand or fall together; by it a stale screen is told what changed.
    transaction = models.BigIntegerField(
        null=True,
        editable=False,
        db_default=models.Func(function="txid_current", output_field=models.BigIntegerField()),
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["customer_id", "id"], name="event_by_customer"),
            # The history of one thing that is about no customer, or need not be: there are few, among very many events.
            models.Index(
                fields=["subject_type", "subject_id"],
                name="event_of_few",
                condition=models.Q(subject_type__in=["channelcontrol", "proposal", "request", "template", "version"]),
            ),
            # The history of one thing that is no customer's: settings, rules, people.
            models.Index(
                fields=["subject_type", "subject_id"],
                name="event_of_no_customer",
                condition=models.Q(customer_id=None),
            ),
            # What became of messages of late, channel by channel.
            models.Index(
                fields=["at"],
                include=["verb", "subject_id"],
                name="event_of_message",
                condition=models.Q(subject_type="message"),
            ),
            # How often somebody searched by number of late.
            models.Index(fields=["actor_id", "at"], name="event_exact_search", condition=models.Q(verb="search.exact")),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_ref}"
