"""Values of a store made ready for its page's components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stores import problems
from stores.data_kinds import DATA
from stores.metrics import Bad, Metric, Unit
from stores.models import Connection, Enforcement, Reading, Store, SyncRun
from stores.selectors import store as selectors
from stores.selectors.fleet import Row
from stores.selectors.freshness import Freshness
from stores.selectors.readings import Tile
from stores.selectors.syncs import is_asked_for
from tenants.templatetags import ui


@dataclass(frozen=True, slots=True)
class Sync:
    """How a connection or its first sync stands, for the box that polls."""

    # "none" | "refused" | "lost" | "connecting" | "choosing" | "first" | "syncing" | "settled"
    state: str
    connection: Connection | None
    run: SyncRun | None
    next_at: datetime | None = None  # when orders are asked for next

    @property
    def is_moving(self) -> bool:
        return self.state in {"connecting", "first", "syncing"}

    @property
    def may_be_asked(self) -> bool:
        return self.state in {"syncing", "settled"}

    @property
    def label(self) -> str:
        """Return what is being fetched."""
        kind = DATA.get(self.run.data) if self.run else None
        return str(kind.label) if kind else ""

    @property
    def words(self) -> str:
        """Return what stands in the way, in the reader's language."""
        return "" if self.connection is None else str(problems.text(self.connection.problem))


def sync_of(store: Store, freshness: Freshness, *, at: datetime) -> Sync:
    """Return how a store's connection stands, and what is fetched right now."""
    connection, run = selectors.connection_of(store), selectors.newest_run(store)
    if connection is None:
        return Sync("none", None, run)
    states = {
        Connection.State.CONNECTING: "connecting",
        Connection.State.CHOOSING: "choosing",
        Connection.State.REFUSED: "refused",
        Connection.State.REVOKED: "lost",
        Connection.State.EXPIRED: "lost",
        Connection.State.DISCONNECTED: "lost",
    }
    state = states.get(Connection.State(connection.state))
    if state is None:
        # A store that the marketplace refuses will not end its first sync by being waited for.
        is_first = freshness.seen_at is None and store.state == Store.State.ACTIVE
        is_asked = is_first or is_asked_for(store.pk, at=at)
        state = "first" if is_first else "syncing" if is_asked else "settled"
    return Sync(state, connection, run, freshness.due_at)


