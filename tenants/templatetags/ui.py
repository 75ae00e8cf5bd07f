"""Tags and filters of the visual house: icons, shapes, clocks, numbers, small drawings.

Loaded for every template (a builtin in the settings), so no page needs ``{% load ui %}``.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect
from django.forms.widgets import Select
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
COARSE = 10  # from ten days or ten hours on, the smaller unit is left out
WHOLE = 100  # per cent
_SAID_WITHOUT_YEAR = dt.timedelta(days=180)
DASH = "–"

# The band is the rating's alone; each has one tone, and each tone one shape.
_TONES = {
    "healthy": "good",
    "watch": "warn",
    "critical": "bad",
    "closed": "closed",
    "unknown": "none",
}
_SHAPES = {
    "closed": mark_safe('<rect x="1" y="1" width="10" height="10" rx="1.5"/>'),
    "bad": mark_safe('<path d="M6 .8 11.6 11H.4z"/>'),
    "warn": mark_safe('<path d="M6 .2 11.8 6 6 11.8.2 6z"/>'),
    "good": mark_safe('<circle cx="6" cy="6" r="5.2"/>'),
    "none": mark_safe(
        '<circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" stroke-width="1.8"'
        ' stroke-dasharray="4.2 3"/>'
    ),
    "act": mark_safe('<circle cx="6" cy="6" r="3.2"/>'),
}

# Where the zone database gives only an offset, or a name that means another zone to most readers.
_ZONE_NAMES = {
    "Asia/Ho_Chi_Minh": "ICT",
    "Asia/Bangkok": "ICT",
    "Asia/Singapore": "SGT",
    "Asia/Kuala_Lumpur": "MYT",
    "Asia/Manila": "PHT",
    "America/Sao_Paulo": "BRT",
}


# Icons and shapes


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw icon ``name`` of the sprite; ``size`` is "", "small" or "large". Readers skip it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" icon--{size}" if size else "",
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def glyph(tone: str) -> SafeString:
    """Draw the shape that goes with ``tone``; the word beside it says the same."""
    return format_html(
        '<svg class="glyph" viewBox="0 0 12 12" aria-hidden="true" focusable="false">{}</svg>',
        _SHAPES.get(tone, _SHAPES["none"]),
    )


@register.filter
def mail(address: str) -> SafeString:
    """Write an e-mail address that breaks after its @ and before its dots, where it must."""
    parts = re.split(r"(?<=@)|(?=\.)", address)
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))


@register.filter
def band_tone(band: str) -> str:
    return _TONES.get(band, "none")


@register.filter
def band_word(band: str) -> str:
    """Return our own word for a band; a rulebook's label goes first where it has one."""
    words = {
        "healthy": _("Healthy"),
        "watch": _("Watch"),
        "critical": _("At risk"),
        "closed": _("Closed"),
    }
    return words.get(band, _("Unknown"))


@register.filter
def tick_word(state: str) -> str:
    """Say the state of a tick, for those who cannot see it."""
    words = {
        "half": _("data did its part, the rest is yours"),
        "stale": _("open, data cannot prove it"),
        "reopened": _("reopened by data"),
        "pending": _("waits to be sent"),
        "done": _("passed"),
        "failed": _("failed"),
        "skipped": _("skipped"),
    }
    return words.get(state, _("open"))


@register.filter
def level_word(level: str) -> str:
    """Say what a member may do in an area of the people matrix."""
    words = {
        "manage": pgettext("level of access", "Manage"),
        "sign-off": pgettext("level of access", "Sign off"),
        "do": pgettext("level of access", "Do"),
        "draft": pgettext("level of access", "Draft"),
        "read": pgettext("level of access", "Read"),
    }
    return words.get(level, DASH)


# Numbers


@register.filter
def number(value: float | Decimal | None) -> str:
    """Write a number with grouped thousands and a real minus; None is a dash."""
    if value is None or value == "":
        return DASH
    return number_format(value, use_l10n=True, force_grouping=True).replace("-", "−")


@register.filter
def signed(value: float | Decimal | None) -> str:
    """Write a change with its sign: +4, −8, 0; None is a dash."""
    text = number(value)
    return f"+{text}" if value and text != DASH and value > 0 else text


