"""One-time codes to sign an agreement with: where one may go, how the latest stands, and what its message says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import ContactKind, ContactPoint, Relationship, Verification
from audit.services import Actor
from compliance.models import Channel, Purpose
from compliance.selectors import look
from compliance.sentences import say
from reminders.contents import Content
from reminders.models import ChannelControl, ChannelState, Message
from reminders.rendering import Signing
from reminders.sealing import unseal
from restructuring.models import Plan, PlanStatus, SigningCode
from runs import clock

# The channel and the template of a code, by the kind of contact point.
WAYS = {
    ContactKind.MOBILE.value: (Channel.SMS, "signing-code-sms"),
    ContactKind.EMAIL.value: (Channel.EMAIL, "signing-code-email"),
}
# So many characters of the agreement's hash stand in the message.
HASH_SHOWN = 12


def points_for_codes(customer_id: int) -> QuerySet[ContactPoint]:
    """The debtor's own numbers and addresses to which a code may go: verified, permitted, read by the debtor alone."""
    return ContactPoint.objects.filter(
        customer=customer_id,
        kind__in=WAYS,
        relationship=Relationship.OWN,
        verification=Verification.VERIFIED,
        permitted=True,
    ).order_by("pk")


class Offered(NamedTuple):
    """A contact point to which a code may be sent, and why it does not go there now; blank: it goes."""

    point: ContactPoint
    refusal: str


def offered_for_codes(plan: Plan, actor: Actor) -> list[Offered]:
    """Where a code for the plan may be sent, those first by which the gate lets it go now. Nothing is recorded, and an answer is
    no permission. Four queries at most."""
    points = list(points_for_codes(plan.customer_id))
    channels = sorted({WAYS[point.kind][0].value for point in points})
    if not channels:
        return []
    looks = look(
        customer_id=plan.customer_id,
        channels=channels,
        purpose=Purpose.SIGNING,
        account_id=plan.account_id,
        actor=actor,
    )
    verdicts = {(one.contact_point_id, one.channel): one.verdict for one in looks}
    closed = {one.channel: one for one in ChannelControl.objects.exclude(state=ChannelState.OPEN)}
    found = []
    for point in points:
        channel = WAYS[point.kind][0].value
        verdict = verdicts[point.pk, channel]
        refusal = "" if verdict.allowed else say(verdict, point=point, channel=channel)
        found.append(Offered(point, is_closed(closed[channel]) if channel in closed else refusal))
    return sorted(found, key=lambda one: bool(one.refusal))


def is_closed(control: ChannelControl) -> str:
    """The sentence that says that no code goes by a channel."""
    return _(
        "The channel “%(channel)s” is closed just now (%(state)s): a code would come too late. Choose another."
    ) % {"channel": control.get_channel_display(), "state": control.get_state_display()}


def latest_code(plan: Plan) -> SigningCode | None:
    """The code that was sent last for a plan, whatever became of it. One query."""
    related = ("agreement", "contact_point", "message")
    return SigningCode.objects.filter(agreement__plan=plan).select_related(*related).order_by("-pk").first()


def state_of(code: SigningCode) -> str:
    """Whether the latest code `waits` to be entered, has `lapsed`, or is `dead`: its attempts are used up."""
    if not code.left:
        return "dead"
    return "lapsed" if clock.now() >= code.valid_until else "waits"


def told(messages: Sequence[Message], on: date) -> dict[int, Content]:
    """What messages with codes tell, of those whose code can still be entered (registered with `contents`). One query."""
    by_id = {message.pk: message for message in messages}
    live = SigningCode.objects.filter(
        message__in=by_id, ended_at=None, agreement__plan__status=PlanStatus.ASKED
    ).select_related("agreement__plan")
    now, found = clock.now(), {}
    for one in live:
        message = by_id[one.message_id]
        minutes = int((one.valid_until - now).total_seconds()) // 60
        secret = unseal(message)
        if minutes and secret:
            signing = Signing(secret["code"], one.agreement.plan.ref, one.sha256[:HASH_SHOWN], minutes)
            found[message.pk] = Content({"customer_name": message.customer.name, "signing": signing})
    return found
