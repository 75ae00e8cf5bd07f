"""Why the marketplace's number differs from ours: what may be the cause, and what mends it.

A cause is only ever proposed. Each says what speaks for it, and the drift that would be left.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring.core.drifts import Gap
from scoring.core.rulebook import Library, Rulebook
from scoring.core.values import ActiveEntry, CountsAs, Entry
from scoring.models import LedgerEntry, Quiz, Restoration
from scoring.selectors.checks import cases_of
from scoring.selectors.gaps import Reader
from stores.models import Notice, Order, Store, Violation
from stores.services import notices
from tenants.models import Membership
from tenants.templatetags import ui

MOST_POINTS: Final = 1000  # that one act may write
_AROUND: Final = timedelta(days=2)  # a mail may come so long before or after what it tells shows
_MOST: Final = 6  # of a kind: each is a sweep
_MOST_OLD: Final = 2  # of what may have left already: little speaks for any of them
_ACTING: Final = {Violation.State.REVERSED, Violation.State.LAPSED}


class Kind(StrEnum):
    """What may have happened; the value is the cause's code in addresses and the API."""

    MISSED_NOTICE = "missed_notice"
    ENFORCED_SINCE = "enforced_since"
    UNSTATED = "unstated"
    GIVEN_BACK = "given_back"
    LEFT_IN_OURS = "left_in_ours"
    NOT_RESTORED = "not_restored"
    NOT_COUNTED = "not_counted"
    DOUBLED = "doubled"
    ESTIMATE = "estimate"
    MISTYPED = "mistyped"
    QUIZ = "quiz"
    UNKNOWN_GAIN = "unknown_gain"
    EXPIRY = "expiry"
    FIGURE = "figure"
    BOOK = "book"