@register.filter
def money(amount: Decimal | None, currency: str = "") -> str:
    """Write an amount with its currency, no digits but those it has: "1,250.50 USD", "90 VND"."""
    if amount is None:
        return DASH
    whole, cents = amount.quantize(Decimal(1)), amount.quantize(Decimal("0.01"))
    exact = next((short for short in (whole, cents) if short == amount), amount.normalize())
    return f"{number(exact)} {currency}".strip()


@register.filter
def change_tone(value: float | Decimal | None) -> str:
    """Return "bad" for a loss, "good" for a gain, "none" otherwise."""
    if not value:
        return "none"
    return "bad" if value < 0 else "good"


@register.simple_tag
def percent(part: float, whole: float) -> int:
    """Return the share of ``part`` in ``whole``, 0 to 100; 100 only when nothing is missing."""
    if whole <= 0:
        return 0
    share = max(0, min(WHOLE, round(WHOLE * part / whole)))
    return WHOLE - 1 if share == WHOLE and part < whole else share


# Clocks


def _zone(zone: str | dt.tzinfo | None) -> dt.tzinfo:
    if not zone:
        return timezone.get_current_timezone()
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def _local(moment: dt.datetime, zone: str | dt.tzinfo | None) -> dt.datetime:
    """Return ``moment`` by the clock of ``zone``.

    One so close to the calendar's ends that no other zone can tell it stays as it is: a single
    bad row takes no page down.
    """
    try:
        return moment.astimezone(_zone(zone))
    except OverflowError:
        return moment


def _zone_name(local: dt.datetime) -> str:
    key = getattr(local.tzinfo, "key", "")
    if known := _ZONE_NAMES.get(key):
        return known
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def _is_far(day: dt.date) -> bool:
    """Tell whether ``day`` must be told with its year: of another one, over half a year away."""
    today = timezone.now().date()  # noqa: TID251 - pages are an edge, and filters take no clock
    day = day.date() if isinstance(day, dt.datetime) else day
    return day.year != today.year and abs(day - today) > _SAID_WITHOUT_YEAR


@register.filter
def zone_name(zone: str) -> str:
    """Return the short name of a zone that we know better than the browser, or nothing."""
    return _ZONE_NAMES.get(zone, "")


@register.filter
def moment_in(moment: dt.datetime | None, zone: str | dt.tzinfo | None = None) -> str:
    """Write day and time in ``zone`` (default: the reader's): "Sat 21 Nov, 17:40 PST".

    With its year, where that could be taken for another.
    """
    if not moment:
        return DASH
    local = _local(moment, zone)
    form = pgettext("day and time of a moment, Django date format", "D j M, H:i")
    if _is_far(local):
        form = pgettext("day, year and time of a moment, Django date format", "D j M Y, H:i")
    day = format_date(local, form)
    return f"{day} {_zone_name(local)}"


@register.filter
def day_in(moment: dt.datetime | dt.date | None, zone: str | dt.tzinfo | None = None) -> str:
    """Write the day with its year in ``zone``: "21 Nov 2026"."""
    if not moment:
        return DASH
    day = _local(moment, zone) if isinstance(moment, dt.datetime) else moment
    return format_date(day, pgettext("a day with its year, Django date format", "j M Y"))


@register.filter
def short_day_in(moment: dt.datetime | dt.date | None, zone: str | dt.tzinfo | None = None) -> str:
    """Write the day in ``zone``: "21 Nov"; with its year, where that could be taken for another."""
    if not moment:
        return DASH
    day = _local(moment, zone) if isinstance(moment, dt.datetime) else moment
    if _is_far(day):
        return day_in(day, zone)
    return format_date(day, pgettext("a day without its year, Django date format", "j M"))


@register.filter
def time_in(moment: dt.datetime | None, zone: str | dt.tzinfo | None = None) -> str:
    """Write the time of day in ``zone`` with the zone's name: "17:40 PST"."""
    if not moment:
        return DASH
    local = _local(moment, zone)
    return f"{local:%H:%M} {_zone_name(local)}"


@register.filter
def hour_in(moment: dt.datetime | None, zone: str | dt.tzinfo | None = None) -> str:
    """Write the time of day in ``zone``, where the zone is said once beside the list: "17:40"."""
    return f"{_local(moment, zone):%H:%M}" if moment else DASH


