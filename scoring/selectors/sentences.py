"""Says in a sentence why a rating changed, from its waterfall."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext, ngettext

from scoring.core.waterfall import Bar, Waterfall
from tenants.templatetags import ui

_NAMED: Final = 2  # causes that a sentence names; the others are counted
Name = Callable[[Bar], str]


def since_words(
    since: datetime, at: datetime, day: Callable[[datetime], str], *, is_now: bool
) -> str:
    """Say since when, as short as it can be said; ``is_now``: ``at`` is the reader's now."""
    gone = at - since
    if not is_now:
        return gettext("From %(first)s to %(last)s") % {"first": day(since), "last": day(at)}
    if gone == timedelta(days=1):
        return gettext("Since yesterday")
    if gone % timedelta(days=1) == timedelta():
        return gettext("In the last %(count)d days") % {"count": gone.days}
    return gettext("Since %(day)s") % {"day": day(since)}


def why(fall: Waterfall, since: str, name: Name) -> str:
    """Return one sentence: from which value to which, by what; ``since`` begins it."""
    if fall.change is None:
        return gettext("%(since)s: no figures to compare.") % {"since": since}
    moved = [bar for bar in fall.bars if bar.points]
    if not moved:
        return gettext("%(since)s: no change.") % {"since": since}
    parts = {"since": since, "causes": causes_words(moved, name)}
    if not fall.change:
        return gettext("%(since)s: no change in all, %(causes)s.") % parts
    parts |= {
        "change": ui.signed(fall.change),
        "before": ui.number(fall.start),
        "after": ui.number(fall.end),
    }
    return gettext("%(since)s %(change)s, from %(before)s to %(after)s: %(causes)s.") % parts


def causes_words(moved: list[Bar], name: Name) -> str:
    """Name the largest causes with their points, and count the others."""
    by_size = sorted(moved, key=lambda bar: -abs(bar.points))
    keep = _NAMED if len(by_size) > _NAMED + 1 else len(by_size)
    named = [f"{name(bar)} {ui.signed(bar.points)}" for bar in by_size[:keep]]
    rest = by_size[keep:]
    if rest:
        points = sum(bar.points for bar in rest)
        words = ngettext("%(count)d other %(points)s", "%(count)d others %(points)s", len(rest))
        named.append(words % {"count": len(rest), "points": ui.signed(points)})
    return gettext(", ").join(named)


def largest(fall: Waterfall) -> Bar | None:
    """Return the cause that moved most, the way the whole went where it went one way."""
    change = fall.change or 0
    named = [bar for bar in fall.bars if bar.kind not in {"clamp", "learnt"}]
    along = [bar for bar in named if bar.points * change > 0] or named
    return max(along, key=lambda bar: abs(bar.points), default=None)
