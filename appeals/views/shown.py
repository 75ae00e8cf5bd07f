"""Values of a case made ready for its page's components."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appeals import core
from appeals.models import Attempt
from appeals.selectors.cases import Case
from scoring.selectors import rules
from stores.models import Enforcement, Notice, Violation
from stores.services.notices import text_of
from tenants.models import Membership
from tenants.templatetags import ui

_State = Attempt.State
_QUOTED = 1200  # letters of a notice
_ORDER = (_State.DRAFTING, _State.IN_REVIEW, _State.READY, _State.FILED)


def windows(case: Case) -> list[dict[str, Any]]:
    """Return each attempt's window for the clock of shots; those without an end are left out."""
    subject = case.subject
    opens_at = subject.starts_at if isinstance(subject, Enforcement) else _reported(subject)
    shown: list[dict[str, Any]] = []
    zone = case.appeal.store.time_zone
    for each in case.tries:
        attempt = each.attempt
        is_given_up = attempt.state == _State.WITHDRAWN and attempt != case.attempt
        if opens_at is None or attempt.file_by is None or is_given_up:
            continue
        shown.append(
            {
                "label": _("Attempt %(number)d") % {"number": each.shot},
                "note": _window_note(case, attempt, opens_at, zone),
                "opens_at": min(opens_at, attempt.file_by - timedelta(hours=1)),
                "closes_at": attempt.file_by,
                "used_until": _ended(attempt, case.at),
                "tone": {"refused": "bad", "granted": "good", "lapsed": "bad"}.get(
                    attempt.state, "none"
                ),
            }
        )
        opens_at = attempt.decided_at or opens_at
    return shown


def _reported(subject: Violation | None) -> datetime | None:
    return subject.reported_at if subject is not None else None


def _ended(attempt: Attempt, at: datetime) -> datetime | None:
    if attempt.filed_at is not None:
        return attempt.filed_at
    if attempt.is_unfiled:
        return None
    return attempt.file_by if attempt.state == _State.LAPSED else at