@register.filter
def iso(moment: dt.datetime | None) -> str:
    """Write a moment for machines, in UTC with seconds."""
    if not moment:
        return ""
    utc = _local(moment, dt.UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='seconds')}Z"


def _span(seconds: int) -> str:
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    parts = {"days": days, "hours": hours, "minutes": minutes, "padded": f"{minutes:02}"}
    if days >= COARSE or (days and not hours):
        return _("%(days)s d") % parts
    if days:
        return _("%(days)s d %(hours)s h") % parts
    if hours >= COARSE or (hours and not minutes):
        return _("%(hours)s h") % parts
    if hours:
        return _("%(hours)s h %(padded)s min") % parts
    return _("%(minutes)s min") % parts


@register.filter
def span(length: dt.timedelta | None) -> str:
    """Write a length of time: "26 d", "2 d 1 h", "3 h 05 min", "40 min", "12 s"."""
    if length is None:
        return DASH
    seconds = abs(length).total_seconds()
    return (
        _span(int(seconds))
        if seconds >= MINUTE
        else _("%(seconds)s s") % {"seconds": ceil(seconds)}
    )


@register.filter
def countdown(due: dt.datetime | None, now: dt.datetime) -> str:
    """Write what is left until ``due``, or how late it is: "3 h 05 min", "40 min late"."""
    if not due:
        return DASH
    left = int((due - now).total_seconds())
    if left < 0:
        return _("%(span)s late") % {"span": _span(-left)}
    return _span(left)


@register.filter
def due_tone(due: dt.datetime | None, now: dt.datetime) -> str:
    """Return "bad" when late, "warn" within 24 hours, "none" otherwise."""
    if not due:
        return "none"
    left = due - now
    if left < dt.timedelta():
        return "bad"
    return "warn" if left <= dt.timedelta(hours=24) else "none"


@register.filter
def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """Write the age of ``moment``: "just now", "4 min ago", "2 d 3 h ago"; None is "never"."""
    if not moment:
        return _("never")
    seconds = int((now - moment).total_seconds())
    if seconds < MINUTE:
        return _("just now")
    return _("%(span)s ago") % {"span": _span(seconds)}


# Small drawings: the server works out the geometry, the component writes the SVG


