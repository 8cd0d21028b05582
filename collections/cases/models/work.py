"""How cases are worked: queues, notes, and the dated terms of the work."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case
from compliance.models import Contact
from staff.models import Team


class Queue(models.Model):
    """A saved question to the worklist: its filters (a query string of `WorklistFilter`) and its order.

    Everyone's when it has neither `team` nor `owner`; what it shows is still within the reader's scope. The installed ones have
    a `code`, by which their name is translated.
    """

    code = models.SlugField(_("code"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(_("filters"), max_length=500, blank=True)
    sort = models.CharField(_("order"), max_length=20, default="-priority")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="queues", verbose_name=_("team"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="queues", verbose_name=_("owner")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """What somebody wrote on a case. Append-only (trigger)."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes", verbose_name=_("case"))
    text = models.TextField(_("text"))
    at = models.DateTimeField(_("at"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="notes", verbose_name=_("by")
    )
    author_name = models.CharField(_("by"), max_length=150)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:40]


class NoteFile(models.Model):
    """A document that came with a note. Kept to `keep_until`, then removed; its hash stays."""

    note = models.OneToOneField(Note, models.PROTECT, related_name="file", verbose_name=_("note"))
    file = models.FileField(_("file"), upload_to="notes/%Y/%m/")
    media_type = models.CharField(_("media type"), max_length=40)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    keep_until = models.DateField(_("kept until"))
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("file of a note")
        verbose_name_plural = _("files of notes")
        ordering = ["-id"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["keep_until"], name="note_file_to_remove", condition=Q(removed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CallTask(models.Model):
    """A call that is asked for on a case, in a queue, from a day on. One is open for each case and queue; a call that is
    entered closes all of the case's, and so does the end of the case. One that is `promised` stays until somebody reached
    the customer."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="call_tasks", verbose_name=_("case"))
    queue = models.ForeignKey(
        Queue, models.SET_NULL, null=True, db_index=False, related_name="+", verbose_name=_("queue")
    )
    wanted_on = models.DateField(_("wanted from"))
    wanted_at = models.TimeField(_("at"), null=True, blank=True, help_text=_("On the customer's clock"))
    promised = models.BooleanField(
        _("promised"), default=False, db_default=False, help_text=_("The customer asked for it, and waits for it")
    )
    reason = models.CharField(_("why"), max_length=120)
    source = models.CharField(_("asked for by"), max_length=60)
    asked_at = models.DateTimeField(_("asked for at"))
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("contact")
    )

    class Meta:
        verbose_name = _("call asked for")
        verbose_name_plural = _("calls asked for")
        ordering = ["wanted_on", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case", "queue"], name="call_task_one_open", condition=Q(done_at__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["case"], name="call_task_open", condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.wanted_on} {self.reason}"


class WorkTerms(models.Model):
    """The thresholds of working cases, in force from a date on."""

    promise_grace_days = models.PositiveSmallIntegerField(
        _("days of grace of a promise"),
        help_text=_("Money that takes effect so many days after its date still keeps it"),
    )
    promise_most_instalments = models.PositiveSmallIntegerField(
        _("most instalments of a promise"), validators=[MinValueValidator(1)]
    )
    broken_promise_factor = models.FloatField(
        _("a broken promise raises the priority by the factor"), validators=[MinValueValidator(1)]
    )
    broken_promise_days = models.PositiveSmallIntegerField(_("for so many days"))
    exact_searches = models.PositiveSmallIntegerField(_("searches by identity number or phone"))
    exact_search_minutes = models.PositiveSmallIntegerField(_("in so many minutes"), validators=[MinValueValidator(1)])
    simulations = models.PositiveSmallIntegerField(
        _("simulations at once"),
        default=2,
        validators=[MinValueValidator(1)],
        help_text=_("Of strategies, by everybody together; each person has one"),
    )
    follow_up_days = models.PositiveSmallIntegerField(
        _("days ahead of a follow-up, at most"),
        default=180,
        help_text=_("Who wants to wait longer means something else: a hold, or a deferral"),
    )
    note_file_years = models.PositiveSmallIntegerField(
        _("years that a note's file is kept"), default=5, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    effective_from = models.DateField(_("in force from"), unique=True)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("terms of work")
        verbose_name_plural = _("terms of work")
        ordering = ["-effective_from"]

    def __str__(self) -> str:
        return str(self.effective_from)
