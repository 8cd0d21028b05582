"""What became of letters on paper, print batch by print batch."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _


class InBatch(Func):
    """The name of the print batch in which a letter is: what its number begins with (`reminders.channels.letter`)."""

    function = "split_part"
    output_field = models.CharField()

    def __init__(self) -> None:
        super().__init__(F("provider_id"), Value("/"), Value(1))


class PrintBatch(models.Model):
    """What was done with a print batch: printed, then handed to the post; by whom, and when.

    Its letters are the messages whose number begins with `name`. A batch has no row before something was done with it.
    """

    name = models.CharField(_("name"), max_length=30, unique=True)
    printed_at = models.DateTimeField(_("printed at"), null=True, blank=True)
    printed_by_name = models.CharField(_("printed by"), max_length=150, blank=True)
    posted_at = models.DateTimeField(_("handed to the post at"), null=True, blank=True)
    posted_by_name = models.CharField(_("handed to the post by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("print batch")
        verbose_name_plural = _("print batches")
        default_permissions = ()
        permissions = [("print_letter", _("Can take printed letters and enter that they went to the post"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(posted_at__isnull=True) | Q(printed_at__isnull=False), name="printbatch_posted_once_printed"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """How the record of events names it."""
        return self.name

    @property
    def state(self) -> str:
        """posted | printed | waiting."""
        return "posted" if self.posted_at else "printed" if self.printed_at else "waiting"
