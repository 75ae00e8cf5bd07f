"""Quizzes that the marketplace offers: recorded by people, passed, lapsed, withdrawn."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from scoring import books
from scoring.core import rating as core
from scoring.core.values import Answer
from scoring.models import LedgerEntry, Quiz
from scoring.selectors.ledgers import ledger_of, options_of
from scoring.services import ledger, periods, rating
from stores import moments
from stores.models import Store
from tenants import due
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.templatetags import ui
from tenants.trail.services import record

LAPSE: Final = "scoring.quiz_lapse"  # the work
MOST_WORTH: Final = 1000
_LONGEST: Final = timedelta(days=366)  # no quiz and no restriction that one shortens runs longer
_State = Quiz.State


class QuizUnusable(DomainError):
    """``field`` names the argument that cannot be taken."""

    code: ClassVar[str] = "quiz_unusable"

    def __init__(self, words: str, *, field: str) -> None:
        super().__init__(words)
        self.field = field


class QuizNotOpen(DomainError):
    code: ClassVar[str] = "quiz_not_open"


@transaction.atomic
def record_quiz(  # noqa: PLR0913 - each is a fact of the row
    *,
    store: Store,
    kind: str,
    title: str,
    at: datetime,
    by: Membership | None,
    milestone: str = "",
    worth: int | None = None,
    offered_at: datetime | None = None,
    open_until: datetime | None = None,
    source: str = "person",
    via: str = "page",
) -> Quiz:
    """Keep a quiz that a store may take; it lapses by itself when it closes.

    Raises:
        QuizUnusable: if a time cannot be, the milestone is none of the book's or was not reached,
            or a quiz of it is open.
    """
    offered_at = offered_at or at
    _check_times(offered_at, open_until, at)
    if kind == Quiz.Kind.MILESTONE:
        _check_milestone(store, milestone, at)
        worth = None
    elif worth is not None and not 0 < worth <= MOST_WORTH:
        raise QuizUnusable(_("A quiz is worth between 1 and 1000 points."), field="worth")
    try:
        with transaction.atomic():
            quiz = Quiz.objects.create(
                store=store,
                kind=kind,
                title=title.strip(),
                milestone=milestone if kind == Quiz.Kind.MILESTONE else "",
                worth=worth,
                offered_at=offered_at,
                open_until=open_until,
                source=source,
                recorded_at=at,
                recorded_by=by,
            )
    except IntegrityError as error:
        raise QuizUnusable(
            _("A quiz of this milestone is open already."), field="milestone"
        ) from error
    record(
        action="quiz.recorded",
        by=by,
        subject=quiz,
        store_id=store.pk,
        at=at,
        via=via,
        changes={
            "worth": worth,
            "open_until": open_until.isoformat() if open_until else None,
        },
    )
    if open_until is not None:
        due.add(kind=LAPSE, subject=quiz.pk, at=open_until)
    return quiz


@transaction.atomic
def pass_quiz(
    *,
    quiz: Quiz,
    at: datetime,
    by: Membership | None,
    passed_at: datetime | None = None,
    passed_by: Membership | None = None,
    points: int | None = None,
    ends_at: datetime | None = None,
    via: str = "page",
) -> Quiz:
    """Keep that a quiz was passed: a bonus in the ledger, or a new end of the restriction.

    A quiz that has lapsed here counts if it was passed before it closed. ``points`` are those
    that the marketplace gave, by default what the quiz is worth; ``ends_at`` is the new end that
    the marketplace names for a milestone's restriction. The rating follows at once.

    Raises:
        QuizUnusable: if points or the new end are missing, a time cannot be, or the new end is
            later than the restriction's own: a quiz only shortens.
        QuizNotOpen: if it was passed or withdrawn, or passed only after it closed.
    """
    passed_at = passed_at or at
    if passed_at > at:
        raise QuizUnusable(_("A quiz cannot be passed in the future."), field="passed_at")
    if passed_at < quiz.offered_at:
        raise QuizUnusable(_("This lies before the quiz was offered."), field="passed_at")
    ledger.lock(quiz.store)
    standing = Quiz.objects.filter(pk=quiz.pk, state__in=(_State.OPEN, _State.LAPSED))
    if not standing.update(state=_State.PASSED, passed_at=passed_at, passed_by=passed_by or by):
        raise QuizNotOpen(_("This quiz is not open any more: somebody has dealt with it."))
    if quiz.open_until is not None and passed_at >= quiz.open_until:
        raise QuizNotOpen(_("This quiz had closed by then."))
    if quiz.kind == Quiz.Kind.POINTS:
        _give_points(quiz, points, passed_at, at=at, by=by, via=via)
    else:
        _shorten(quiz, ends_at, passed_at, at=at, by=by, via=via)
    record(
        action="quiz.passed",
        by=by,
        subject=quiz,
        store_id=quiz.store_id,
        at=at,
        via=via,
        changes={"passed_at": passed_at.isoformat()},
    )
    rating.rate(store=quiz.store, at=at)
    quiz.refresh_from_db()
    return quiz


@transaction.atomic
def withdraw_quiz(*, quiz: Quiz, at: datetime, by: Membership | None, via: str = "page") -> None:
    """Take back a quiz that is not on offer, or was recorded by mistake.

    Raises:
        QuizNotOpen: if it is not open.
    """
    if not Quiz.objects.filter(pk=quiz.pk, state=_State.OPEN).update(state=_State.WITHDRAWN):
        raise QuizNotOpen(_("This quiz is not open any more: somebody has dealt with it."))
    quiz.refresh_from_db()
    record(action="quiz.withdrawn", by=by, subject=quiz, store_id=quiz.store_id, at=at, via=via)


@transaction.atomic
def lapse_quiz(*, quiz: Quiz, at: datetime) -> bool:
    """Let an open quiz lapse that has closed by ``at``; return whether it did."""
    closed = Quiz.objects.filter(pk=quiz.pk, state=_State.OPEN, open_until__lte=at)
    if not closed.update(state=_State.LAPSED):
        return False
    record(action="quiz.lapsed", by=None, subject=quiz, store_id=quiz.store_id, at=at, via="task")
    return True


def _give_points(
    quiz: Quiz,
    points: int | None,
    passed_at: datetime,
    *,
    at: datetime,
    by: Membership | None,
    via: str,
) -> None:
    given = quiz.worth if points is None else points
    if given is None:
        raise QuizUnusable(_("Enter how many points the marketplace gave for it."), field="points")
    if not 0 < given <= MOST_WORTH:
        raise QuizUnusable(_("A quiz gives between 1 and 1000 points."), field="points")
    entry = ledger.write_entry(
        store=quiz.store,
        kind=LedgerEntry.Kind.BONUS,
        points=given,
        occurred_at=passed_at,
        note=_("Quiz passed: %(quiz)s") % {"quiz": quiz.title},
        source="quiz",
        source_ref=f"quiz:{quiz.pk}",  # the database takes one entry of it
        at=at,
        by=by,
        via=via,
    )
    Quiz.objects.filter(pk=quiz.pk).update(entry=entry)


def _shorten(
    quiz: Quiz,
    ends_at: datetime | None,
    passed_at: datetime,
    *,
    at: datetime,
    by: Membership | None,
    via: str,
) -> None:
    if ends_at is None:
        raise QuizUnusable(
            _("Enter until when the restriction runs now, as the marketplace says."),
            field="ends_at",
        )
    if not moments.is_believable(ends_at) or not quiz.offered_at <= ends_at <= at + _LONGEST:
        raise QuizUnusable(_("The restriction cannot end then."), field="ends_at")
    own = _end_of(quiz, passed_at, at)
    if own is not None and ends_at > own:
        raise QuizUnusable(
            _("The restriction ends on %(day)s already, and a quiz only shortens it.")
            % {"day": ui.moment_in(own, quiz.store.time_zone)},
            field="ends_at",
        )
    periods.end_period(
        store=quiz.store,
        milestone=quiz.milestone,
        ends_at=ends_at,
        said_at=passed_at,
        by="quiz",
        at=at,
        member=by,
        via=via,
    )
    Quiz.objects.filter(pk=quiz.pk).update(ends_at=ends_at)


def _check_times(offered_at: datetime, open_until: datetime | None, at: datetime) -> None:
    if not moments.is_believable(offered_at) or offered_at > at:
        raise QuizUnusable(_("A quiz cannot be offered in the future."), field="offered_at")
    if open_until is None:
        return
    if open_until <= offered_at:
        raise QuizUnusable(_("A quiz closes after it is offered."), field="open_until")
    if open_until <= at:
        raise QuizUnusable(_("This quiz has closed already."), field="open_until")
    if not moments.is_believable(open_until) or open_until > at + _LONGEST:
        raise QuizUnusable(_("This lies too far in the future to be true."), field="open_until")


def _check_milestone(store: Store, milestone: str, at: datetime) -> None:
    book = books.library_for(store).in_force(at, at)
    if book is None or book.milestone(milestone) is None:
        raise QuizUnusable(_("The store's rulebook has no such milestone."), field="milestone")
    answer = _answer(store, at, at)
    is_reached = any(each.code == milestone and each.reached for each in answer.milestones)
    # A store may have climbed over it again while what it started goes on.
    if not is_reached and all(each.milestone != milestone for each in answer.running_periods):
        raise QuizUnusable(
            _("The store has not reached this milestone, so there is nothing to shorten."),
            field="milestone",
        )


def _end_of(quiz: Quiz, passed_at: datetime, at: datetime) -> datetime | None:
    """Return when the last of what the milestone newly started ends; None if it is not known."""
    periods = [
        each
        for each in _answer(quiz.store, passed_at, at).periods
        if each.milestone == quiz.milestone
    ]
    newest = max((each.starts_at for each in periods), default=None)
    ends = [each.ends_at for each in periods if each.starts_at == newest]
    return None if None in ends else max(filter(None, ends), default=None)


def _answer(store: Store, at: datetime, known_at: datetime) -> Answer:
    options = options_of(store, at=at, known_at=known_at)
    return core.evaluate(
        ledger_of(store), books.library_for(store), at=at, known_at=known_at, options=options
    )
