"""The one gate that every contact passes: its dated rules, each of its decisions, and the register of contacts that it counts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, ContactPoint, Customer


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("App push")
    VOICE = "voice", _("Call")
    LETTER = "letter", _("Letter")
    CHAT = "chat", _("Chat")
    VISIT = "visit", _("Visit")


class Purpose(models.TextChoices):
    REMINDER = "reminder", _("Reminder")
    COLLECTION = "collection", _("Collection")
    LOCATE = "locate", _("Asking how to reach the debtor")
    NOTICE = "notice", _("Notice required by law")
    INBOUND = "inbound", _("The person came to us")


class ContactRule(models.Model):
    """One rule of a pack, in force from a date on. `parameters` are its thresholds; what they mean is in `rules`."""

    pack = models.CharField(_("pack"), max_length=20, default="cn")
    code = models.CharField(_("rule"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    effective_from = models.DateField(_("in force from"))
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("contact rule")
        verbose_name_plural = _("contact rules")
        ordering = ["pack", "code", "effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "code", "version"], name="contact_rule_version_once"),
            models.UniqueConstraint(fields=["pack", "code", "effective_from"], name="contact_rule_once_per_date"),
        ]

    def __str__(self) -> str:
        return f"{self.pack}/{self.code} v{self.version}"


class ContactDecision(models.Model):
    """May this person be contacted, here, so, for this, at that moment? The answer, allowed or refused, and why.

    Append-only (trigger). A message or a contact attempt cannot be saved without the id of an allowing decision. An
    allowing one takes up its place under the caps until `reserved_until`, unless a contact used it (the contact then
    counts) or another decision `replaces` it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="contact_decisions", verbose_name=_("customer"))
    contact_point = models.ForeignKey(
        ContactPoint,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("contact point"),
    )
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("debt")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    at = models.DateTimeField(_("for the moment"))
    decided_at = models.DateTimeField(_("decided at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    actor_name = models.CharField(_("decided for"), max_length=150)
    allowed = models.BooleanField(_("allowed"))
    pack = models.CharField(_("pack"), max_length=20, default="cn", db_default="cn")
    rule = models.CharField(_("rule"), max_length=40, help_text=_("The rule that refused, or the last that allowed"))
    rule_version = models.PositiveSmallIntegerField(_("rule version"))
    next_allowed_at = models.DateTimeField(_("allowed again at"), null=True, blank=True)
    reserved_until = models.DateTimeField(_("reserved until"), null=True, blank=True)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("replaces")
    )

    class Meta:
        verbose_name = _("contact decision")
        verbose_name_plural = _("contact decisions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["replaces"], name="decision_replaced", condition=Q(replaces__isnull=False)),
            # Today's refusals, for the board: of those that a person asked for, as the batches' are counted elsewhere.
            models.Index(
                fields=["decided_at", "actor", "rule"],
                name="decision_refused",
                condition=Q(allowed=False, actor__isnull=False),
            ),
            models.Index(
                fields=["customer", "reserved_until"],
                name="decision_holding_a_place",
                condition=Q(allowed=True, reserved_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {'allowed' if self.allowed else 'refused'} ({self.rule} v{self.rule_version})"


class Direction(models.TextChoices):
    OUTBOUND = "outbound", _("Outbound")
    INBOUND = "inbound", _("Inbound")


class MadeBy(models.TextChoices):
    STAFF = "staff", _("Staff")
    BATCH = "batch", _("Batch")
    AGENCY = "agency", _("Agency")


class Outcome(models.TextChoices):
    """What came of a contact. Which of them count as a conversation, and which as unanswered, is in `rules`."""

    NO_ANSWER = "no-answer", _("No answer")
    BUSY = "busy", _("Busy")
    SWITCHED_OFF = "switched-off", _("Switched off")
    VOICEMAIL = "voicemail", _("Voicemail")
    INVALID_NUMBER = "invalid-number", _("Number not in service")
    WRONG_NUMBER = "wrong-number", _("Wrong number")
    RIGHT_PARTY = "right-party", _("Right party")
    CALL_BACK = "call-back", _("Asks to be called back")
    PROMISE = "promise", _("Promise")
    REFUSED = "refused", _("Refuses to pay")
    DISPUTE = "dispute", _("Dispute")
    HARDSHIP = "hardship", _("Hardship")
    ALREADY_PAID = "already-paid", _("Says it is paid")
    THIRD_PERSON = "third-person", _("Third person")
    THIRD_PERSON_REFUSED = "third-person-refused", _("Third person refuses")
    REPRESENTED = "represented", _("Names a lawyer")
    DECEASED = "deceased", _("Told of the death")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not delivered")
    NOT_MADE = "not-made", _("Not made")


class Contact(models.Model):
    """One contact or attempt, by staff, batch or agency, out or in. Append-only (trigger).

    A wrong entry is put right by another that `corrects` it. For the caps both count, so that no correction frees a place,
    unless the later one `overrules` the earlier: somebody else with the permission answers for it.
    `not-made` gives a reservation back: the call was not placed.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="contacts", verbose_name=_("customer"))
    contact_point = models.ForeignKey(
        ContactPoint,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("contact point"),
    )
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("debt")
    )
    decision = models.ForeignKey(ContactDecision, models.PROTECT, related_name="contacts", verbose_name=_("decision"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    direction = models.CharField(_("direction"), max_length=10, choices=Direction, default=Direction.OUTBOUND)
    made_by = models.CharField(_("made by"), max_length=10, choices=MadeBy, default=MadeBy.STAFF)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome)
    at = models.DateTimeField(_("at"))
    seconds = models.PositiveIntegerField(_("seconds"), null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    actor_name = models.CharField(_("by"), max_length=150)
    note = models.TextField(_("note"), blank=True)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    overrules = models.BooleanField(_("overrules what it corrects"), default=False, db_default=False)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], name="contact_decision_used_once", condition=Q(corrects__isnull=True)
            )
        ]
        indexes = [
            models.Index(fields=["customer", "at"], name="contact_by_customer"),
            models.Index(fields=["actor", "at"], name="contact_by_actor"),
        ]
        permissions = [("correct_contact", _("Can correct contacts that others entered"))]

    def __str__(self) -> str:
        return f"{self.channel} {self.outcome}"


class FlagKind(models.TextChoices):
    DECEASED = "deceased", _("Deceased")
    INCAPACITY = "incapacity", _("Without legal capacity")
    REPRESENTED = "represented", _("Represented by a lawyer")
    BANKRUPT = "bankrupt", _("Bankrupt")
    MINOR = "minor", _("Minor")
    FRAUD_VICTIM = "fraud-victim", _("Victim of fraud")
    HARDSHIP = "hardship", _("Hardship")
    VULNERABLE = "vulnerable", _("Vulnerable")


class CustomerFlag(models.Model):
    """Something about a person that changes how she may be contacted and worked, with its evidence and its days."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="flags", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=20, choices=FlagKind)
    from_on = models.DateField(_("first day"))
    until_on = models.DateField(_("last day"), null=True, blank=True)
    evidence = models.TextField(_("evidence"))
    evidence_file = models.FileField(_("document"), upload_to="flags/%Y/%m/", blank=True)
    placed_at = models.DateTimeField(_("recorded at"))
    placed_by_name = models.CharField(_("recorded by"), max_length=150)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by_name = models.CharField(_("ended by"), max_length=150, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("customer flag")
        verbose_name_plural = _("customer flags")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind"], name="customer_flag_once_at_a_time", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="customer_flag_ends_after_start",
            ),
        ]
        permissions = [("contact_vulnerable", _("Can contact customers flagged as vulnerable"))]

    def __str__(self) -> str:
        return self.get_kind_display()


class ContactAgreement(models.Model):
    """Hours of contact that the person agreed to, in place of the rule's, with the evidence of it."""

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="contact_agreements", verbose_name=_("customer")
    )
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("until"))
    from_on = models.DateField(_("first day"))
    until_on = models.DateField(_("last day"), null=True, blank=True)
    evidence = models.TextField(_("evidence"))
    agreed_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("agreed hours of contact")
        verbose_name_plural = _("agreed hours of contact")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], name="contact_agreement_one_at_a_time", condition=Q(revoked_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M} – {self.closes:%H:%M}"


