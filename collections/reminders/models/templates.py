"""What we write to people: templates, each a line of versions, and the dated rules for their words."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.identity import hidden_in
from compliance.models import Channel
from reminders.models.outbox import MessageKind

LANGUAGES = ("en", "zh-hans")


class Template(models.Model):
    """One message that we send, in one channel, about one kind of matter. Its words are its versions'."""

    name = models.CharField(
        _("name"),
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Small letters, digits and hyphens: first-late."))],
    )
    title = models.CharField(_("title"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    by_letter = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": MessageKind.NOTICE, "channel": Channel.LETTER},
        verbose_name=_("its letter"),
        help_text=_("Of a notice required by law: what goes by post to who opted out of this channel"),
    )

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ["name"]
        default_permissions = ("add", "change", "view")
        permissions = [("approve_template", _("Can approve a template"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(by_letter__isnull=True) | Q(kind="notice") & ~Q(channel="letter"),
                name="template_letter_of_a_notice",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A notice that can be opted out of names its letter, and nothing else does; a code goes where it is read at once; no
        name is a page's own, and no title holds what nobody sees."""
        if said := hidden_in(self.title):
            raise ValidationError({"title": said})
        if self.name == "new":
            raise ValidationError(
                {"name": _("“new” is the page on which templates are added. Choose another name: new-customer, say.")}
            )
        wants = self.kind == MessageKind.NOTICE and self.channel != Channel.LETTER
        if wants and self.by_letter is None:
            raise ValidationError(
                {"by_letter": _("The law wants it told to who opted out as well: choose the letter that goes instead.")}
            )
        if self.kind == MessageKind.SIGNING and self.channel not in (Channel.SMS, Channel.EMAIL):
            raise ValidationError(
                {"channel": _("A code to sign with goes by SMS or by e-mail. Choose one of the two.")}
            )
        if self.by_letter is not None and not wants:
            raise ValidationError({"by_letter": _("Only a notice that does not go by letter has one. Leave it empty.")})


class VersionStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")
    DISCARDED = "discarded", _("Discarded")


class TemplateVersion(models.Model):
    """The words of a template in every language: `texts` by language, each with `subject` and `body`.

    Those of an approved or retired version never change (trigger): messages name them. Of a template one version at most is
    a draft, and one at most approved: it is what new messages carry.
    """

    template = models.ForeignKey(Template, models.CASCADE, related_name="versions", verbose_name=_("template"))
    number = models.PositiveSmallIntegerField(_("version"))
    status = models.CharField(_("state"), max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    texts = models.JSONField(_("texts"), default=dict)
    # Adds up with every change of the draft, so that a stale screen is refused.
    edits = models.PositiveIntegerField(default=1, editable=False)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    written_by_name = models.CharField(_("written by"), max_length=150)
    written_at = models.DateTimeField(_("written at"))
    approved_by_name = models.CharField(_("approved by"), max_length=150, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    class Meta:
        verbose_name = _("version of a template")
        verbose_name_plural = _("versions of templates")
        ordering = ["template", "-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_once"),
            models.UniqueConstraint(
                fields=["template"],
                name="template_one_version_being_written",
                condition=Q(status="draft"),
            ),
            models.UniqueConstraint(
                fields=["template"], name="template_one_version_approved", condition=Q(status="approved")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    @property
    def ref(self) -> str:
        """What a request for its approval calls it."""
        return str(self)


class WritingRule(models.Model):
    """What texts of a kind and channel must say, from a date on: of each group of variables one at least."""

    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    effective_from = models.DateField(_("in force from"))
    required = models.JSONField(_("required"), default=list, help_text=_("Groups of variables, one of each is needed"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("rule of writing")
        verbose_name_plural = _("rules of writing")
        ordering = ["kind", "channel", "-effective_from"]
        default_permissions = ("add", "view")
        constraints = [
            models.UniqueConstraint(fields=["kind", "channel", "effective_from"], name="writing_rule_once_per_date")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}"


class WordList(models.Model):
    """Words of a language that mean something to us, in force from a date on; what is in force is never changed."""

    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    effective_from = models.DateField(_("in force from"))
    words = ArrayField(models.CharField(max_length=40), verbose_name=_("words"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        abstract = True
        ordering = ["language", "-effective_from"]
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return self.language


class DebtWords(WordList):
    """Words that say that there is a debt: none of them stands where others may see it, from a date on."""

    class Meta(WordList.Meta):
        verbose_name = _("words of debt")
        verbose_name_plural = _("words of debt")
        constraints = [models.UniqueConstraint(fields=["language", "effective_from"], name="debt_words_once_per_date")]


class HarmlessWords(WordList):
    """Longer words in which a word of debt stands and says nothing of one, from a date on: “退还款项”, a refund."""

    class Meta(WordList.Meta):
        verbose_name = _("harmless words")
        verbose_name_plural = _("harmless words")
        constraints = [
            models.UniqueConstraint(fields=["language", "effective_from"], name="harmless_words_once_per_date")
        ]
