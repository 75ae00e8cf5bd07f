"""The trail in words: its rows, kept as codes and ids, made ready for a reader at last."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tenants.templatetags import ui
from tenants.trail import words
from tenants.trail.models import AuditEvent
from tenants.trail.words import Asked, Field, LookUp

_LONGEST: Final = 80
_PAIR: Final = 2
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")

_Names = Mapping[tuple[str, UUID | None], str]
_Found = Mapping[LookUp, Mapping[Asked, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """One row in the reader's words; ``changes`` is "" where they say nothing more."""

    event: AuditEvent
    at: datetime
    what: str
    who: str
    via: str
    name: str
    changes: str


def told(events: Iterable[AuditEvent], *, zone: str | None = None) -> list[Told]:
    """Return the rows in words, times in ``zone`` (default: the reader's).

    What ids and codes stand for is asked once a kind of object and once a kind of value,
    whatever the number of rows.
    """
    rows = list(events)
    if not rows:
        return []
    at = max(event.at for event in rows)
    names, found = _names(rows, at), _found(rows, at)
    return [_told(event, names, found, zone) for event in rows]


def entries(
    events: Iterable[AuditEvent], *, of: UUID, zone: str | None = None, with_changes: bool = True
) -> list[dict[str, Any]]:
    """Return the rows as entries of components/timeline_list.html, on the page of one object.

    Rows of other objects name theirs.
    """
    return [_entry(row, of=of, with_changes=with_changes) for row in told(events, zone=zone)]


def _entry(row: Told, *, of: UUID, with_changes: bool) -> dict[str, Any]:
    parts = {"what": row.what, "who": row.who, "name": row.name}
    if row.event.object_id == of or not row.name:
        text = _("%(what)s, by %(who)s") % parts
    else:
        text = _("%(what)s: %(name)s, by %(who)s") % parts
    return {"at": row.at, "text": text, "note": row.changes if with_changes else ""}


def _told(event: AuditEvent, names: _Names, found: _Found, zone: str | None) -> Told:
    name = names.get((event.object_type, event.object_id)) or _stored_name(event)
    return Told(
        event=event,
        at=event.at,
        what=words.action_words(event.action),
        who=_who(event),
        via=words.via_words(event.via) if event.member_id else "",
        name=name,
        changes=_changes(event, name, found, zone),
    )


def _who(event: AuditEvent) -> str:
    if event.member is not None:
        return str(event.member)
    return words.doer_words(event.via)


def _names(rows: Sequence[AuditEvent], at: datetime) -> _Names:
    by_kind: dict[str, set[UUID]] = defaultdict(set)
    for event in rows:
        if event.object_id is not None:
            by_kind[event.object_type].add(event.object_id)
    return {
        (kind, pk): name
        for kind, ids in by_kind.items()
        if (namer := words.namer_of(kind)) is not None
        for pk, name in namer(ids, at).items()
    }


def _stored_name(event: AuditEvent) -> str:
    return "" if _ID.fullmatch(event.object_name) else event.object_name


def _found(rows: Sequence[AuditEvent], at: datetime) -> _Found:
    asked: dict[LookUp, set[Asked]] = defaultdict(set)
    for event in rows:
        for name, value in event.changes.items():
            look_up = words.field_of(event.object_type, name).look_up
            if look_up is not None:
                asked[look_up].update((event.store_id, str(one)) for one in _flat(value))
    return {look_up: look_up(values, at) for look_up, values in asked.items()}


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    elif value is not None and value != "":
        yield value


def _changes(event: AuditEvent, named: str, found: _Found, zone: str | None) -> str:
    parts = []
    kind = event.object_type
    for name in sorted(event.changes, key=lambda name: words.place_of(kind, name)):
        field = words.field_of(kind, name)
        said = ""
        if not field.is_hidden:
            said = _said(field, event.changes[name], event, found, zone)
        if said == named:
            continue
        if said and field.label:
            said = _("%(label)s: %(value)s") % {"label": field.label, "value": said}
        if said:
            parts.append(said)
    return " · ".join(parts)


def _said(field: Field, value: Any, event: AuditEvent, found: _Found, zone: str | None) -> str:
    """Return a value, or the one before and the one after; "" where nothing is told by it."""

    def one(each: Any) -> str:
        written = [_word(field, part, event, found, zone) for part in _flat(each)]
        comma = pgettext("between the items of a list", ", ")
        return comma.join(word for word in written if word)

    if field.is_list or not isinstance(value, list) or len(value) != _PAIR:
        return one(value)
    before, after = map(one, value)
    return "" if before == after else f"{before or ui.DASH} → {after or ui.DASH}"


def _word(field: Field, value: Any, event: AuditEvent, found: _Found, zone: str | None) -> str:
    if field.choices is not None and str(value) in field.choices:
        return str(field.choices[str(value)])
    if field.look_up is not None:
        word = found[field.look_up].get((event.store_id, str(value)))
        if word:
            return word
    if field.say is not None:
        return field.say(value, event.changes)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _plain(value, zone)


def _plain(value: Any, zone: str | None) -> str:
    """Return a value as it is: a moment in the reader's words, an id not at all."""
    text = str(value)
    if _ID.fullmatch(text):
        return ""
    moment = _moment(text)
    if moment is not None:
        return ui.moment_in(moment, zone)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _moment(text: str) -> datetime | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
