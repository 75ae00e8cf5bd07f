"""What the chart of a store's rating draws, and the same as a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext

from scoring.charts import Cell, Chart, Column, Mark, Range, Table
from scoring.core.rating import ForecastPoint
from scoring.core.rulebook import Rulebook
from scoring.core.values import Answer, BandCode, Step
from scoring.models import PlatformRating
from scoring.selectors.lines import Line
from scoring.selectors.rows import Rows, is_chinese, starts_there
from tenants.templatetags import ui

SHOWN_DAYS: Final = 180  # what the chart shows first
Ahead = Sequence[Mapping[str, Any]]  # {"at": iso, "rating", "low"?, "high"?}, oldest first


def value_of(step: Step | ForecastPoint) -> int | None:
    """Return the number that stands for the rating: points where the book has no rating."""
    return step.rating if step.rating is not None else step.points_deducted


def ahead_of(forecast: Sequence[ForecastPoint]) -> Ahead:
    """Return the forecast as the chart draws it, without a range: what is certain."""
    return [{"at": point.instant.isoformat(), "rating": value_of(point)} for point in forecast]


def history_chart(
    rows: Rows, answer: Answer, steps: Sequence[Step], ahead: Ahead, lines: Sequence[Line]
) -> Chart:
    """Return the rating over time; the data's shape is told at the top of ``chart.js``."""
    measure = "rating" if answer.rating is not None else "points_deducted"
    shown = rows.platform_ratings(measure)
    told = [line for line in lines if line.points or line.milestones]
    return Chart(
        kind="history",
        data=_data(rows, answer, steps, ahead, told, shown),
        table=_table(rows, answer, ahead, told, shown),
        legend=_legend(rows, ahead),
        ranges=(
            Range(30, gettext("30 d")),
            Range(90, gettext("90 d")),
            Range(180, gettext("180 d")),
            Range(0, gettext("All")),
        ),
        days=SHOWN_DAYS,
    )


def _words_ahead(rows: Rows) -> str:
    """Return what the line after the moment is: of a past one we may know how it went on."""
    if rows.known_at > rows.at:
        return gettext("As it went on, by what is known now")
    return gettext("As it would go on")


def _legend(rows: Rows, ahead: Ahead) -> list[Mark]:
    marks = [
        Mark("ours", gettext("Ours")),
        Mark("theirs", gettext("Marketplace shows")),
        Mark("next", _words_ahead(rows)),
    ]
    if any(point.get("low") != point.get("high") for point in ahead):
        marks.append(Mark("cone", gettext("Range of the forecast")))
    return marks


def _data(
    rows: Rows,
    answer: Answer,
    steps: Sequence[Step],
    ahead: Ahead,
    lines: Sequence[Line],
    shown: Sequence[PlatformRating],
) -> dict[str, Any]:
    is_rating = answer.rating is not None
    measure = "rating" if is_rating else "points_deducted"
    return {
        "now": answer.at.isoformat(),
        "zone": rows.store.time_zone,
        "series": [
            {"at": step.instant.isoformat(), "rating": value_of(step), "band": step.band.value}
            for step in steps
        ],
        "platform": [{"at": row.observed_at.isoformat(), "value": row.value} for row in shown],
        "forecast": list(ahead),
        "bands": bands_of(rows.book),
        "milestones": [
            {"at": milestone.at, "label": starts_there(rows.book, milestone.code)}
            for milestone in answer.milestones
            if milestone.measure.value == measure
        ],
        "events": [
            {
                "at": line.at.isoformat(),
                "rating": line.rating,
                "label": line.label,
                "points": line.points,
                "kind": "milestone" if line.milestones else line.kind,
            }
            for line in lines
        ],
        "labels": {
            "rating": gettext("Ours"),
            "platform": gettext("The marketplace shows"),
            "forecast": _words_ahead(rows),
            "between": gettext("between"),
            "now": gettext("Now") if rows.is_now else rows.day(answer.at),
        },
    }


def bands_of(book: Rulebook | None) -> list[dict[str, Any]]:
    """Return the bands of a book, lowest first, with their ends and the reader's words.

    None where the book has none: no source states the bands of some marketplaces.
    """
    if book is None or not book.bands:
        return []
    ceiling = book.ceiling.value if book.ceiling else None
    edges = [*(band.at.value for band in book.bands[1:]), ceiling]
    return [
        {
            "code": band.code.value,
            "label": band.label_zh if is_chinese() else band.label,
            "low": band.at.value,
            "high": edge,
        }
        for band, edge in zip(book.bands, edges, strict=True)
        if band.code is not BandCode.CLOSED
    ]


def _table(
    rows: Rows,
    answer: Answer,
    ahead: Ahead,
    lines: Sequence[Line],
    shown: Sequence[PlatformRating],
) -> Table:
    """Return what the chart draws, newest first."""
    told: list[tuple[datetime, str, int | None, int | None]] = [
        (line.at, line.label, line.points, line.rating) for line in lines
    ]
    told += [(row.observed_at, gettext("The marketplace shows"), None, row.value) for row in shown]
    for point in ahead:
        at = datetime.fromisoformat(point["at"])
        if at > answer.at:
            told.append((at, _ahead_words(rows, point), None, point["rating"]))
    told.sort(key=lambda row: row[0], reverse=True)
    return Table(
        head=(
            Column(gettext("Day")),
            Column(gettext("Event")),
            Column(gettext("Points"), is_number=True),
            Column(gettext("Rating"), is_number=True),
        ),
        rows=[
            (
                Cell(ui.day_in(at, rows.store.time_zone)),
                Cell(label),
                Cell("" if points is None else ui.signed(points), is_number=True),
                Cell(ui.number(value), is_number=True),
            )
            for at, label, points, value in told
        ],
    )


def _ahead_words(rows: Rows, point: Mapping[str, Any]) -> str:
    low, high = point.get("low"), point.get("high")
    if low == high:
        return _words_ahead(rows)
    return gettext("%(forecast)s, between %(low)s and %(high)s") % {
        "forecast": _words_ahead(rows),
        "low": ui.number(low),
        "high": ui.number(high),
    }
