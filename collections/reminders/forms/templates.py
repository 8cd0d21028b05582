"""What people enter about templates. The services check what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from compliance.models import Channel
from reminders.models import LANGUAGES, MessageKind, Template, TemplateVersion
from reminders.services.templates import LONGEST_BODY
from runs.forms import PlainForm, SaysWhatIsMissing

WRITTEN = [choice for choice in Channel.choices if choice[0] in ("email", "sms", "push", "letter")]
LANGUAGE_NAMES = {"en": _("English"), "zh-hans": _("Simplified Chinese")}


class TemplateForm(SaysWhatIsMissing, forms.ModelForm):
    """A new template: what it is called, what it is about, and how it goes."""

    kind = forms.ChoiceField(label=_("Kind"), choices=MessageKind)
    channel = forms.ChoiceField(label=_("Channel"), choices=WRITTEN)

    class Meta:
        model = Template
        fields = ("name", "title", "kind", "channel", "by_letter")
        help_texts = {"name": _("Small letters, digits and hyphens: first-late. Messages carry it for ever.")}


class WordsForm(PlainForm):
    """The words of a draft in every language; a channel without subjects has no field for them."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    seen_edits = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, version: TemplateVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = version.number
        self.fields["seen_edits"].initial = version.edits
        for language in LANGUAGES:
            text = version.texts.get(language, {})
            if version.template.channel != Channel.SMS:
                self.fields[f"subject_{language}"] = forms.CharField(
                    label=_("Subject"), required=False, max_length=200, initial=text.get("subject", "")
                )
            self.fields[f"body_{language}"] = forms.CharField(
                label=_("Text"),
                required=False,
                max_length=LONGEST_BODY,
                strip=False,
                initial=text.get("body", ""),
                widget=forms.Textarea({"rows": 6 if version.template.channel in ("sms", "push") else 16}),
            )

    def texts(self) -> dict[str, dict[str, str]]:
        """What was entered, by language."""
        return {
            language: {place: self.data.get(f"{place}_{language}", "") for place in ("subject", "body")}
            for language in LANGUAGES
        }

    def by_language(self) -> list[tuple[str, Any, list[forms.BoundField]]]:
        """The fields in groups: the language's code, its name, its fields."""
        return [
            (language, LANGUAGE_NAMES[language], [self[name] for name in self.fields if name.endswith(f"_{language}")])
            for language in LANGUAGES
        ]


class SubmitForm(SaysWhatIsMissing, forms.Form):
    """Why a draft should be approved."""

    reason = forms.CharField(label=_("What changed, and why"), max_length=2000, widget=forms.Textarea({"rows": 3}))
