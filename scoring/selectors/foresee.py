"""What a store's pages and API say about the weeks to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.urls import reverse
from django.utils.translation import gettext

from scoring import books, chances
from scoring.core import rating as core
from scoring.core.acts import Act, Plan, WayBack, way_back
from scoring.core.foresight import (
    SOON,
    WEEK,
    Cone,
    Course,
    Crossing,
    Futures,
    Line,
    Pace,
    Pending,
    cone,
    crossing,
    healthy_edge,
    is_closed_for_good,
    lines_of,
)
from scoring.core.resets import local_midnight
from scoring.core.rulebook import Rulebook, ViolationRule
from scoring.core.values import DAY, Answer, Kind, Ledger, Options, PointsRange
from scoring.models import LedgerEntry, Quiz
from scoring.selectors.ledgers import ledger_of, options_of
from scoring.selectors.quizzes import open_quizzes
from scoring.selectors.rows import is_chinese, starts_there
from stores import rules
from stores.models import Order, Store, Violation

DAYS: Final = 90
FARTHEST: Final = 400  # days ahead that a return by waiting is looked for
PACE_WEEKS: Final = 8
ORDER_WEEKS: Final = 4  # for how many weeks ahead orders are proposed as an act
# No policy says how long a marketplace takes to decide an appeal; people are told that it is this.
DECIDED_AFTER: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A violation not yet in force, with what it would take."""

    violation: Violation
    label: str
    pending: Pending


@dataclass(frozen=True, slots=True)
class ActShown:
    """An act as it is told: what to do, what it is worth, until when, where.

    ``event`` is what a what-if calls it, without its day; "" where it only prevents a loss.
    """

    act: Act
    label: str
    href: str
    event: str = ""
    is_filed: bool = False  # an appeal that only waits for its outcome

    @property
    def points(self) -> int:
        return self.act.points


@dataclass(frozen=True, slots=True)
class LineAhead:
    """A milestone or a band's edge: how far it is, and when it is reached or left.

    ``estimate``: between which values the store stands, where its points are estimated.
    """

    line: Line
    label: str
    distance: int | None
    is_over: bool
    base: Crossing
    worst: Crossing
    estimate: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class PlanShown:
    acts: tuple[ActShown, ...]
    holds_from: datetime


class Waiting(NamedTuple):
    """From when time alone holds a line: if nothing new happens, and if all comes that is pending.

    None: not within sight.
    """

    base: datetime | None
    worst: datetime | None


