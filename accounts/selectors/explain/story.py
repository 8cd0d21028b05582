"""The sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import STAY, OverdueKind, ReliefKind, RiskClass
from accounts.rules import money, to_date
from accounts.rules.judge import FULL, MULTIPLE, MULTIPLE_OVER_DAYS
from accounts.rules.terms import in_force
from accounts.selectors.explain.found import Found, moment
from accounts.selectors.explain.parts import BillPart, Explanation
from accounts.selectors.explain.phrases import hold_sentence, in_figures, met
from runs.texts import listed


class Story(Found):
    """What can be said of one account, in the active language."""

    def told(self) -> Explanation:
        details = list(self._details())
        return Explanation(
            account_ref=self.ref,
            as_of=self.as_of,
            known_at=self.known_at,
            how_late=self.how_late,
            bills=self.bills,
            payments=self.payments,
            reliefs=self.reliefs,
            holds=self.holds,
            days_off=self.days_off,
            final_due_on=to_date(self.terms.final_due_on),
            final_passed=self.final_passed,
            late_fees_left=money(self.replayed.fee_left),
            in_force=self.in_force,
            summary=self._summary(),
            details=details,
        )

    def _summary(self) -> str:
        late = self.how_late
        if late.overdue_since is None:
            return _("Account %(ref)s is not late at the end of %(date)s: no bill is unmet.") % {
                "ref": self.ref,
                "date": self.as_of,
            }
        days = ngettext("%(count)d day past due", "%(count)d days past due", late.days_past_due) % {
            "count": late.days_past_due
        }
        return _(
            "Account %(ref)s is late at the end of %(date)s: overdue since %(since)s, %(days)s, bucket %(bucket)s,"
            " %(kind)s, %(class)s; %(amount)s makes it current."
        ) % {
            "ref": self.ref,
            "date": self.as_of,
            "since": to_date(late.overdue_since),
            "days": days,
            "bucket": late.bucket,
            "kind": OverdueKind(late.kind).label,
            "class": RiskClass(late.risk_class).label,
            "amount": in_figures(money(late.overdue_amount)),
        }

    def _details(self) -> Iterator[str]:
        if self.known_at is not None:
            yield _("Told with what was known at %(moment)s.") % {"moment": moment(self.known_at)}
        yield from self._bill_sentences()
        yield from self._final_sentences()
        yield from self._relief_sentences()
        yield from self._payment_sentences()
        if self.how_late.late:
            yield from self._clock_sentences()
            yield self._kind_sentence()
        if self.how_late.late or self.class_from:
            yield from self._table_sentences()
        yield from self._watch_sentences()
        yield from self._fee_sentences()
        yield self._rules_sentence()

    def _bill_sentences(self) -> Iterator[str]:
        if not self.bills:
            yield _("No bill has reached its statement date.")
        for bill in self.bills:
            if bill.unmet:
                yield self._unmet_sentence(bill)
            elif bill.left > 0:
                yield self._met_sentence(bill)
            if bill.rolled_out:
                yield _("%(amount)s of bill %(bill)s rolled over into a later bill.") % {
                    "amount": in_figures(bill.rolled_out),
                    "bill": bill.ref,
                }
        paid = sum(not bill.unmet and bill.left <= 0 for bill in self.bills)
        if paid:
            yield ngettext(
                "%(count)d bill has nothing left to pay.", "%(count)d bills have nothing left to pay.", paid
            ) % {"count": paid}
        to_come = len(self.facts.bills) - len(self.bills)
        if to_come:
            yield ngettext(
                "%(count)d bill takes no part: its statement date had not come.",
                "%(count)d bills take no part: their statement dates had not come.",
                to_come,
            ) % {"count": to_come}

    def _unmet_sentence(self, bill: BillPart) -> str:
        facts = _figures(bill, bill.lacks) | {"since": bill.late_from}
        if self.final_passed:
            return (
                _(
                    "Bill %(bill)s, due %(due)s, is unmet: the final due date has passed, it holds %(holds)s, got %(allocated)s"
                    " and lacks %(lacks)s; late from %(since)s."
                )
                % facts
            )
        return (
            _(
                "Bill %(bill)s, due %(due)s, is unmet: of %(holds)s it asks at least %(minimum)s, got %(allocated)s and lacks"
                " %(lacks)s; late from %(since)s."
            )
            % facts
        ) + self._grace(bill)

    def _grace(self, bill: BillPart) -> str:
        grace = (bill.missed_on - bill.due_on).days - 1
        if not grace:
            return ""
        return " " + ngettext(
            "Its %(count)d day of grace ended on %(date)s.", "Its %(count)d days of grace ended on %(date)s.", grace
        ) % {"count": grace, "date": bill.missed_on - timedelta(days=1)}

    def _met_sentence(self, bill: BillPart) -> str:
        facts = _figures(bill, max(bill.minimum - bill.allocated, Decimal(0)))
        if bill.allocated >= bill.minimum:
            return (
                _(
                    "Bill %(bill)s, due %(due)s, is met: of %(holds)s it asks at least %(minimum)s and got %(allocated)s."
                )
                % facts
            )
        if self.as_of <= bill.due_on:
            return (
                _("Bill %(bill)s is not late yet: it lacks %(lacks)s of its minimum %(minimum)s, due %(due)s.") % facts
            )
        return (
            _("Bill %(bill)s, due %(due)s, is within its grace: it lacks %(lacks)s of its minimum %(minimum)s.") % facts
        ) + self._grace(bill)

    def _final_sentences(self) -> Iterator[str]:
        final_due_on = to_date(self.terms.final_due_on)
        if final_due_on is None:
            return
        if self.terms.final_due_on != self.facts.terms.final_due_on:
            yield _("The whole balance was called due early, on %(date)s.") % {"date": final_due_on}
        if self.final_passed:
            yield _("The final due date, %(date)s, has passed: all that is left of every bill is due.") % {
                "date": final_due_on
            }
        else:
            yield _("The final due date is %(date)s.") % {"date": final_due_on}

    def _relief_sentences(self) -> Iterator[str]:
        for relief in self.reliefs:
            facts = {
                "relief": relief.ref,
                "kind": ReliefKind(relief.kind).label,
                "amount": in_figures(relief.amount),
                "date": relief.effective_on,
                "why": relief.why_not,
                "met": met(relief.met),
                "lapsed": in_figures(relief.amount - relief.found),
            }
            if not relief.counts:
                yield _("“%(kind)s” %(relief)s of %(amount)s does not count: %(why)s.") % facts
            elif not relief.met:
                yield (
                    _("“%(kind)s” %(relief)s of %(amount)s, effective %(date)s, found nothing left to take off.")
                    % facts
                )
            elif relief.found < relief.amount and relief.kind not in STAY:
                yield (
                    _("“%(kind)s” %(relief)s of %(amount)s, effective %(date)s, took off %(met)s; %(lapsed)s lapsed.")
                    % facts
                )
            else:
                yield _("“%(kind)s” %(relief)s of %(amount)s, effective %(date)s, took off %(met)s.") % facts

    def _payment_sentences(self) -> Iterator[str]:
        tells = {bill.ref for bill in self.bills if bill.unmet or bill.left > 0}
        elsewhere = 0
        for payment in self.payments:
            facts = {
                "payment": payment.ref,
                "amount": in_figures(payment.amount),
                "date": payment.effective_on,
                "why": payment.why_not,
                "met": met(payment.met),
                "waiting": in_figures(payment.waiting),
            }
            if not payment.counts:
                yield _("Payment %(payment)s of %(amount)s does not count: %(why)s.") % facts
            elif payment.waiting and payment.met:
                yield (
                    _(
                        "Payment %(payment)s of %(amount)s, effective %(date)s, met %(met)s; %(waiting)s waits as credit."
                    )
                    % facts
                )
            elif payment.waiting:
                yield _("Payment %(payment)s of %(amount)s, effective %(date)s, waits as credit.") % facts
            elif tells & {met.bill_ref for met in payment.met}:
                yield _("Payment %(payment)s of %(amount)s, effective %(date)s, met %(met)s.") % facts
            else:
                elsewhere += 1
        if elsewhere:
            yield ngettext(
                "%(count)d payment met what has nothing left to pay.",
                "%(count)d payments met what has nothing left to pay.",
                elsewhere,
            ) % {"count": elsewhere}
        if not self.payments:
            yield _("There is no payment.")

    def _clock_sentences(self) -> Iterator[str]:
        late = self.how_late
        assert late.overdue_since is not None
        calendar = self.on - late.overdue_since
        facts = {
            "since": to_date(late.overdue_since),
            "date": self.as_of,
            "calendar": calendar,
            "off": self.days_off,
            "days": late.days_past_due,
        }
        for hold in self.holds:
            yield hold_sentence(hold)
        if late.beside_amount is not None:
            yield self._beside_sentence()
        if self.days_off:
            yield (
                _(
                    "After %(since)s, up to and including %(date)s, lie %(calendar)d days; less %(off)d deferred, each counted"
                    " once: %(days)d days past due."
                )
                % facts
            )
        else:
            yield (
                ngettext(
                    "After %(since)s, up to and including %(date)s, lies %(calendar)d day, and no deferral covers it.",
                    "After %(since)s, up to and including %(date)s, lie %(calendar)d days, and no deferral covers any.",
                    calendar,
                )
                % facts
            )

    def _beside_sentence(self) -> str:
        late = self.how_late
        assert late.beside_amount is not None
        if late.beside_since is None:
            return _("Nothing is overdue beside what is held: nobody is to be contacted about this account.")
        return _("Beside what is held %(amount)s is overdue since %(since)s, which contact may be about.") % {
            "amount": in_figures(money(late.beside_amount)),
            "since": to_date(late.beside_since),
        }

    def _kind_sentence(self) -> str:
        late = self.how_late
        facts = {"kind": OverdueKind(late.kind).label, "count": len(late.unmet), "limit": MULTIPLE_OVER_DAYS}
        if late.kind == FULL:
            return _("Kind “%(kind)s”: the final due date has passed.") % facts
        if late.kind != MULTIPLE:
            return _("Kind “%(kind)s”: one bill is unmet.") % facts
        if len(late.unmet) >= 2:
            return _("Kind “%(kind)s”: %(count)d bills are unmet.") % facts
        if late.days_past_due > MULTIPLE_OVER_DAYS:
            return _("Kind “%(kind)s”: it is more than %(limit)d days past due.") % facts
        facts["limit"] = self.terms.on(self.on).missed_limit or 0
        return _("Kind “%(kind)s”: more than %(limit)d bills were missed in the twelve months.") % facts

    def _table_sentences(self) -> Iterator[str]:
        late = self.how_late
        facts = {
            "days": late.days_past_due,
            "bucket": late.bucket,
            "class": RiskClass(late.risk_class).label,
            "buckets": self.in_force.buckets_from,
            "classes": self.in_force.classes_from,
        }
        yield _("Bucket %(bucket)s: %(days)d days past due by the table in force since %(buckets)s.") % facts
        if self.class_from:
            yield (
                _(
                    "Class “%(class)s” is that of account %(account)s: the customer's worst class counts for all accounts."
                )
                % {**facts, "account": self.class_from}
            )
            return
        if late.risk_class != in_force(self.terms.risks, self.on).risk_class(late.days_past_due):
            return  # a watch keeps it
        over = next(
            (
                over_days
                for risk_class, over_days in in_force(self.terms.risks, self.on).rows
                if risk_class == late.risk_class and late.days_past_due > over_days
            ),
            None,
        )
        if over:
            facts["over"] = over
            yield _("Class “%(class)s”: over %(over)d days past due by the table in force since %(classes)s.") % facts
        else:
            yield _("Class “%(class)s”: the least for a late account by the table in force since %(classes)s.") % facts

    def _watch_sentences(self) -> Iterator[str]:
        for watch in self.watches:
            facts = {
                "class": RiskClass(watch.floor).label,
                "first": to_date(watch.starts_on),
                "last": to_date(watch.ends_on),
            }
            if watch.starts_on > self.on or (watch.ends_on is not None and watch.ends_on < self.on):
                continue
            if watch.ends_on is None:
                yield _("Under watch from %(first)s on: the class is no better than “%(class)s”.") % facts
            else:
                yield _("Under watch from %(first)s to %(last)s: the class is no better than “%(class)s”.") % facts

    def _fee_sentences(self) -> Iterator[str]:
        if self.replayed.posted:
            yield _(
                "Late fees of %(posted)s were posted, %(left)s of them unpaid; they never raise the overdue amount."
            ) % {
                "posted": in_figures(money(self.replayed.posted)),
                "left": in_figures(money(self.replayed.fee_left)),
            }
        if accrued := self.replayed.accrued_to_post():
            yield _(
                "Late fees of %(accrued)s accrued and wait to be posted; with what was posted, %(outstanding)s is unpaid."
            ) % {
                "accrued": in_figures(money(accrued)),
                "outstanding": in_figures(money(self.replayed.fee_left + accrued)),
            }

    def _rules_sentence(self) -> str:
        return _("Rules: product terms in force since %(terms)s, allocation version %(versions)s.") % {
            "terms": self.in_force.terms_from,
            "versions": listed(self.in_force.allocation_versions),
        }


def _figures(bill: BillPart, lacks: Decimal) -> dict[str, object]:
    """What sentences about a bill tell of it."""
    return {
        "bill": bill.ref,
        "due": bill.due_on,
        "holds": in_figures(bill.holds),
        "minimum": in_figures(bill.minimum),
        "allocated": in_figures(bill.allocated),
        "lacks": in_figures(lacks),
    }
