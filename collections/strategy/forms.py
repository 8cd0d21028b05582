"""What people enter about strategies. The services check what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Exists, Min, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.identity import hidden_in
from accounts.models import BucketRow, OverdueKind, Product, RiskClass
from cases.selectors.queues import shows_calls
from compliance.models import Channel
from reminders.models import Template, TemplateVersion
from reminders.models import VersionStatus as TemplateStatus
from runs.forms import DayInput, SaysWhatIsMissing
from runs.selectors import open_day
from strategy.models import WRITES, Action, PromiseState, Rule, Simulation, Version, VersionStatus
from strategy.selectors import closed_days
from strategy.words import queue_name

# So many templates, tried one after the other, have a field; a rule that has more has more.
TEMPLATE_FIELDS = 3


def with_edits(data: QueryDict, edits: int) -> QueryDict:
    """What a form sent, as if its screen had shown the strategy after so many edits."""
    sent = data.copy()
    sent["seen_edits"] = str(edits)
    return sent


def _several(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, widget=forms.CheckboxSelectMultiple)


class RuleForm(SaysWhatIsMissing, forms.ModelForm):
    """One rule of a draft. A condition left blank asks nothing."""

    seen_edits = forms.IntegerField(widget=forms.HiddenInput)
    products = _several(gettext_lazy("Products"))
    buckets = _several(gettext_lazy("Buckets"))
    kinds = _several(gettext_lazy("Kinds of lateness"))
    risk_classes = _several(gettext_lazy("Risk classes"))
    languages = _several(gettext_lazy("Languages"))
    promise = forms.ChoiceField(label=gettext_lazy("Promise"), required=False, choices=PromiseState)
    reachable_by = forms.ChoiceField(label=gettext_lazy("Can be reached by"), required=False)

    WHEN = ("title", "code", "stage", "days_from", "days_to")
    WHOM = (
        *("products", "buckets", "kinds", "risk_classes", "languages"),
        *("currency", "amount_from", "amount_to", "promise", "reachable_by"),
    )

    class Meta:
        model = Rule
        fields = (
            *("title", "code", "stage", "days_from", "days_to", "products", "buckets", "kinds", "risk_classes"),
            *("languages", "currency", "amount_from", "amount_to", "promise", "reachable_by", "action", "queue"),
            *("every_days", "retry_days"),
        )
        help_texts = {
            "code": gettext_lazy("Small letters, digits and hyphens: first-call. The same from strategy to strategy."),
            "days_to": gettext_lazy("Blank: without end"),
            "every_days": gettext_lazy("Blank: once"),
            "retry_days": gettext_lazy(
                "While the gate refuses for a reason that passes. 0: not at all. What the law demands is tried until it goes"
            ),
            "currency": gettext_lazy("Wanted where an amount is given: CNY"),
        }

    def __init__(self, *args: Any, edits: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_edits"].initial = edits
        for name, choices in self._choices().items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            # What a rule holds already stays choosable, were it gone from the book by now.
            held = getattr(self.instance, name) or []
            known = {value for value, _label in choices}
            field.choices = [*choices, *((one, one) for one in held if isinstance(held, list) and one not in known)]
        queue = self.fields["queue"]
        assert isinstance(queue, forms.ModelChoiceField)
        queue.queryset = shows_calls()
        queue.choices = [("", "–"), *((one.pk, queue_name(one)) for one in queue.queryset)]
        written = [("", "–"), *_templates()]
        self.places = range(max(TEMPLATE_FIELDS, len(self.instance.templates)))
        for place in self.places:
            first = self.instance.templates[place : place + 1]
            self.fields[f"template_{place}"] = forms.ChoiceField(
                label=_("First by") if place == 0 else _("If the gate refuses that, by"),
                required=False,
                choices=written,
                initial=first[0] if first else "",
            )
        if self.instance.pk:
            self.fields["code"].disabled = True

    def _choices(self) -> dict[str, list[tuple[str, Any]]]:
        return {
            "products": [(product.code, product.label) for product in Product.objects.all()],
            "buckets": [(bucket, bucket) for bucket in _buckets()],
            "kinds": list(OverdueKind.choices),
            "risk_classes": list(RiskClass.choices),
            "languages": [(code, _(str(name))) for code, name in settings.LANGUAGES],
            "reachable_by": [("", _("Any")), *Channel.choices],
        }

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def when(self) -> list[forms.BoundField]:
        return [self[name] for name in self.WHEN]

    def whom(self) -> list[forms.BoundField]:
        return [self[name] for name in self.WHOM]

    def templates(self) -> list[forms.BoundField]:
        return [self[f"template_{place}"] for place in self.places]

    def values(self) -> dict[str, Any]:
        """The rule as entered, by the names of its fields."""
        values = {name: self.cleaned_data[name] for name in self._meta.fields or ()}
        chosen = [self.cleaned_data[f"template_{place}"] for place in self.places]
        values["templates"] = [name for name in chosen if name] if values["action"] in WRITES else []
        if values["action"] != Action.CALL:
            values["queue"] = None
        return values

    def add_found(self, errors: ValidationError) -> None:
        """Show at its field what the service found; what only the table bounds (a day, a length) in our words as well."""
        for field, found in errors.error_dict.items():
            place = "template_0" if field == "templates" else field
            self.add_error(place if place in self.fields else None, ValidationError(found))

    def _post_clean(self) -> None:
        """What the rule means is checked where it is written (`services.versions`), and said there once."""


class DraftForm(SaysWhatIsMissing, forms.Form):
    """A new strategy, begun from another."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    based_on = forms.ModelChoiceField(Version.objects.all(), to_field_name="number", widget=forms.HiddenInput)

    def clean_title(self) -> str:
        if said := hidden_in(self.cleaned_data["title"]):
            raise ValidationError(said)
        return str(self.cleaned_data["title"])


