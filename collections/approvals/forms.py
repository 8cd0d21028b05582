"""What people enter about a request. The services check what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.uploads import DOCUMENTS
from approvals import kinds
from approvals.models import Request
from approvals.seats import STAND_IN, kinds_decided_by
from approvals.services.delegating import CHANGE
from approvals.services.rows import LONGEST_TEXT
from runs import clock
from runs.forms import DayInput, SaysWhatIsMissing
from staff.models import User
from staff.permissions import may, scope_of

# The users' own backend: others (lock-out) have no permissions to ask for.
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _words() -> forms.Textarea:
    return forms.Textarea({"rows": 3, "class": "form-control"})


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class DocumentsField(forms.FileField):
    """Some documents at once; its value is their list, empty for none. What they are is for `accounts.uploads` to say."""

    def __init__(self, *, required: bool = True) -> None:
        taken = [*DOCUMENTS, *(f".{ending}" for ending in DOCUMENTS.values())]
        widget = _FilesInput({"class": "form-control", "accept": ",".join(taken), "multiple": True})
        super().__init__(label=_("Documents (PDF, JPEG, PNG)"), required=required, widget=widget)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        chosen = [file for file in (data if isinstance(data, list) else [data]) if file]
        if not chosen:
            super().clean(None, initial)
        return [super(DocumentsField, self).clean(file, initial) for file in chosen]


class AskForm(SaysWhatIsMissing, forms.Form):
    """What every kind asks for beside its own fields: a reason, and documents. Kinds' forms derive from it."""

    reason = forms.CharField(label=_("Reason"), max_length=LONGEST_TEXT, widget=_words())
    documents = DocumentsField(required=False)


class _OfVersion(SaysWhatIsMissing, forms.Form):
    """A form on the screen of a certain version of a request."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, request_row: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = request_row.version

    def renew(self, version: int) -> None:
        """Let a form that comes back speak of the version shown beside it."""
        if self.is_bound:
            self.data = {**self.data, "seen_version": str(version)}


class DecideForm(_OfVersion):
    """What the decider says; a rejection and a sending back need it."""

    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=_words(),
        help_text=_("Needed to reject and to send back"),
    )


class AgainForm(_OfVersion):
    """Asking again for what was sent back, as it was, with a better reason."""

    reason = forms.CharField(label=_("Reason"), max_length=LONGEST_TEXT, widget=_words())

    def __init__(self, *args: Any, request_row: Request, **kwargs: Any) -> None:
        super().__init__(*args, request_row=request_row, **kwargs)
        self.fields["reason"].initial = request_row.reason


class WithdrawForm(_OfVersion):
    """Taking it back."""


class AttachForm(_OfVersion):
    """Documents for a request, with one name for all."""

    documents = DocumentsField()
    name = forms.CharField(
        label=_("Name"), required=False, max_length=120, help_text=_("What it is: a payslip, a letter")
    )


class BulkForm(SaysWhatIsMissing, forms.Form):
    """What is said to the authors of several requests at once."""

    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=LONGEST_TEXT, widget=forms.TextInput({"class": "form-control"})
    )


class DelegateForm(SaysWhatIsMissing, forms.Form):
    """Who stands in for whom, from day to day, for which kinds."""

    delegator = forms.ModelChoiceField(label=_("Who is away"), queryset=User.objects.none(), required=False)
    deputy = forms.ModelChoiceField(label=_("Who stands in"), queryset=User.objects.none())
    starts_on = forms.DateField(label=_("First day"), initial=clock.today, widget=DayInput())
    ends_on = forms.DateField(label=_("Last day"), widget=DayInput())
    kinds = forms.MultipleChoiceField(
        label=_("Only for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing ticked: everything that this person decides"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, is_staff=True).order_by("display_name", "username")
        able = User.objects.with_perm(STAND_IN, backend=_BACKEND).values("pk")
        self.fields["deputy"].queryset = people.filter(pk__in=able).exclude(pk=user.pk)  # type: ignore[attr-defined]  # a model choice field
        offered = kinds.registered()
        if may(user, CHANGE):
            scope = scope_of(user)
            reached = people if scope.everything else people.filter(team__in=scope.teams)
            self.fields["delegator"].queryset = reached  # type: ignore[attr-defined]  # a model choice field
            self.fields["delegator"].empty_label = _("I myself")  # type: ignore[attr-defined]  # a model choice field
        else:
            del self.fields["delegator"]
            offered = kinds_decided_by(user)
        self.fields["kinds"].choices = [(kind.code, kind.label) for kind in offered]  # type: ignore[attr-defined]  # a choice field