class OptOut(models.Model):
    """The person asked not to be contacted there by that channel: of an SMS, calls to the same number go on.

    Withdrawn by a word of hers, never removed (trigger). Letters and visits know none.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="opt_outs", verbose_name=_("customer"))
    contact_point = models.ForeignKey(
        ContactPoint, models.PROTECT, db_index=False, related_name="+", verbose_name=_("contact point")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    opted_out_at = models.DateTimeField(_("opted out at"))
    source = models.CharField(_("came by"), max_length=40)
    evidence = models.CharField(_("evidence"), max_length=300)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_by_name = models.CharField(_("withdrawn by"), max_length=150, blank=True)
    withdrawal_evidence = models.CharField(_("evidence of the withdrawal"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        ordering = ["-id"]
        default_permissions = ("add", "change", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["contact_point", "channel"],
                name="opt_out_once_at_a_time",
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["email", "sms", "push", "voice"]), name="opt_out_of_a_channel_that_knows_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} #{self.contact_point_id}"


class Recording(models.Model):
    """The sound of a contact: a file kept here or a link to where it is. Kept to `keep_until`, longer under legal hold."""

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="recordings", verbose_name=_("contact"))
    file = models.FileField(_("file"), upload_to="recordings/%Y/%m/", blank=True)
    link = models.URLField(_("link"), blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    media_type = models.CharField(_("media type"), max_length=40, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    added_at = models.DateTimeField(_("added at"))
    added_by_name = models.CharField(_("added by"), max_length=150)
    keep_until = models.DateField(_("kept until"))
    legal_hold = models.BooleanField(_("legal hold"), default=False)
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(file="") ^ Q(link=""), name="recording_is_file_or_link"),
        ]
        indexes = [
            models.Index(
                fields=["keep_until"],
                name="recording_to_remove",
                condition=Q(removed_at__isnull=True, legal_hold=False),
            )
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class ComplaintReason(models.TextChoices):
    HARASSMENT = "harassment", _("Harassment, threats or insults")
    HOURS = "hours", _("Contacted at the wrong hour or too often")
    THIRD_PERSONS = "third-persons", _("Third persons were contacted")
    PRIVACY = "privacy", _("Personal data or the debt were disclosed")
    FALSE_CLAIM = "false-claim", _("False statements, or posing as an authority")
    AMOUNT = "amount", _("Amount, fees or payment wrong")
    CREDIT_RECORD = "credit-record", _("Credit record")
    SERVICE = "service", _("Service")
    OTHER = "other", _("Other")


class ComplaintTerms(models.Model):
    """Within how many days a complaint is to be answered, from a date on; a blank reason is every other reason."""

    reason = models.CharField(_("reason"), max_length=20, choices=ComplaintReason, blank=True)
    answer_days = models.PositiveSmallIntegerField(_("answered within, days"))
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("deadline of complaints")
        verbose_name_plural = _("deadlines of complaints")
        ordering = ["reason", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["reason", "effective_from"], name="complaint_terms_once_per_date")
        ]

    def __str__(self) -> str:
        return f"{self.reason or '*'} {self.answer_days}"


class ComplaintStatus(models.TextChoices):
    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Upheld")
    PARTLY = "partly", _("Upheld in part")
    REJECTED = "rejected", _("Not upheld")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Complaint(models.Model):
    """A person's complaint about how she was treated: about whom, about which contact, until when it is to be answered."""

    ref = models.CharField(_("reference"), max_length=32, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="complaints", verbose_name=_("customer"))
    reason = models.CharField(_("reason"), max_length=20, choices=ComplaintReason)
    channel = models.CharField(_("came by"), max_length=10, choices=Channel)
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("about the contact")
    )
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="complaints_about",
        verbose_name=_("about the member of staff"),
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="complaints_handled",
        verbose_name=_("handled by"),
    )
    received_on = models.DateField(_("received on"))
    due_on = models.DateField(_("answer due"))
    text = models.TextField(_("what was said"))
    status = models.CharField(_("status"), max_length=10, choices=ComplaintStatus, default=ComplaintStatus.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by_name = models.CharField(_("closed by"), max_length=150, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_on"], name="complaint_open_by_due", condition=Q(status="open"))]

    def __str__(self) -> str:
        return self.ref