class SplitForm(SaysWhatIsMissing, forms.Form):
    """Who is treated by which strategy; this one is either of the two."""

    champion = forms.ModelChoiceField(
        Version.objects.none(), to_field_name="number", label=gettext_lazy("Champion"), empty_label=None
    )
    challenger = forms.ModelChoiceField(
        Version.objects.none(),
        to_field_name="number",
        required=False,
        label=gettext_lazy("Challenger"),
        empty_label=gettext_lazy("None"),
    )
    challenger_percent = forms.IntegerField(
        label=gettext_lazy("Challenger's share, %"), min_value=0, max_value=100, initial=0
    )
    holdout_percent = forms.IntegerField(
        label=gettext_lazy("Hold-out, %"),
        min_value=0,
        max_value=100,
        initial=0,
        help_text=gettext_lazy(
            "So many get nothing but what the law demands: beside them shows what the strategy does"
        ),
    )

    def __init__(self, *args: Any, version: Version, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("champion", "challenger"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = Version.objects.filter(Q(pk=version.pk) | Q(status=VersionStatus.APPROVED))
            field.choices = [
                *([("", _("None"))] if name == "challenger" else []),
                *((one.number, f"{one.number} {one.title}") for one in field.queryset),
            ]
        self.fields["champion"].initial = version.number

    def split(self) -> dict[str, Any]:
        """The two, by key, and their shares."""
        values = self.cleaned_data
        challenger = values["challenger"]
        return {
            "champion_id": values["champion"].pk,
            "challenger_id": challenger.pk if challenger else None,
            "challenger_percent": values["challenger_percent"],
            "holdout_percent": values["holdout_percent"],
        }


class SimulateForm(SplitForm):
    """Over how many of the last closed days."""

    days = forms.IntegerField(
        label=gettext_lazy("Closed days"),
        min_value=1,
        max_value=90,
        initial=30,
        help_text=gettext_lazy("The last ones"),
    )
    field_order = ("days", "champion", "challenger", "challenger_percent", "holdout_percent")

    def __init__(self, *args: Any, version: Version, **kwargs: Any) -> None:
        super().__init__(*args, version=version, **kwargs)
        days, closed = self.fields["days"], closed_days()
        if 0 < closed < days.initial:
            days.initial = closed
            days.help_text = ngettext(
                "The last ones. Only %(closed)s is closed so far: of more, that is simulated.",
                "The last ones. Only %(closed)s are closed so far: of more, those are simulated.",
                closed,
            ) % {"closed": closed}


class ActivateForm(SplitForm):
    """From when a strategy shall be in force, for whom, and why."""

    effective_from = forms.DateField(
        label=gettext_lazy("In force from"),
        widget=DayInput(),
        help_text=gettext_lazy("A business day that is not closed yet"),
    )
    seen_edits = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=2000, widget=forms.Textarea({"rows": 3}))
    field_order = ("effective_from", "champion", "challenger", "challenger_percent", "holdout_percent", "reason")

    def __init__(self, *args: Any, version: Version, simulated: Simulation | None = None, **kwargs: Any) -> None:
        """`simulated`: what stands beside the form. It begins with the two strategies and the shares that were simulated."""
        super().__init__(*args, version=version, **kwargs)
        self.fields["effective_from"].initial = open_day()
        self.fields["seen_edits"].initial = version.edits
        if simulated is not None:
            self.fields["champion"].initial = simulated.champion.number
            self.fields["challenger"].initial = simulated.challenger and simulated.challenger.number
            self.fields["challenger_percent"].initial = simulated.challenger_percent
            self.fields["holdout_percent"].initial = simulated.holdout_percent


class DismissForm(SaysWhatIsMissing, forms.Form):
    """Why a proposal is not taken up."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Why not"), max_length=300)


def _templates() -> list[tuple[Any, list[tuple[str, str]]]]:
    """The templates to choose from, by channel; those of which no version is approved say so. One query."""
    approved = TemplateVersion.objects.filter(template=OuterRef("pk"), status=TemplateStatus.APPROVED)
    written = Template.objects.annotate(is_approved=Exists(approved)).order_by("channel", "kind", "title")
    by_channel: dict[str, list[tuple[str, str]]] = {}
    for one in written:
        # What the installation named is in the catalogue; what somebody wrote stays as it stands.
        said = [_(one.title), one.get_kind_display(), *([] if one.is_approved else [_("not approved yet")])]
        by_channel.setdefault(one.channel, []).append((one.name, " · ".join(said)))
    return [(label, by_channel[code]) for code, label in Channel.choices if code in by_channel]


def _buckets() -> list[str]:
    rows = BucketRow.objects.values("code").annotate(first=Min("from_days")).order_by("first")
    return [row["code"] for row in rows]