# Of two causes that leave the same drift, the one that we have something in hand for comes first.
_ORDER: Final = (
    Kind.DOUBLED,
    Kind.LEFT_IN_OURS,
    Kind.NOT_RESTORED,
    Kind.MISSED_NOTICE,
    Kind.ENFORCED_SINCE,
    Kind.QUIZ,
    Kind.UNSTATED,
    Kind.ESTIMATE,
    Kind.GIVEN_BACK,
    Kind.EXPIRY,
    Kind.BOOK,
    Kind.FIGURE,
    Kind.NOT_COUNTED,
    Kind.MISTYPED,
    Kind.UNKNOWN_GAIN,
)
_RECORDS: Final = {Kind.MISSED_NOTICE, Kind.ENFORCED_SINCE, Kind.UNSTATED, Kind.ESTIMATE}


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that may explain a store's drift.

    ``after``: the drift that is left if it is true. ``verb``: what the button says, "" where there
    is nothing to write. ``first``: what the act takes, with first values; points are positive.
    ``token`` stands for all that the proposal rests on: with another one it is out of date.
    """

    kind: Kind
    subject: str
    title: str
    evidence: tuple[str, ...]
    after: int | None
    verb: str = ""
    first: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    is_backed: bool = True  # something in hand speaks for it
    token: str = ""
    violation: Violation | None = None
    entry: LedgerEntry | None = None
    notice: Notice | None = None
    quiz: Quiz | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.subject}" if self.subject else str(self.kind)

    @property
    def needs(self) -> str:
        """Return the capability that acting on it takes."""
        return "violations.record" if self.kind in _RECORDS else "ratings.adjust"

    @property
    def rank(self) -> tuple[int, bool, int, str]:
        left = abs(self.after) if self.after is not None else 10**6
        return left, not self.is_backed, _ORDER.index(self.kind), self.key


def causes_of(reader: Reader, member: Membership | None) -> tuple[Cause, ...]:
    """Return what may explain a store's drift, the likeliest first; nothing without one.

    Only what can be written and would bring the drift nearer to nothing. ``member``: whose view
    of cases it is; None for nobody's.
    """
    if reader.gap is None:
        return ()
    finder = _Finder(reader, reader.gap, member)
    drift = reader.gap.newest.drift
    found = [
        each
        for each in finder.causes()
        if _is_writable(each) and (each.after is None or abs(each.after) < abs(drift))
    ]
    token = _token(reader, reader.gap)
    signed = (replace(each, token=f"{token}{_short(each.key)}") for each in found)
    return tuple(sorted(signed, key=lambda cause: cause.rank))


def _is_writable(cause: Cause) -> bool:
    return not cause.verb or 1 <= cause.first.get("points", 1) <= MOST_POINTS


def _page(name: str, *args: object) -> str:
    """Return the address of a page, on whatever host the causes are asked for."""
    return reverse(name, args=args, urlconf=settings.ROOT_URLCONF)


def window(gap: Gap, zone: str) -> str:
    """Say between which two platform ratings it happened."""
    by = ui.moment_in(gap.opened_by, zone)
    if gap.opened_after is None:
        return _("The marketplace's first number that we saw, of %(by)s, differed already.") % {
            "by": by
        }
    return _("The two agreed on %(after)s and differed on %(by)s.") % {
        "after": ui.moment_in(gap.opened_after, zone),
        "by": by,
    }


def _token(reader: Reader, gap: Gap) -> str:
    """Return what changes with every row that a proposal may rest on."""
    rows = (
        str(gap.newest.observation.id),
        str(gap.newest.drift),
        *sorted(entry.id for entry in reader.ledger.entries),
        *sorted(f"{one.pk}{one.state}{one.points}" for one in reader.violations.values()),
    )
    return _short(" ".join(rows), 24)


def _short(text: str, length: int = 8) -> str:
    return sha256(text.encode()).hexdigest()[:length]


class _Finder:
    """Goes through one kind of cause after another."""

    def __init__(self, reader: Reader, gap: Gap, member: Membership | None) -> None:
        self.reader = reader
        self.store: Store = reader.store
        self.gap = gap
        self.wanted = gap.wanted
        # What a person would write of it at most: the sum may be far beyond the clamped rating.
        self.most = min(abs(self.wanted), MOST_POINTS)
        self.cases = cases_of(reader.violations, member)
        self.active = [each for each in reader.then.active if each.net]

    def causes(self) -> Iterator[Cause]:
        if self.wanted < 0:
            yield from self._missed_notices()
            yield from self._enforced_since()
            yield from self._not_restored()
        else:
            yield from self._given_back()
            yield from self._gains()
        yield from self._unstated()
        yield from self._estimates()
        yield from self._not_counted()
        yield from self._mistyped()
        yield from self._expiries()
        yield from self._figures()
        yield from self._books()

    def _when(self, moment: datetime) -> str:
        return ui.moment_in(moment, self.store.time_zone)

    # The marketplace took points that we know nothing of

    def _missed_notices(self) -> Iterator[Cause]:
        waiting = self._waiting_notices()
        for notice in waiting:
            yield self._missed_notice(notice)
        if waiting:
            return
        after = self.reader.after(self.reader.taken(self.most, self.gap.opened_by))
        yield Cause(
            kind=Kind.MISSED_NOTICE,
            subject="",
            title=_("A notice that never reached us"),
            evidence=(
                _("No notice of that time waits or was set aside. Look through the violations in "
                  "the seller centre."),
            ),
            after=after,
            verb=_("Record the missed violation"),
            first=self._violation_first(self.most, self.gap.opened_by),
            links=(Link(_("Notices"), f"{_page('stores:notices')}?store={self.store.pk}"),),
            is_backed=False,
        )  # fmt: skip

    def _waiting_notices(self) -> list[Notice]:
        after = (self.gap.opened_after or self.gap.opened_by - 7 * _AROUND) - _AROUND
        found = Notice.objects.filter(
            store=self.store,
            state__in=(Notice.State.TRIAGE, Notice.State.SET_ASIDE),
            received_at__gt=after,
            received_at__lte=self.gap.newest.observation.observed_at + _AROUND,
        ).exclude(kind__in=("rating", "appeal"))
        return list(found.defer("original").order_by("-received_at", "-id")[:_MOST])

    def _missed_notice(self, notice: Notice) -> Cause:
        told = notices.violation_told(notice, self.store)
        stated = -told.points if told is not None and told.points is not None else None
        stated = None if stated is not None and stated < 0 else stated
        sent_at = notice.sent_at or notice.received_at
        said_at = (told.enforced_at or told.reported_at) if told is not None else sent_at
        is_within = self.gap.is_within(said_at)
        occurred_at = said_at if is_within else self.gap.opened_by
        points = self.most if stated is None else stated
        words = _("A notice of %(sent)s waits for a person: %(subject)s")
        if notice.state == Notice.State.SET_ASIDE:
            words = _("A notice of %(sent)s was set aside: %(subject)s")
        evidence = [words % {"sent": self._when(sent_at), "subject": notice.subject}]
        if stated is not None:
            evidence.append(
                ngettext("It names %(points)s point.", "It names %(points)s points.", stated)
                % {"points": stated}
            )
        else:
            evidence.append(_("It names no points that we can read."))
        first = self._violation_first(points, occurred_at)
        if told is not None:
            first |= {"rule": told.rule, "reference": told.reference or ""}
        return Cause(
            kind=Kind.MISSED_NOTICE,
            subject=str(notice.pk),
            title=_("A notice that nobody acted on"),
            evidence=tuple(evidence),
            after=self.reader.after(self.reader.taken(points, occurred_at)),
            verb=_("Record the missed violation"),
            first=first,
            links=(Link(_("Read the notice"), _page("stores:notice", notice.pk)),),
            is_backed=stated is not None,
            notice=notice,
        )

    def _violation_first(self, points: int, occurred_at: datetime) -> dict[str, Any]:
        return {"rule": "", "reference": "", "points": points, "occurred_at": occurred_at}

    def _enforced_since(self) -> Iterator[Cause]:
        seen_at = self.gap.newest.observation.observed_at
        for one in self.reader.violations.values():
            due = min(filter(None, (one.correct_by, one.appeal_by)), default=None)
            if one.state != Violation.State.PENDING or due is None or due > seen_at:
                continue
            points = self.most if one.points is None else -one.points
            enforced_at = due if self.gap.is_within(due) else self.gap.opened_by
            yield Cause(
                kind=Kind.ENFORCED_SINCE,
                subject=str(one.pk),
                title=_("A pending violation was enforced: %(violation)s")
                % {"violation": self.reader.name_of(one)},
                evidence=(
                    _("Its date passed on %(due)s, and no notice told what became of it.")
                    % {"due": self._when(due)},
                ),
                after=self.reader.after(self.reader.taken(points, enforced_at)),
                verb=_("Record that its points were taken"),
                first={"points": points, "occurred_at": enforced_at},
                links=(self._link(one),),
                is_backed=one.points is not None,
                violation=one,
            )

    def _not_restored(self) -> Iterator[Cause]:
        """What we gave back and the marketplace, by its number, did not."""
        checks = Restoration.objects.filter(store=self.store, state=Restoration.State.OPEN)
        for check in checks.select_related("violation"):
            gone = [
                str(row.pk)
                for row in self.reader.rows.values()
                if row.kind == LedgerEntry.Kind.REVERSAL
                and (row.violation_id, row.reason, row.occurred_at)
                == (check.violation_id, check.reason, check.decided_at)
            ]
            case = self.cases.get(check.violation_id)
            links = [Link(_("Open the case"), case["href"])] if case else []
            yield Cause(
                kind=Kind.NOT_RESTORED,
                subject=str(check.pk),
                title=_("Points that were given back are not back: %(violation)s")
                % {"violation": self.reader.name_of(check.violation)},
                evidence=(
                    _("%(reason)s on %(decided)s: %(points)s points. The marketplace's number does "
                      "not show them.")
                    % {
                        "reason": check.get_reason_display(),
                        "decided": self._when(check.decided_at),
                        "points": check.points,
                    },
                    _("Write to the marketplace's support; nothing is wrong in our ledger."),
                ),
                after=self.reader.after(instead_of=gone),
                links=(*links, self._link(check.violation)),
            )  # fmt: skip

    # The marketplace counts less against the store than we do

    def _given_back(self) -> Iterator[Cause]:
        found = (each for each in self.active if each.counts_as is CountsAs.DEDUCTION)
        candidates = [each for each in found if self._may_be_back(each)]
        yield from map(self._back, candidates[:_MOST])

    def _may_be_back(self, active: ActiveEntry) -> bool:
        row = self.reader.rows[active.id]
        if row.kind != LedgerEntry.Kind.DEDUCTION or not self.reader.left_of(active.id):
            return False
        if row.violation is not None and row.violation.state in _ACTING:
            return True
        is_disputed = row.violation_id in self.cases
        return -active.net == self.wanted or (is_disputed and -active.net >= self.wanted)

    def _back(self, active: ActiveEntry) -> Cause:
        row = self.reader.rows[active.id]
        one, case = row.violation, self.cases.get(row.violation_id) if row.violation_id else None
        # Part of it may have been given back since the marketplace's number was seen.
        points = min(self.most, -active.net, -self.reader.left_of(active.id))
        decided_at = max(self.gap.opened_by, row.occurred_at)
        is_ours = one is not None and one.state in _ACTING
        reason = LedgerEntry.Reason.MARKETPLACE
        evidence = [
            _("We count %(points)s points of it.") % {"points": -active.net},
        ]
        if is_ours and one is not None:
            if one.state == Violation.State.LAPSED:
                reason = LedgerEntry.Reason.CORRECTED
            evidence.insert(
                0,
                _("It is “%(state)s”, yet not all of its points are given back in our ledger.")
                % {"state": one.get_state_display()},
            )
        if case is not None:
            evidence.insert(0, _("Its case: %(state)s.") % {"state": case["label"]})
            if case["state"] == "granted":
                reason = LedgerEntry.Reason.GRANTED
                decided_at = max(case["decided_at"] or decided_at, row.occurred_at)
        links = [Link(_("Open the case"), case["href"])] if case else []
        # The outcome of what is filed is told in its case, which gives the points back itself.
        is_filed = case is not None and case["state"] == "filed"
        return Cause(
            kind=Kind.LEFT_IN_OURS if is_ours else Kind.GIVEN_BACK,
            subject=active.id,
            title=_("The marketplace gave back the points of %(entry)s")
            % {"entry": self.reader.name(row)},
            evidence=tuple(evidence),
            after=self.reader.after(self.reader.reversal(active.id, points, decided_at)),
            verb="" if is_filed else _("Write the reversal"),
            first={"points": points, "reason": reason, "decided_at": decided_at},
            links=(*links, *([self._link(one)] if one else [])),
            is_backed=is_ours or case is not None,
            violation=one,
            entry=row,
        )

    def _gains(self) -> Iterator[Cause]:
        quizzes = Quiz.objects.filter(
            store=self.store,
            kind=Quiz.Kind.POINTS,
            state__in=(Quiz.State.OPEN, Quiz.State.LAPSED),
            offered_at__lte=self.gap.opened_by,
        )
        for quiz in quizzes.order_by("-offered_at", "-id")[:_MOST]:
            points = self.most if quiz.worth is None else quiz.worth
            yield Cause(
                kind=Kind.QUIZ,
                subject=str(quiz.pk),
                title=_("A quiz was passed: %(quiz)s") % {"quiz": quiz.title},
                evidence=(_("It was on offer, and nobody recorded that it was passed."),),
                after=self.reader.after(self.reader.given(points, self.gap.opened_by)),
                verb=_("Record that it was passed"),
                first={"points": points, "occurred_at": self.gap.opened_by},
                is_backed=quiz.worth is not None,
                quiz=quiz,
            )
        yield Cause(
            kind=Kind.UNKNOWN_GAIN,
            subject="",
            title=_("A bonus that nobody recorded"),
            evidence=(
                _("A passed quiz or the bonus for orders gives points that no notice may tell."),
            ),
            after=self.reader.after(self.reader.given(self.most, self.gap.opened_by)),
            verb=_("Write the bonus"),
            first={"points": self.most, "occurred_at": self.gap.opened_by, "note": ""},
            is_backed=False,
        )

    # Our own points are other than the marketplace's

    def _unstated(self) -> Iterator[Cause]:
        told = {row.violation_id for row in self.reader.rows.values()}
        for one in self.reader.violations.values():
            is_unknown = one.state == Violation.State.ENFORCED and one.pk not in told
            if self.wanted >= 0 or not is_unknown or one.points is not None:
                continue
            occurred_at = one.enforced_at or one.reported_at
            yield Cause(
                kind=Kind.UNSTATED,
                subject=str(one.pk),
                title=_("The points of %(violation)s are not known")
                % {"violation": self.reader.name_of(one)},
                evidence=(
                    _("It is enforced, and neither its notice nor the rulebook tells its points."),
                ),
                after=self.reader.after(self.reader.taken(self.most, occurred_at)),
                verb=_("State the points"),
                first={"points": self.most},
                links=(self._link(one),),
                violation=one,
            )

    def _estimates(self) -> Iterator[Cause]:
        for active in self.active:
            row = self.reader.rows[active.id]
            right = self.reader.entry(active.id).points + self.wanted
            if active.estimate is None or row.violation is None or not self._is_whole(active):
                continue
            low, high = active.estimate
            if not low <= -right <= high:
                continue
            after = self.reader.after(self.reader.like(active.id, right), instead_of=[active.id])
            words = _("Its notice states no points: we count %(points)s, the middle of %(low)s to "
                      "%(high)s. %(right)s would bring the two nearer.")  # fmt: skip
            if after == 0:
                words = _("Its notice states no points: we count %(points)s, the middle of %(low)s "
                          "to %(high)s. With %(right)s the two agree.")  # fmt: skip
            yield Cause(
                kind=Kind.ESTIMATE,
                subject=active.id,
                title=_("Our estimate of %(violation)s is off")
                % {"violation": self.reader.name_of(row.violation)},
                evidence=(
                    words
                    % {
                        "points": -active.points,
                        "low": low,
                        "high": high,
                        "right": -right,
                    },
                ),
                after=after,
                verb=_("State the points"),
                first={"points": -right},
                links=(self._link(row.violation),),
                violation=row.violation,
                entry=row,
            )  # fmt: skip

    def _not_counted(self) -> Iterator[Cause]:
        reversible = (LedgerEntry.Kind.DEDUCTION, LedgerEntry.Kind.BONUS)
        found = (each for each in self.active if each.net == -self.wanted)
        for active in islice(found, _MOST):
            row = self.reader.rows[active.id]
            if row.kind not in reversible or not self.reader.left_of(active.id):
                continue
            twin = self._twin(row)
            if twin is None and not self.gap.is_within(row.occurred_at):
                continue  # the two agreed with it in the sum
            kind = Kind.DOUBLED if twin is not None else Kind.NOT_COUNTED
            words = _("The marketplace does not seem to count %(entry)s")
            evidence = _("It was written since the two agreed.")
            if twin is not None:
                words = _("%(entry)s is recorded twice")
                evidence = _(
                    "Of the same rule and day there is another one, of %(points)s points."
                ) % {"points": abs(twin.points)}
            one = row.violation
            yield Cause(
                kind=kind,
                subject=active.id,
                title=words % {"entry": self.reader.name(row)},
                evidence=(evidence,),
                after=self.reader.after(self.reader.mistake(active.id)),
                verb=_("Mend the mistake"),
                links=(self._link(one),) if one else (),
                is_backed=twin is not None,
                violation=one,
                entry=row,
            )

    def _twin(self, row: LedgerEntry) -> LedgerEntry | None:
        """Return another entry of the same kind, rule and day that weighs."""
        if not row.rule:
            return None
        day = timedelta(days=1)
        for active in self.active:
            other = self.reader.rows[active.id]
            is_alike = (other.kind, other.rule) == (row.kind, row.rule)
            is_other = other.violation_id != row.violation_id or row.violation_id is None
            if (
                other.pk != row.pk
                and is_alike
                and is_other
                and abs(other.occurred_at - row.occurred_at) < day
            ):
                return other
        return None

    def _mistyped(self) -> Iterator[Cause]:
        """What a person wrote since the two agreed, with other points."""
        for active in islice(self._written(), _MOST):
            row = self.reader.rows[active.id]
            right = active.points + self.wanted
            if right * active.points <= 0:
                continue
            right = max(-MOST_POINTS, min(right, MOST_POINTS))
            after = self.reader.after(self.reader.like(active.id, right), instead_of=[active.id])
            yield Cause(
                kind=Kind.MISTYPED,
                subject=active.id,
                title=_("The points of %(entry)s were written wrongly")
                % {"entry": self.reader.name(row)},
                evidence=(
                    self._written_words(after)
                    % {"points": abs(active.points), "right": abs(right)},
                ),
                after=after,
                verb=_("Write it anew"),
                first={"points": abs(right)},
                links=(self._link(row.violation),) if row.violation else (),
                is_backed=False,
                violation=row.violation,
                entry=row,
            )

    def _written_words(self, after: int | None) -> str:
        if after == 0:
            return _("A person or a file wrote %(points)s; with %(right)s the two agree.")
        return _("A person or a file wrote %(points)s; %(right)s would bring the two nearer.")

    def _written(self) -> Iterator[ActiveEntry]:
        for active in self.active:
            row = self.reader.rows[active.id]
            if (
                row.kind in {LedgerEntry.Kind.DEDUCTION, LedgerEntry.Kind.BONUS}
                and row.source in {"person", "file", "integration"}
                and active.estimate is None
                and self._is_whole(active)
                and self._is_alone(row)
                and self.gap.is_within(row.occurred_at)
            ):
                yield active

    def _is_whole(self, active: ActiveEntry) -> bool:
        """Tell whether nothing of it was ever given back, not since the newest rating either."""
        return self.reader.left_of(active.id) == active.points

    def _is_alone(self, row: LedgerEntry) -> bool:
        """Tell whether no other entry of its violation weighs: they are written anew as one."""
        return row.violation_id is None or not any(
            self.reader.left_of(str(other.pk))
            for other in self.reader.rows.values()
            if other.violation_id == row.violation_id
            and other.kind == LedgerEntry.Kind.DEDUCTION
            and other.pk != row.pk
        )

    # Time, figures and books

    def _expiries(self) -> Iterator[Cause]:
        """What left our ledger and not the marketplace's, or the other way."""
        seen_at = self.gap.newest.observation.observed_at
        gone = (
            (row, end)
            for row in self.reader.rows.values()
            if row.kind in {LedgerEntry.Kind.DEDUCTION, LedgerEntry.Kind.BONUS}
            and (end := self._end_of(row)) is not None
            and self.gap.is_within(end)
            and self.reader.left_of(str(row.pk)) == self.wanted
        )
        for row, end in islice(gone, _MOST):
            yield self._expiry(
                row,
                _("%(entry)s may still count at the marketplace"),
                _("It left our ledger on %(end)s, and the two have differed since.")
                % {"end": self._when(end)},
                first_end=seen_at + timedelta(days=1),
            )
        for active in islice(self._old(seen_at), _MOST_OLD):
            row = self.reader.rows[active.id]
            end = active.expires_at
            assert end is not None, "What never ends has no age to speak of."
            yield self._expiry(
                row,
                _("%(entry)s may have left at the marketplace already"),
                _("In our ledger it leaves on %(end)s.") % {"end": self._when(end)},
                first_end=self.gap.opened_by,
            )

    def _old(self, seen_at: datetime) -> Iterator[ActiveEntry]:
        """Yield what has most of its time behind it and weighs as much as is wanted."""
        for active in self.active:
            row = self.reader.rows[active.id]
            if active.expires_at is None or row.kind == LedgerEntry.Kind.ADJUSTMENT:
                continue
            is_old = seen_at - active.occurred_at > (active.expires_at - active.occurred_at) / 2
            is_wanted = active.net == self.reader.left_of(active.id) == -self.wanted
            if is_wanted and is_old and active.occurred_at < self.gap.opened_by:
                yield active

    def _end_of(self, row: LedgerEntry) -> datetime | None:
        if row.is_expiry_stated:
            return row.expires_at
        return self.reader.library.expiry(
            row.occurred_at, row.recorded_at, self.reader.options.switched_on
        )

    def _expiry(self, row: LedgerEntry, title: str, evidence: str, *, first_end: datetime) -> Cause:
        entry_id = str(row.pk)
        left = self.reader.left_of(entry_id)
        other = self.reader.like(entry_id, left, expires_at=first_end)
        return Cause(
            kind=Kind.EXPIRY,
            subject=entry_id,
            title=title % {"entry": self.reader.name(row)},
            evidence=(
                evidence,
                _("Look in the seller centre until when it counts."),
            ),
            after=self.reader.after(other, instead_of=[entry_id]),
            verb=_("State when it leaves"),
            first={"expires_at": first_end},
            links=(self._link(row.violation),) if row.violation else (),
            is_backed=False,
            violation=row.violation,
            entry=row,
        )

    def _figures(self) -> Iterator[Cause]:
        """Yield figures of third parties that are switched off and would bring the two nearer."""
        reader = self.reader
        book = reader.library.in_force(self.gap.newest.observation.observed_at, reader.at)
        if book is None:
            return
        on = reader.options.switched_on
        for name in sorted(book.third_party - on):
            if book.qualified(name) in on:
                continue
            options = replace(reader.options, switched_on=on | {book.qualified(name)})
            awards = self._awards(book) if name == "order_bonus" else ()
            yield Cause(
                kind=Kind.FIGURE,
                subject=name,
                title=_("A figure that is switched off: %(figure)s")
                % {"figure": name.replace("_", " ")},
                evidence=(
                    _("Only third parties state it, so it does not count until the agency switches "
                      "it on. It then counts for every store of the rulebook."),
                ),
                after=reader.after(*awards, options=options),
                links=(
                    Link(
                        _("Switch figures"),
                        f"{_page('scoring:rulebook', book.name)}#figures",
                    ),
                ),
            )  # fmt: skip

    def _awards(self, book: Rulebook) -> list[Entry]:
        """Return the weekly bonuses that the synced orders would have earned and that still count.

        None where the book awards nothing weekly.
        """
        bonus = book.order_bonus
        if bonus is None or bonus.mode != "weekly_award":
            return []
        seen_at = self.gap.newest.observation.observed_at
        since = max(
            book.effective_from,
            self.reader.drifts[0].observation.observed_at,
            seen_at - (book.window or timedelta(days=180)),
        )
        completed = list(
            Order.objects.filter(
                store=self.store, completed_at__gte=since, completed_at__lt=seen_at
            ).values_list("completed_at", flat=True)
        )
        awards: list[Entry] = []
        begins, monday = book.week_ended_by(seen_at)
        while monday > since:
            orders = sum(begins <= each < monday for each in completed if each is not None)
            points = bonus.points_for(orders)
            if points:
                awards.append(self.reader.given(points, monday))
            begins, monday = book.week_ended_by(begins)
        return awards

    def _books(self) -> Iterator[Cause]:
        """Yield rulebooks that took effect since the two agreed."""
        reader = self.reader
        for book in reader.library.books:
            if len(reader.library.books) == 1 or not self.gap.is_within(book.effective_from):
                continue
            others = Library(tuple(each for each in reader.library.books if each is not book))
            yield Cause(
                kind=Kind.BOOK,
                subject=book.name,
                title=_("The rules changed: %(book)s") % {"book": book.title},
                evidence=(
                    _("This rulebook took effect on %(day)s. The one before it would leave the "
                      "drift that is said here.")
                    % {"day": self._when(book.effective_from)},
                ),
                after=reader.after(library=others),
                links=(
                    Link(_("Read the rulebook"), _page("scoring:rulebook", book.name)),
                ),
            )  # fmt: skip

    def _link(self, violation: Violation) -> Link:
        return Link(_("Look at the violation"), _page("stores:violation", violation.pk))
