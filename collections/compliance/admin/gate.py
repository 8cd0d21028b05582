"""The gate's rules, to add to; and its decisions, to read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ReadersAdmin
from accounts.models import Jurisdiction
from compliance import services
from compliance.models import Channel, ContactDecision, ContactRule
from compliance.rules import EXAMPLES, KINDS
from compliance.sentences import RULE_NAMES
from runs.forms import SaysWhatIsMissing


# The rules whose parameters are plain values: each field and where in the parameters it stands. The others are JSON.
def _number(label: Any, *, required: bool = True, help_text: Any = "") -> Callable[[], forms.Field]:
    return lambda: forms.IntegerField(label=label, required=required, help_text=help_text, min_value=1)


def _time(label: Any) -> Callable[[], forms.Field]:
    return lambda: forms.TimeField(label=label)


_MINUTES = _("How many minutes an allowed contact holds its place; blank: this channel is closed.")
FIELDS: Mapping[str, Mapping[tuple[str, ...], Callable[[], forms.Field]]] = {
    "contact-hours": {("opens",): _time(_("Opens")), ("closes",): _time(_("Closes"))},
    "calls-a-day": {
        ("most",): _number(_("Calls a person a day")),
        ("hardship_most",): _number(_("Under hardship"), required=False),
    },
    "unanswered-a-day": {("most",): _number(_("Attempts a number a day"))},
    "calls-a-week": {("most",): _number(_("Calls about a debt")), ("days",): _number(_("Within days"))},
    "conversation-pause": {("days",): _number(_("Days of rest"))},
    "recordings": {("keep_years",): _number(_("Kept, years"))},
    "messages": {
        (channel, span): _number(
            format_lazy("{channel}, {span}", channel=Channel(channel).label, span=word), required=False
        )
        for channel in sorted(set(KINDS) - {"voice"})
        for span, word in (("day", _("a day")), ("week", _("within seven days")))
    },
    "reservation": {
        ("minutes", channel): _number(Channel(channel).label, required=False, help_text=_MINUTES)
        for channel in sorted(KINDS)
    }
    | {
        ("not_made",): _number(_("Calls not made a person a day; more count as unanswered")),
        ("correct_hours",): _number(_("Hours in which who entered a contact may correct it")),
    },
}


class NewRule(SaysWhatIsMissing, forms.ModelForm):
    """The next version of a rule; the version's number is the service's to give."""

    code = forms.ChoiceField(label=_("Rule"), choices=sorted((code, RULE_NAMES[code]) for code in EXAMPLES))
    pack = forms.ChoiceField(label=_("Pack"), choices=Jurisdiction.choices, initial=Jurisdiction.CHINA, required=False)

    class Meta:
        model = ContactRule
        fields = ["pack", "code", "effective_from", "parameters", "source"]

    def clean_pack(self) -> str:
        return str(self.cleaned_data["pack"] or Jurisdiction.CHINA)

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if values and not self.errors:
            services.check_rule(**{name: values[name] for name in ("pack", "code", "effective_from", "parameters")})
        return values


class _PlainRule(NewRule):
    """The next version of a rule with a field for each of its values; made by `rule_form`."""

    paths: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    class Meta(NewRule.Meta):
        fields = ["pack", "code", "effective_from", "source"]

    def clean(self) -> dict[str, Any] | None:
        values = forms.ModelForm.clean(self)
        if not values or self.errors:
            return values
        values["parameters"] = {}
        for name, path in self.paths.items():
            given = values.pop(name)
            if given is not None:
                *outer, last = path
                place = values["parameters"]
                for key in outer:
                    place = place.setdefault(key, {})
                place[last] = f"{given:%H:%M:%S}" if isinstance(given, time) else given
        self._check(values)
        return values

    def _check(self, values: dict[str, Any]) -> None:
        try:
            services.check_rule(**{name: values[name] for name in ("pack", "code", "effective_from", "parameters")})
        except ValidationError as error:
            # The parameters are no field here: what is wrong with them is said above the fields that they come from.
            for field, errors in error.error_dict.items():
                self.add_error(None if field == "parameters" else field, errors)


def rule_form(code: str) -> type[NewRule]:
    """The form for the next version of that rule: a field a value where its values are plain, else its JSON."""
    plain = FIELDS.get(code)
    if plain is None:
        return NewRule
    fields = {"_".join(path): make() for path, make in plain.items()}
    only = forms.ChoiceField(label=_("Rule"), choices=[(code, RULE_NAMES[code])])
    paths = dict(zip(fields, plain, strict=True))
    return type("PlainRule", (_PlainRule,), {**fields, "code": only, "paths": paths})


@admin.register(ContactRule)
class ContactRuleAdmin(ReadersAdmin):
    form = NewRule
    list_display = ["code", "version", "pack", "effective_from", "parameters", "source"]
    list_filter = ["pack", "code"]
    search_fields = ["code", "source"]
    ordering = ["pack", "code", "-effective_from"]

    def get_form(
        self, request: HttpRequest, obj: ContactRule | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        """The form of the rule asked for (`?code=`); without one, that of any, as JSON."""
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        form = rule_form(request.GET.get("code", ""))
        form.base_fields["code"].help_text = self._others()
        return form

    def get_fieldsets(self, request: HttpRequest, obj: ContactRule | None = None) -> Any:
        if obj is not None:
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": list(self.get_form(request, obj).base_fields)})]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What is in force, to start from; an example where nothing is."""
        pack, code = request.GET.get("pack") or str(Jurisdiction.CHINA), request.GET.get("code", "")
        latest = ContactRule.objects.filter(pack=pack, code=code).order_by("-effective_from").first()
        values: Any = latest.parameters if latest else EXAMPLES.get(code, {})
        initial = {"pack": pack, "code": code, "parameters": values}
        for path in FIELDS.get(code, {}):
            value = functools.reduce(lambda inner, key: inner.get(key) if inner else None, path, values)
            initial["_".join(path)] = value
        return initial

    def _others(self) -> SafeString:
        """Links to the forms of the rules that have fields of their own."""
        page = reverse("admin:compliance_contactrule_add")
        links = format_html_join(
            ", ", '<a href="{}?code={}">{}</a>', ((page, code, RULE_NAMES[code]) for code in sorted(FIELDS))
        )
        return format_html("{} {}", _("With a field for each value:"), links)

    def save_model(self, request: HttpRequest, obj: ContactRule, form: forms.ModelForm, change: bool) -> None:
        """Through the service, like every change of state."""
        saved = services.add_rule(actor=request.user, **form.cleaned_data)
        obj.pk, obj.version = saved.pk, saved.version

    def has_change_permission(self, request: HttpRequest, obj: ContactRule | None = None) -> bool:
        return False


@admin.register(ContactDecision)
class ContactDecisionAdmin(ReadersAdmin):
    list_display = [
        "decided_at",
        "customer",
        "channel",
        "purpose",
        "at",
        "allowed",
        "rule",
        "rule_version",
        "actor_name",
    ]
    list_filter = ["allowed", "channel", "rule"]
    list_select_related = ["customer"]
    search_fields = ["=customer__ref"]
    search_help_text = _("Customer reference, whole")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ContactDecision | None = None) -> bool:
        return False