@register.simple_tag
def share_bar(parts: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return one stretch per part of (tone, number), as x and width of 100; empty ones left out."""
    shown = [(tone, count) for tone, count in parts if count]
    whole = sum(count for _tone, count in shown)
    stretches, x = [], 0.0
    for tone, count in shown:
        width = 100 * count / whole
        stretches.append({"tone": tone, "x": f"{x:.2f}", "width": f"{width:.2f}"})
        x += width
    return stretches


@dataclass(frozen=True)
class Spark:
    """Paths of a small step line, in a box of 76 x 26."""

    lines: list[str]
    gaps: list[str]
    end_x: str
    end_y: str
    milestone_y: str


@register.simple_tag
def spark_lines(points: Sequence[int | None], milestone: int | None = None) -> Spark | None:
    """Return the step line of one value per day, oldest first; None where nothing was known.

    The scale spans at least 40 points, so that a change of two does not look like a fall.
    """
    known = [(day, value) for day, value in enumerate(points) if value is not None]
    if not known:
        return None
    levels = [value for _day, value in known] + ([] if milestone is None else [milestone])
    middle = (min(levels) + max(levels)) / 2
    half = max(40, max(levels) - min(levels)) / 2

    def x(day: float) -> str:
        return f"{1 + 73 * day / max(1, len(points) - 1):.1f}"

    def y(value: float) -> str:
        return f"{2 + 11 * (middle + half - value) / half:.1f}"

    lines, gaps = [f"M{x(known[0][0])} {y(known[0][1])}"], []
    for (day, level), (next_day, next_level) in pairwise(known):
        if next_day - day == 1:
            lines[-1] += f"H{x(next_day)}V{y(next_level)}"
        else:
            gaps.append(f"M{x(day)} {y(level)}H{x(next_day)}")
            lines.append(f"M{x(next_day)} {y(next_level)}")
    last_day, last = known[-1]
    if last_day < len(points) - 1:
        gaps.append(f"M{x(last_day)} {y(last)}H{x(len(points) - 1)}")
    return Spark(
        lines=lines,
        gaps=gaps,
        end_x=x(last_day),
        end_y=y(last),
        milestone_y="" if milestone is None else y(milestone),
    )


@register.simple_tag
def shots_bar(windows: Sequence[Mapping[str, Any]], now: dt.datetime) -> list[dict[str, Any]]:
    """Return the windows of a case's attempts to scale, as stretches of 100.

    A window has ``opens_at``, ``closes_at`` and ``used_until`` (None: still running), besides
    what the component prints.
    """
    if not windows:
        return []
    start = min(window["opens_at"] for window in windows)
    whole = max(window["closes_at"] for window in windows) - start
    stretches = []
    for window in windows:
        opens, closes = window["opens_at"], window["closes_at"]
        until = min(closes, max(opens, window.get("used_until") or now))
        stretches.append(
            {
                **window,
                "x": f"{100 * ((opens - start) / whole):.2f}",
                "width": f"{100 * ((closes - opens) / whole):.2f}",
                "used": f"{100 * ((until - opens) / whole):.2f}",
                "running": not window.get("used_until") and opens <= now < closes,
            }
        )
    return stretches


@register.simple_tag
def chart_data(data: Mapping[str, Any], key: str) -> SafeString:
    """Write what the chart ``key`` draws as a JSON block, which no script policy minds."""
    return json_script(data, f"{key}-data")


# Forms


@register.filter
def field_kind(field: BoundField) -> str:
    """Return "check", "choices", "file" or "input": how the field is laid out."""
    widget = field.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "check"
    return "file" if isinstance(widget, FileInput) else "input"


@register.simple_tag
def widget(field: BoundField, **attrs: Any) -> SafeString:
    """Write the input of a bound field with our classes; ``attrs`` with ``_`` for ``-``."""
    inner = field.field.widget
    css = "form-control"
    if isinstance(inner, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        css = "form-check-input"
    elif isinstance(inner, Select):
        css = "form-select"
    extra = {name.replace("_", "-"): value for name, value in attrs.items()}
    own = inner.attrs.get("class", "")
    return field.as_widget(attrs={**extra, "class": f"{css} {own}".strip()})


@register.simple_tag(takes_context=True)
def csrf_field(context: template.Context) -> SafeString:
    """Write the CSRF field also inside a component that was included with ``only``."""
    request = getattr(context, "request", None)
    if request is None:
        return mark_safe("")
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request)
    )


# Blocks


@register.simple_block_tag
def capture(content: str) -> SafeString:
    """Keep what is inside under a name: ``{% capture as active %}...{% endcapture %}``."""
    return SafeString(content.strip())


@register.simple_block_tag
def panel(
    content: str,
    *,
    title: str = "",
    note: str = "",
    icon_name: str = "",
    tone: str = "",
    foot: str = "",
    side: str = "",
    key: str = "",
    flush: bool = False,
) -> SafeString:
    """Wrap what is inside in a panel; see components/panel.html for the inputs."""
    return render_to_string(
        "components/panel.html",
        {
            "title": title,
            "note": note,
            "icon_name": icon_name,
            "tone": tone,
            "foot": foot,
            "side": side,
            "key": key,
            "flush": flush,
            "content": content,
        },
    )


@register.simple_tag
def words_for_scripts() -> SafeString:
    """Write the few words that our scripts say, as a JSON block."""
    return json_script(
        {
            "days": _("%(days)s d"),
            "daysHours": _("%(days)s d %(hours)s h"),
            "hours": _("%(hours)s h"),
            "hoursMinutes": _("%(hours)s h %(padded)s min"),
            "minutes": _("%(minutes)s min"),
            "late": _("%(span)s late"),
            "ago": _("%(span)s ago"),
            "justNow": _("just now"),
            "copied": _("Copied"),
            "close": _("Close"),
            "failed": _("That did not reach the server. Check the connection and try again."),
            "refused": _("The server refused this. Reload the page and try again."),
            "selected": _("%(count)s selected"),
            "showTable": _("Show as a table"),
            "showChart": _("Show as a chart"),
        },
        "words",
    )
