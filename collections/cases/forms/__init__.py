"""What can be asked and done on the pages of a case."""

from cases.forms.base import ActionForm, ReasonForm
from cases.forms.contact import CallForm, ContactForm, CorrectForm, InboundForm, RecordingForm
from cases.forms.debt import CloseDisputeForm, DisputeForm, HoldForm, LiftForm, PromiseForm
from cases.forms.evidence import EvidenceForm
from cases.forms.plans import DisputesForm, PlansForm, PromisesForm
from cases.forms.queues import HandOverForm, QueueChangeForm, QueueFiltersForm, QueueForm
from cases.forms.refusals import RefusalsForm
from cases.forms.work import (
    AssignForm,
    ContactPointForm,
    FlagForm,
    FollowUpForm,
    HoursForm,
    MarkWrongForm,
    NoteForm,
    OptInForm,
    OptOutForm,
    VerifyForm,
)

__all__ = [
    "ActionForm",
    "AssignForm",
    "CallForm",
    "CloseDisputeForm",
    "ContactForm",
    "ContactPointForm",
    "CorrectForm",
    "DisputeForm",
    "DisputesForm",
    "EvidenceForm",
    "FlagForm",
    "FollowUpForm",
    "HandOverForm",
    "HoldForm",
    "HoursForm",
    "InboundForm",
    "LiftForm",
    "MarkWrongForm",
    "NoteForm",
    "OptInForm",
    "OptOutForm",
    "PlansForm",
    "PromiseForm",
    "PromisesForm",
    "QueueChangeForm",
    "QueueFiltersForm",
    "QueueForm",
    "ReasonForm",
    "RecordingForm",
    "RefusalsForm",
    "VerifyForm",
]