def _window_note(case: Case, attempt: Attempt, opens_at: datetime, zone: str) -> str:
    assert attempt.file_by is not None, "Only windows that end are drawn."
    days = max(1, round((attempt.file_by - opens_at) / timedelta(days=1)))
    parts = [_("%(days)d d from %(day)s") % {"days": days, "day": ui.short_day_in(opens_at, zone)}]
    if attempt.filed_at is not None:
        parts.append(_("filed %(day)s") % {"day": ui.short_day_in(attempt.filed_at, zone)})
    elif attempt.is_unfiled:
        day = max(1, (case.at - opens_at) // timedelta(days=1) + 1)
        parts.append(_("day %(day)d") % {"day": day})
    if attempt.decided_at is not None:
        words = {"state": attempt.get_state_display().lower()}
        words["day"] = ui.short_day_in(attempt.decided_at, zone)
        parts.append(_("%(state)s %(day)s") % words)
    elif attempt.state == _State.LAPSED:
        parts.append(_("lapsed"))
    return " · ".join(parts)


def steps(case: Case) -> list[dict[str, Any]]:
    """Return the line of steps of the newest attempt, ending in "points back, checked"."""
    attempt, zone = case.attempt, case.appeal.store.time_zone
    if attempt.is_unfiled and not case.sees_drafts:
        shown = [(_("Being prepared"), None, "now"), (_("Filed"), None, "later")]
        shown += [(_("Decided"), None, "later")]
        return [{"label": label, "note": "", "state": state} for label, _at, state in shown]
    labels = (
        (_("Drafted"), attempt.drafted_at),
        (_("In review"), attempt.asked_at),
        (_("Ready"), attempt.reviewed_at),
        (_("Filed"), attempt.filed_at),
    )
    place = _ORDER.index(attempt.state) if attempt.state in _ORDER else len(_ORDER)
    line = []
    for number, (label, moment) in enumerate(labels):
        if attempt.filed_at is None and not attempt.is_unfiled:  # lapsed or withdrawn
            state = "done" if moment else "later"
        elif number == place:
            state = "done" if number == len(_ORDER) - 1 else "now"
        else:
            state = "done" if number < place else "later"
        note = ui.short_day_in(moment, zone) if moment and state != "later" else ""
        line.append({"label": label, "note": note, "state": state})
    return [*line, *_ending(attempt, zone, is_violation=case.appeal.violation_id is not None)]


def _ending(attempt: Attempt, zone: str, *, is_violation: bool) -> list[dict[str, Any]]:
    if attempt.state in {_State.LAPSED, _State.WITHDRAWN}:
        return [{"label": attempt.get_state_display(), "note": "", "state": "bad"}]
    decided = {"label": _("Decided"), "note": "", "state": "later"}
    if attempt.state == _State.FILED:
        decided["state"] = "now"
    if attempt.decided_at is not None:
        is_refused = attempt.state == _State.REFUSED
        decided = {
            "label": attempt.get_state_display(),
            "note": ui.short_day_in(attempt.decided_at, zone),
            "state": "bad" if is_refused else "done",
        }
    last = _("Points back, checked") if is_violation else _("Restriction lifted")
    is_granted = attempt.state == _State.GRANTED
    is_over = attempt.points_seen_at if is_violation else is_granted
    state = "done" if is_over else "now" if is_granted else "later"
    note = ui.short_day_in(attempt.points_seen_at, zone) if attempt.points_seen_at else ""
    return [decided, {"label": last, "note": note, "state": state}]


def quotes(case: Case) -> list[dict[str, Any]]:
    """Return what the marketplace said: its notice where the reader may see it, its refusals."""
    said: list[dict[str, Any]] = []
    violation = case.appeal.violation
    if violation is not None:
        notice = violation.notice if case.sees_drafts else None
        text = _words_of(notice) or violation.subject or case.name
        said.append({"text": text, "what": _("Notice"), "at": violation.reported_at})
    elif case.appeal.enforcement is not None:
        enforcement = case.appeal.enforcement
        said.append({"text": case.name, "what": _("Enforcement"), "at": enforcement.starts_at})
    said += [
        {
            "text": (attempt.outcome_note if case.sees_drafts else "")
            or _("Refused, without a reason on record."),
            "what": _("Refusal"),
            "at": attempt.decided_at,
        }
        for attempt in case.refusals
    ]
    return said


def says_note(case: Case) -> str:
    """Return the points that the marketplace took, and what the rulebook lets it take."""
    violation = case.appeal.violation
    if violation is None:
        return ""
    points = _("points not stated")
    if violation.points is not None:
        points = ngettext("%(points)d point", "%(points)d points", -violation.points)
        points %= {"points": -violation.points}
    rule, book = rules.rule_of(violation), rules.book_of(violation)
    if rule is None or rule.points is None or book is None or rule.points.low == rule.points.high:
        return points
    values = {"low": rule.points.low, "high": rule.points.high, "book": book.title}
    return f"{points} · " + _("range %(low)d to %(high)d, rulebook %(book)s") % values


def _words_of(notice: Notice | None) -> str:
    text = text_of(notice).strip() if notice is not None else ""
    return f"{text[:_QUOTED]}…" if len(text) > _QUOTED else text


def limits(text: str) -> list[dict[str, Any]]:
    """Return how much of each form the text fills."""
    length = len(core.as_sent(text))
    return [
        {
            "label": label,
            "key": key,
            "length": length,
            "limit": core.LIMITS[key],
            "left": core.LIMITS[key] - length,
            "tone": "bad" if length > core.LIMITS[key] else "none",
        }
        for key, label in Attempt.Channel.choices
    ]


def people(case: Case) -> Sequence[tuple[str, Membership | None]]:
    """Return who had a hand in the newest attempt, with what."""
    attempt = case.attempt
    parts = (
        (_("drafted"), attempt.drafted_by),
        (_("asked for review"), attempt.asked_by),
        (_("reviewed"), attempt.reviewed_by),
        (_("filed"), attempt.filed_by),
    )
    return [(words, member) for words, member in parts if member is not None]