def key_facts(row: Row, *, at: datetime, added: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the facts at the head of a store's page, each with its consequence.

    ``added`` are further words to some, by their keys: "rating", "milestone", "roll_off".
    """
    return [
        _rating_fact(row) | {"more": added.get("rating", "")},
        _platform_fact(row, at),
        _in_force_fact(row),
        {
            "label": _("Next milestone"),
            "value": row.milestone or ui.DASH,
            "tone": "bad" if row.is_near_milestone else "",
            "note": added.get("milestone", ""),
        },
        _roll_off_fact(row) | {"note": added.get("roll_off", "")},
        _deadline_fact(row, at),
    ]


def _rating_fact(row: Row) -> dict[str, Any]:

    band = render_to_string(
        "components/band.html", {"band": row.band, "word": row.word, "standing": row.standing}
    )
    words = {
        "unknown": _("no figure yet: record what the marketplace shows"),
        "computed": _("computed from what we know"),
        "confirmed": _("confirmed by the marketplace"),
        "incomplete": _("points of a violation are unknown"),
        "stale": _("nothing heard for 48 hours"),
    }
    note = words.get(row.standing, "")
    since = _since_seen(row.rating)
    if row.standing == "confirmed" and since:
        told = _("confirmed on %(day)s at %(value)s; %(since)s since")
        if row.rating.platform_measure == "points_deducted":
            told = _("confirmed on %(day)s at %(value)s points deducted; %(since)s since")
        note = told % {
            "day": ui.short_day_in(row.rating.platform_at, row.store.time_zone),
            "value": row.rating.platform_value,
            "since": ui.signed(since),
        }
    if row.held is not None and row.held_since is not None:
        day = ui.short_day_in(row.held_since, row.store.time_zone)
        note = _("last known %(rating)s on %(day)s") % {"rating": row.held, "day": day}
    elif row.held is not None:
        note = _("%(rating)s by our ledger alone: record what the marketplace shows") % {
            "rating": row.held
        }
    hero = ui.DASH if row.value is None else row.value
    return {"label": _("Rating"), "hero": hero, "value": band, "note": note}


def _platform_fact(row: Row, at: datetime) -> dict[str, Any]:
    label = _("Marketplace shows")
    if row.rating is None or row.rating.platform_value is None:
        return {"label": label, "value": ui.DASH, "note": _("never seen")}
    drift, since = row.rating.drift, _since_seen(row.rating)
    note = ui.ago(row.rating.platform_at, at)
    if drift and since:
        note = _("drift %(drift)s when seen %(age)s, ours %(since)s since") % {
            "drift": ui.signed(drift),
            "age": note,
            "since": ui.signed(since),
        }
    elif drift:
        note = _("drift %(drift)s, %(age)s") % {"drift": ui.signed(drift), "age": note}
    if row.rating.platform_measure == "points_deducted":
        note = f"{_('points deducted')}, {note}"
    tone = "warn" if row.rating.is_drift_alert else ""
    href = row.rating.drift_url if drift else ""
    value = row.rating.platform_value
    return {"label": label, "value": value, "note": note, "tone": tone, "href": href}


def _since_seen(rating: Any) -> int:
    """Return how ours moved since the marketplace's newest figure was seen; drift tells none of it.

    That figure confirms what ours was at its moment, or differs from that.
    """
    if rating is None or rating.drift is None:
        return 0
    is_rating = rating.platform_measure == "rating"
    ours = rating.rating if is_rating else rating.points_deducted
    return 0 if ours is None else int(ours) - (int(rating.platform_value) - int(rating.drift))


def _in_force_fact(row: Row) -> dict[str, Any]:
    label = _("In force")
    in_force = row.in_force
    if row.band == "closed":
        return {"label": label, "value": _closed(row, in_force), "tone": "bad"}
    if row.expected:
        return {"label": label, **_expected(row), "tone": "warn"}
    if not in_force:
        return {"label": label, "value": _("None")}
    first = in_force[0]
    until = (
        _("to %(moment)s") % {"moment": ui.moment_in(first.ends_at, row.store.time_zone)}
        if first.ends_at
        else _("until lifted")
    )
    more = len(in_force) - 1
    if more:
        until = ngettext("%(until)s, %(more)s more", "%(until)s, %(more)s more", more) % {
            "until": until,
            "more": more,
        }
    return {"label": label, "value": first.get_kind_display(), "tone": "bad", "note": until}


def _expected(row: Row) -> dict[str, Any]:
    first, *others = row.expected
    value = _("Expected: %(what)s") % {"what": first.label}
    if first.is_for_good:
        value = _("Expected: %(what)s, for good") % {"what": first.label}
    elif first.until is not None:
        day = ui.day_in(first.until, row.store.time_zone)
        value = _("Expected: %(what)s until %(day)s") % {"what": first.label, "day": day}
    note = _("a milestone was passed; nobody has confirmed it")
    if others:
        also = ", ".join(one.label for one in others)
        note = _("and %(also)s; nobody has confirmed it") % {"also": also}
    return {"value": value, "note": note}


def _closed(row: Row, in_force: Sequence[Enforcement]) -> str:
    # The rulebook, or the marketplace itself, closed it; either tells since when.
    starts = [one.starts_at for one in in_force if one.kind == Enforcement.Kind.CLOSED]
    since = min(starts, default=row.rating.closed_since)
    if since is None:
        return _("Closed")
    return _("Closed since %(day)s") % {"day": ui.day_in(since, row.store.time_zone)}


def _roll_off_fact(row: Row) -> dict[str, Any]:
    label = _("Next roll-off")
    if row.rating is None or row.rating.next_expiry_at is None:
        return {"label": label, "value": ui.DASH}
    points = row.rating.next_expiry_points
    day = ui.short_day_in(row.rating.next_expiry_at, row.store.time_zone)
    return {
        "label": label,
        "value": _("%(points)s on %(day)s") % {"points": ui.signed(points), "day": day},
    }


def _deadline_fact(row: Row, at: datetime) -> dict[str, Any]:
    label = _("Next deadline")
    due = _of(row.deadline, "due_at")
    if due is None:
        return {"label": label, "value": ui.DASH}
    return {
        "label": label,
        "value": _of(row.deadline, "label") or ui.moment_in(due, row.store.time_zone),
        "href": _of(row.deadline, "href"),
        "note": _("%(left)s · %(moment)s")
        % {"left": ui.countdown(due, at), "moment": ui.moment_in(due, row.store.time_zone)},
        "tone": {"bad": "bad", "warn": "warn"}.get(ui.due_tone(due, at), ""),
    }


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def tile(one: Tile, *, at: datetime) -> dict[str, Any]:
    """Return the inputs of a reading's tile; an old value says what it was, and is unknown."""
    metric = one.metric
    source = why = ""
    if one.measured_at is not None:
        source = _("%(source)s, %(age)s") % {
            "source": Reading.Source(one.source).label,
            "age": ui.ago(one.measured_at, at),
        }
    if one.is_old and one.value is not None:
        why = _("last %(value)s, too old") % {"value": written(metric, one.value)}
    return {
        "code": metric.code,
        "name": metric.label,
        "value": None
        if one.state == "unknown" or one.value is None
        else written(metric, one.value),
        "limit": _limit(metric),
        "tone": "bad" if one.state == "bad" else "",
        "source": source,
        "why": why,
    }


def written(metric: Metric, value: Decimal) -> str:
    """Return a value as a person reads it: 5.2 %, 14 d, Yes."""
    if metric.unit is Unit.YES_NO:
        return _("On") if value else _("Off")
    places = 2 if metric.unit is Unit.MONEY else None
    plain = value.quantize(Decimal("0.01")) if places else value.normalize()
    text = number_format(f"{plain:f}", decimal_pos=places, force_grouping=True).replace("-", "−")
    if metric.unit is Unit.PERCENT:
        return _("%(number)s %%") % {"number": text}
    if metric.unit is Unit.DAYS:
        return _("%(days)s d") % {"days": text}
    return text


def _limit(metric: Metric) -> str:
    if metric.limit is None or metric.unit is Unit.YES_NO or metric.bad is Bad.NEVER:
        return ""
    words = _("limit %(limit)s") if metric.bad is Bad.ABOVE else _("at least %(limit)s")
    return words % {"limit": written(metric, metric.limit)}
