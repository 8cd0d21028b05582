"""Business days, the steps of their close, and jobs that a person waits for."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from runs import clock


class RunStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")


class Progress:
    """How far something has come, for a progress bar."""

    status: str
    total: int | None
    done: int
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def percent(self) -> int:
        """0 to 100; 100 only when done, so that a full bar means what it says."""
        if self.status == RunStatus.DONE:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0

    @property
    def elapsed(self) -> timedelta | None:
        """Time from the start to the end, or until now while it lasts; None before the start."""
        if self.started_at is None:
            return None
        return (self.finished_at or clock.now()) - self.started_at

    @property
    def is_finished(self) -> bool:
        """Nothing more will come: pages stop asking."""
        return self.status in {RunStatus.DONE, RunStatus.FAILED, RunStatus.STOPPED}


class BusinessDay(models.Model):
    """A day of the book. Days close once, in order; the first row is the opening: the day before the first posting.

    `is_opening` marks that first row: nothing was closed on it, the caches simply start there.
    """

    date = models.DateField(_("date"), primary_key=True)
    is_opening = models.BooleanField(_("opening of the book"), default=False)
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("business day")
        verbose_name_plural = _("business days")
        ordering = ["-date"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_opening"], condition=models.Q(is_opening=True), name="businessday_one_opening"
            )
        ]

    def __str__(self) -> str:
        return self.date.isoformat()


class DayClose(Progress, models.Model):
    """One step of the close of one day: what makes the close idempotent and resumable.

    `cursor` is the last key whose batch was committed, so that a killed run goes on behind it.
    """

    date = models.DateField(_("business day"))
    step = models.CharField(_("step"), max_length=40)
    position = models.PositiveSmallIntegerField(_("position"))
    status = models.CharField(_("status"), max_length=10, choices=RunStatus, default=RunStatus.PENDING)
    total = models.BigIntegerField(_("total"), null=True, blank=True)
    done = models.BigIntegerField(_("done"), default=0)
    cursor = models.BigIntegerField(_("cursor"), default=0)
    result = models.JSONField(_("result"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("heartbeat"), null=True, blank=True)

    class Meta:
        verbose_name = _("close-of-day step")
        verbose_name_plural = _("close-of-day steps")
        ordering = ["-date", "position"]
        constraints = [models.UniqueConstraint(fields=["date", "step"], name="dayclose_once_per_step")]

    def __str__(self) -> str:
        return f"{self.date.isoformat()} {self.step}"


class JobRun(Progress, models.Model):
    """A job that a person can see: its id is the RQ job's id, and this row is the truth about it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    status = models.CharField(_("status"), max_length=10, choices=RunStatus, default=RunStatus.PENDING)
    queue = models.CharField(_("queue"), max_length=40, default="default")
    function = models.CharField(_("function"), max_length=200)
    arguments = models.JSONField(_("arguments"), default=dict, blank=True)
    total = models.BigIntegerField(_("total"), null=True, blank=True)
    done = models.BigIntegerField(_("done"), default=0)
    result = models.JSONField(_("result"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    actor_id = models.BigIntegerField(_("actor"), null=True, blank=True)
    actor_name = models.CharField(_("actor's name"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("created at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("heartbeat"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="jobrun_unfinished",
                condition=models.Q(status__in=["pending", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class SentForm(models.Model):
    """A form that was done, so that it is not done twice (`runs.once`): a digest of who sent what where, and the answer."""

    mark = models.BinaryField(_("digest"), max_length=32, unique=True)
    said = models.TextField(_("answer"), blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("form that was sent")
        verbose_name_plural = _("forms that were sent")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
