"""The key facts of a store's rating: what they come from and lead to, now and at any moment."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from scoring.core.values import Answer, Measure, MilestoneState
from scoring.selectors.explain import Explained
from scoring.selectors.outlook import distance_words
from scoring.selectors.rows import action_words
from tenants.templatetags import ui


def added(explained: Explained) -> dict[str, Any]:
    """Return what the page's own facts do not tell: by the key of the fact."""
    parts = [_estimate_words(explained), _milestone_words(explained)]
    words = {"rating": explained.equation, "milestone": " · ".join(part for part in parts if part)}
    if explained.roll_offs:
        words["roll_off"] = _roll_off_words(explained)
    return words


def _nearest(answer: Answer) -> MilestoneState | None:
    left = [each for each in answer.milestones if not each.reached]
    return min(left, key=lambda each: each.distance, default=None)


def _estimate_words(explained: Explained) -> str:
    """Say what estimate stands behind the distance to the next milestone."""
    nearest = _nearest(explained.answer)
    lines = explained.foreseen.lines if explained.foreseen and nearest else ()
    line = next((each for each in lines if nearest and each.line.code == nearest.code), None)
    return distance_words(line) if line else ""


def _milestone_words(explained: Explained) -> str:
    """Say what starts at the next milestone."""
    nearest = _nearest(explained.answer)
    milestone = explained.book.milestone(nearest.code) if explained.book and nearest else None
    if milestone is None or not milestone.actions:
        return ""
    words = action_words(milestone)
    days = milestone.actions[0].days
    return f"{words}, {_('%(days)s d') % {'days': days.value}}" if days else words


def _roll_off_words(explained: Explained) -> str:
    first = explained.roll_offs[0]
    if first.rating is None:
        return first.label
    return _("%(what)s; %(rating)s then") % {"what": first.label, "rating": ui.number(first.rating)}


def facts_then(explained: Explained) -> list[dict[str, Any]]:
    """Return the key facts of the moment looked at."""
    answer, zone = explained.answer, explained.store.time_zone
    band = ui.band_word(answer.band.value)
    expected = explained.expected
    roll_off = explained.roll_offs[0] if explained.roll_offs else None
    return [
        {
            "label": _("Rating then"),
            "hero": ui.number(explained.value),
            "value": answer.label or band,
            "note": explained.equation,
            "tone": "",
        },
        _platform_then(answer, zone),
        {
            "label": _("Expected in force"),
            "value": expected[0].label if expected else _("None"),
            "note": _until(expected[0].until, zone, more=len(expected) - 1) if expected else "",
        },
        {"label": _("Next milestone"), **_milestone_then(explained)},
        {
            "label": _("Next roll-off"),
            "value": ui.DASH
            if roll_off is None
            else _("%(points)s on %(day)s")
            % {"points": ui.signed(roll_off.points), "day": ui.short_day_in(roll_off.at, zone)},
            "note": roll_off.label if roll_off else "",
        },
    ]


def _platform_then(answer: Answer, zone: str) -> dict[str, Any]:
    label = _("Marketplace showed")
    if answer.platform is None:
        return {"label": label, "value": ui.DASH, "note": _("never seen")}
    note = ui.moment_in(answer.platform.observed_at, zone)
    if answer.drift and answer.drift.value:
        note = _("drift %(drift)s, %(age)s") % {
            "drift": ui.signed(answer.drift.value),
            "age": note,
        }
    if answer.platform.measure is Measure.POINTS_DEDUCTED:
        note = f"{_('points deducted')}, {note}"
    return {"label": label, "value": answer.platform.value, "note": note}


def _milestone_then(explained: Explained) -> dict[str, Any]:
    nearest = _nearest(explained.answer)
    if nearest is None:
        return {"value": ui.DASH}
    parts = {"distance": nearest.distance, "at": nearest.at}
    words = _("%(distance)s above %(at)s") % parts
    if nearest.measure is Measure.POINTS_DEDUCTED:
        words = _("%(distance)s left to %(at)s deducted") % parts
    return {"value": words, "note": _milestone_words(explained)}


def _until(until: datetime | None, zone: str, *, more: int) -> str:
    words = _("to %(moment)s") % {"moment": ui.moment_in(until, zone)} if until else _("for good")
    return f"{words}, +{more}" if more else words