class Foreseen:
    """All that is foreseen of a store at ``at``; read in a fixed number of queries."""

    def __init__(
        self,
        store: Store,
        *,
        at: datetime,
        days: int = DAYS,
        ledger: Ledger | None = None,
        options: Options | None = None,
    ) -> None:
        """Read the store's rows, except what the caller has read already."""
        self.store = store
        self.at = at
        self.days = days
        self.library = books.library_for(store)
        self.futures = Futures(
            ledger or ledger_of(store), self.library, at, days, options or options_of(store)
        )
        standing = Violation.objects.filter(
            store=store, state__in=[Violation.State.PENDING, Violation.State.ENFORCED]
        ).order_by("reported_at", "pk")
        self.violations: list[Violation] = list(standing)
        for violation in self.violations:
            violation.store = store
        self.pace = _pace_of(store, self.futures)

    @property
    def book(self) -> Rulebook | None:
        return self.futures.book

    @cached_property
    def answer(self) -> Answer:
        futures = self.futures
        return core.evaluate(
            futures.ledger, self.library, at=self.at, known_at=self.at, options=futures.options
        )

    @cached_property
    def pendings(self) -> list[PendingRow]:
        return [
            PendingRow(violation, rules.label_of(violation), self._pending(violation))
            for violation in self.violations
            if violation.state == Violation.State.PENDING
        ]

    @cached_property
    def cone(self) -> Cone:
        return cone(self.futures, [row.pending for row in self.pendings], self.pace)

    @property
    def untold(self) -> list[PendingRow]:
        """Pending violations that the range leaves out, because nobody tells their points."""
        return [row for row in self.pendings if row.pending.points is None]

    def rule_of(self, violation: Violation) -> ViolationRule | None:
        """Return the violation's rule in the book in force, without figures that do not count."""
        return self.book.violation(violation.rule) if self.book else None

    def _pending(self, violation: Violation) -> Pending:
        deadlines = [violation.correct_by, violation.appeal_by]
        clock = self.book.appeals if self.book else None
        if not any(deadlines) and clock is not None:
            deadlines = [violation.reported_at + clock.first_days.value * DAY]
        ahead = [deadline for deadline in deadlines if deadline is not None and deadline > self.at]
        return Pending(str(violation.pk), self.points_of(violation), min(ahead, default=None))

    def points_of(self, violation: Violation) -> PointsRange | None:
        """Return what a violation takes: as stated, else the notice's range, else the book's."""
        if violation.points is not None:
            return PointsRange(-violation.points, -violation.points)
        if violation.points_low is not None and violation.points_high is not None:
            return PointsRange(violation.points_low, violation.points_high)
        rule = self.rule_of(violation)
        return rule.points if rule else None

    # Lines

    @property
    def target(self) -> Line | None:
        """The line to be back over where nobody chooses another."""
        return healthy_edge(self.book) if self.book else None

    @cached_property
    def lines(self) -> tuple[LineAhead, ...]:
        """Every milestone and band's edge of the book in force, best first."""
        now = self.futures.base.moments[0]
        return tuple(
            LineAhead(
                line=line,
                label=line_label(self.book, line),
                distance=line.distance(now),
                is_over=line.is_over(now),
                base=self.crossing(line, self.cone.base),
                worst=self.crossing(line, self.cone.worst),
                estimate=line.estimate(now),
            )
            for line in (lines_of(self.book) if self.book else ())
        )

    @property
    def is_closed_for_good(self) -> bool:
        """Tell whether no waiting brings the store back, but an appeal alone."""
        futures = self.futures
        told = futures.ledger.enforcements
        return is_closed_for_good(futures.base.periods, told, self.at, known_at=self.at)

    def ends_closed(self, course: Course) -> bool:
        """Tell whether ``course`` ends with the store closed for good."""
        told = self.futures.ledger.enforcements
        return is_closed_for_good(course.periods, told, course.until, known_at=self.at)

    def crossing(self, line: Line, course: Course) -> Crossing:
        """Return when ``course`` is over ``line``; no way back is dated to a store that is gone.

        Its points return nevertheless, as by the book they do, but the account does not.
        """
        found = crossing(line, course)
        if not self.ends_closed(course):
            return found
        if found.over_at != course.at:
            return Crossing(None, None, None)
        return found if found.falls_at is None else found._replace(holds_from=None)

    @property
    def next_milestone(self) -> LineAhead | None:
        """The nearest milestone that is not reached."""
        ahead = [each for each in self.lines if each.line.kind == "milestone" and each.is_over]
        return min(ahead, key=lambda each: each.distance or 0, default=None)

    def line(self, code: str) -> Line | None:
        """Return the line of a milestone's or a band's code."""
        return next((each.line for each in self.lines if each.line.code == code), None)

    # Acts

    @cached_property
    def deductions(self) -> dict[UUID, list[str]]:
        """The ids of entries that weigh and can be given back, by violation."""
        weighing = {
            each.id for each in self.answer.active if each.kind is Kind.DEDUCTION and each.net
        }
        found: dict[UUID, list[str]] = {}
        rows = LedgerEntry.objects.filter(
            store=self.store, violation__isnull=False, kind=LedgerEntry.Kind.DEDUCTION
        ).order_by("occurred_at", "pk")
        for pk, violation_id in rows.values_list("pk", "violation_id"):
            if str(pk) in weighing:
                found.setdefault(violation_id, []).append(str(pk))
        return found

    @cached_property
    def quizzes(self) -> list[Quiz]:
        """Return the quizzes that may be taken and are known to give points."""
        return [
            quiz
            for quiz in open_quizzes([self.store.pk]).get(self.store.pk, [])
            if quiz.kind == Quiz.Kind.POINTS
            and quiz.worth
            and (quiz.open_until is None or quiz.open_until > self.at)
        ]

    @cached_property
    def acts(self) -> list[ActShown]:
        """All that people could do, whatever it brings."""
        return [*self._appeals(), *self._preventions(), *self._quizzes(), *self._orders()]

    @cached_property
    def _begun(self) -> dict[UUID, chances.AppealChance]:
        return chances.appeals_of([each.pk for each in self.violations], self.at)

    def _appeals(self) -> list[ActShown]:
        taken = [each for each in self.violations if each.pk in self.deductions]
        net = {each.id: each.net for each in self.answer.active}
        shown = []
        for violation in taken:
            chance = self._begun.get(violation.pk) or self._chance(violation)
            is_open = chance.file_by is None or chance.file_by > self.at
            if chance.filed_at is None and not (chance.attempts_left > 0 and is_open):
                continue
            decided_at = max((chance.filed_at or self.at) + DECIDED_AFTER, self.at + SOON)
            ids = self.deductions[violation.pk]
            act = Act(
                id=f"appeal:{violation.pk}",
                kind="appeal",
                points=-sum(net[each] for each in ids),
                counts_at=decided_at,
                do_by=None if chance.filed_at else chance.file_by,
                entries=tuple(self.futures.given_back(f"appeal:{violation.pk}", ids, decided_at)),
            )
            shown.append(
                ActShown(
                    act,
                    named(violation),
                    chance.href,
                    f"granted:{violation.reference or violation.pk}",
                    is_filed=chance.filed_at is not None,
                )
            )
        return shown

    def _chance(self, violation: Violation) -> chances.AppealChance:
        """Return how a violation may be appealed of which no appeal was begun."""
        clock = self.book.appeals if self.book else None
        file_by = violation.appeal_by
        if file_by is None and clock is not None:
            file_by = violation.reported_at + clock.first_days.value * DAY
        href = reverse("stores:violation", args=[violation.pk])
        return chances.AppealChance(clock.attempts.value if clock else 1, file_by, None, href)

    def _preventions(self) -> list[ActShown]:
        shown = []
        for row in self.pendings:
            if row.pending.points is None:
                continue
            due_at = row.pending.due_at
            chance = self._begun.get(row.violation.pk)
            is_filed = chance is not None and chance.filed_at is not None
            act = Act(
                id=f"prevent:{row.violation.pk}",
                kind="prevent",
                points=row.pending.points.high,
                counts_at=max(due_at or self.at, self.at + SOON),
                do_by=None if is_filed else due_at,
                prevents=row.pending.id,
            )
            href = reverse("stores:violation", args=[row.violation.pk])
            shown.append(ActShown(act, named(row.violation), href, is_filed=is_filed))
        return shown

    def _quizzes(self) -> list[ActShown]:
        counts_at = self.at + SOON
        return [
            ActShown(
                Act(
                    id=f"quiz:{quiz.pk}",
                    kind="quiz",
                    points=points,
                    counts_at=counts_at,
                    do_by=quiz.open_until,
                    entries=(self.futures.bonus(f"quiz:{quiz.pk}", points, counts_at),),
                ),
                quiz.title,
                reverse("scoring:quiz_pass", args=[quiz.pk]),
                f"quiz:{points}",
            )
            for quiz in self.quizzes
            if (points := quiz.worth) is not None
        ]

    def _orders(self) -> list[ActShown]:
        """Propose as many orders a week as the store's best recent week had."""
        shown: list[ActShown] = []
        for week in range(ORDER_WEEKS):
            counted = self.futures.bonus_for_orders(self.at + week * WEEK)
            if counted is None or self.pace is None or counted[0].mode != "weekly_award":
                continue
            bonus, monday = counted
            points = bonus.points_for(self.pace.high)
            if not points:
                continue
            count = points // bonus.points.value * bonus.per_orders.value
            name = f"orders:{monday.isoformat()}"
            if any(each.act.id == name for each in shown):
                continue
            act = Act(
                id=name,
                kind="orders",
                points=points,
                counts_at=monday,
                do_by=monday,
                entries=(self.futures.bonus(name, points, monday),),
            )
            label = gettext("%(count)d orders completed") % {"count": count}
            shown.append(ActShown(act, label, "", f"orders:{count}"))
        return shown

    def way_back(self, line: Line) -> WayBack:
        acts = [each.act for each in self.acts]
        return way_back(self.futures, line, acts, [row.pending for row in self.pendings])

    def waiting(self, line: Line) -> "Waiting":
        """Return when waiting alone holds the line, looked for as far as any entry lasts."""
        futures = self.futures
        far = Futures(futures.ledger, self.library, self.at, FARTHEST, futures.options)
        told = (row.pending for row in self.pendings)
        harshest = [far.enforced(each, -each.points.high) for each in told if each.points]
        worst = far.course(harshest) if harshest else far.base
        base, harshly = (self.crossing(line, each) for each in (far.base, worst))
        return Waiting(base.holds_from, harshly.holds_from)

    def plans(self, way: WayBack) -> list[PlanShown]:
        """Return the plans of a way back with their acts as people are told of them.

        What leaves a store that is closed for good closed is none.
        """
        by_id = {each.act.id: each for each in self.acts}
        return [
            PlanShown(tuple(by_id[act.id] for act in plan.acts), plan.holds_from)
            for plan in way.plans
            if not (self.is_closed_for_good and self.ends_closed(self._course_of(plan)))
        ]

    def _course_of(self, plan: Plan) -> Course:
        entries = [entry for act in plan.acts for entry in act.entries]
        return self.futures.course(entries, [each for act in plan.acts for each in act.orders])

    # JSON

    def series(self) -> list[dict[str, Any]]:
        """Return the range of the forecast as the store's chart takes it, to its last moment."""
        points = list(self.cone.points)
        points.append(points[-1]._replace(instant=self.futures.until))
        return [
            {
                "at": point.instant.isoformat(),
                "rating": point.base,
                "low": point.low,
                "high": point.high,
            }
            for point in points
        ]


def _pace_of(store: Store, futures: Futures) -> Pace | None:
    """Return the orders of the recent whole weeks since the first of them that had any."""
    book = futures.book
    if book is None or not any(each.order_bonus for each in futures.books):
        return None
    _, monday = book.week_ended_by(futures.at)
    # At noon, so that a week which is an hour longer or shorter still ends on its own day.
    noons = (monday - number * WEEK + DAY / 2 for number in range(1, PACE_WEEKS + 1))
    starts = [noon.astimezone(book.zone).date() for noon in noons]
    since = local_midnight(starts[-1], book.zone)
    counted = (
        Order.objects.filter(store=store, completed_at__gte=since, completed_at__lt=monday)
        .annotate(week=TruncWeek("completed_at", tzinfo=book.zone))
        .values_list("week")
        .annotate(orders=Count("pk"))
    )
    weeks = {week.date(): orders for week, orders in counted}
    known = [start for start in starts if weeks and start >= min(weeks)]
    return Pace(tuple(weeks.get(start, 0) for start in known)) if known else None


def named(violation: Violation) -> str:
    """Return a violation's reference, else what its rule is called."""
    return violation.reference or rules.label_of(violation)


def line_label(book: Rulebook | None, line: Line) -> str:
    """Return what begins at a milestone, or what the band is called, in the reader's language."""
    if line.kind == "milestone":
        return starts_there(book, line.code)
    band = next((each for each in (book.bands if book else ()) if each.code == line.code), None)
    if band is None:
        return line.code
    return band.label_zh if is_chinese() else band.label
