"""Writing a checked file whole or not at all, taking it back, and emptying its staging."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from stores.models import Import, ImportMark, ImportRow, Store
from stores.services.imports import base, checking
from stores.services.imports.base import Course, ImportRefused, Kind, Mark, Parsed, UndoRefused
from stores.services.imports.registry import KINDS
from stores.tables import RowError
from tenants import due, ids, scope
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

WRITE_IMPORT: Final = "stores.write_import"
FORGET_IMPORT: Final = "stores.forget_import"
UNDONE_WITHIN: Final = timedelta(days=30)
_NAMED: Final = 5  # of what stands in the way of an undoing
_WRITTEN: Final = (base.NEW, base.UPDATE)
_COPY: Final = (
    "COPY stores_importmark (id, agency_id, imported_id, noun, object_id, was) FROM STDIN"
)


@transaction.atomic
def write(*, kept: Import, stores: QuerySet[Store], by: Membership | None, at: datetime) -> None:
    """Write every row of an import, or none.

    Each row is held once more against what stands now. One that is like a violation known is left
    out unless the member said that such rows are others.

    Raises:
        ImportSettled: if it was written or discarded already.
        ImportRefused: if a row is wrong, or became so since the preview.
    """
    open_states = [Import.State.PREVIEW, Import.State.WRITING]
    waiting = Import.objects.filter(pk=kept.pk, state__in=open_states)
    if not waiting.update(state=Import.State.DONE, done_at=at, refused=""):
        raise checking.settled()
    _demand_whole(kept)
    kind = KINDS[kept.kind]
    course = checking.course_of(kept, stores=stores, by=by, at=at)
    touched: dict[UUID, Store] = {}
    result = dict.fromkeys(base.WHATS, 0)
    result[base.LEFT_OUT] = 0
    result[base.REPEATED] = kept.staged.filter(what=base.REPEATED).count()
    for step in _steps(kept, course):
        rows = _without_likes(step, kind, course)
        result[base.LEFT_OUT] += len(step) - len(rows)
        effective = [row for row in rows if row.what in _WRITTEN]
        _keep_marks(kept, kind.write(effective, course) if effective else [])
        touched |= checking.stores_of(effective)
        for row in rows:
            result[row.what] += 1
    if touched or not kind.of_a_store:
        kind.after(list(touched.values()), course)
    _empty(kept)
    kept.refresh_from_db()
    kept.result, kept.written = result, result[base.NEW] + result[base.UPDATE]
    kept.save(update_fields=["result", "written"])
    due.add(kind=FORGET_IMPORT, subject=kept.pk, at=at + UNDONE_WITHIN)
    told = (base.NEW, base.UPDATE, base.SAME, base.REPEATED)
    _note(kept, "import.done", by=by, at=at, changes={what: result[what] for what in told})


def _demand_whole(kept: Import) -> None:
    """Refuse a file in which a row is wrong, or of which a column is missing."""
    if checking.missing(kept):
        raise ImportRefused(
            _("Nothing was written. %(reason)s") % {"reason": _("A column is missing.")}
        )
    wrong = kept.staged.filter(what=base.WRONG).order_by("line").first()
    if wrong is not None:
        first = next(iter(troubles_of(wrong, kept)))
        raise ImportRefused(_("Nothing was written. %(reason)s") % {"reason": first})
    if kept.staged.filter(what="").exists():
        raise ImportRefused(_("This file is still being checked."))


def _steps(kept: Import, course: Course) -> Iterator[list[Parsed]]:
    staged = kept.staged.exclude(what=base.REPEATED).order_by("line")
    after = 0
    while rows := list(staged.filter(line__gt=after)[: checking.STEP]):
        yield [checking.parsed_of(row, course) for row in rows]
        after = rows[-1].line


def _compare_again(rows: Sequence[Parsed], kind: Kind, course: Course) -> None:
    for row in rows:
        if kind.of_a_store and row.store is None:
            raise base.refusal(row, _("is no store that you see."))
        row.what = base.NEW
    kind.compare(rows, course)
    for row in rows:
        if row.troubles:
            raise ImportRefused(_("Nothing was written. %(reason)s") % {"reason": row.troubles[0]})


def _without_likes(rows: Sequence[Parsed], kind: Kind, course: Course) -> list[Parsed]:
    """Return rows, compared again, without those that may be the same as what was known."""
    # What the preview found like: rows of this very file may be like each other.
    likes = {row.line for row in rows if row.is_like}
    _compare_again(rows, kind, course)
    if course.kept.mapping.get("likes") == base.AS_OTHERS:
        return list(rows)
    return [row for row in rows if row.what != base.NEW or row.line not in likes]


def _keep_marks(kept: Import, marks: Sequence[Mark]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # COPY goes past the fence's own statement, which this sends
        with cursor.copy(_COPY) as copy:
            for mark in _once(marks):
                was = None if mark.was is None and mark.became is None else _marked(mark)
                copy.write_row(
                    (ids.new_id(), scope.current_id(), kept.pk, mark.noun, mark.object_id, was)
                )


def _marked(mark: Mark) -> str:
    return json.dumps({"was": mark.was, "became": mark.became})


def _once(marks: Sequence[Mark]) -> list[Mark]:
    return list({(mark.noun, mark.object_id): mark for mark in marks}.values())


def _empty(kept: Import) -> None:
    ImportRow.objects.filter(imported=kept.pk).delete()


@transaction.atomic
def ask_to_write(*, kept: Import, at: datetime) -> None:
    """Let a large import be written behind the scenes.

    Raises:
        ImportSettled: if it was written or discarded already.
        ImportRefused: if a row of it is wrong.
    """
    _demand_whole(kept)
    waiting = Import.objects.filter(pk=kept.pk, state=Import.State.PREVIEW)
    if not waiting.update(state=Import.State.WRITING):
        raise checking.settled()
    due.add(kind=WRITE_IMPORT, subject=kept.pk, at=at)


@transaction.atomic
def confirm(
    *,
    kept: Import,
    stores: QuerySet[Store],
    by: Membership | None,
    at: datetime,
    likes: str = base.LEAVE_OUT,
) -> None:
    """Write an import: at once where it is small, else behind the scenes.

    ``likes`` says what becomes of rows without a reference that are like one that is known.

    Raises:
        ImportSettled, ImportRefused: as ``write``.
    """
    assert likes in base.LIKES, "No choice."
    waiting = Import.objects.filter(pk=kept.pk, state=Import.State.PREVIEW)
    if not waiting.update(mapping={**kept.mapping, "likes": likes}):
        raise checking.settled()
    kept.refresh_from_db()
    if kept.rows > checking.AT_ONCE:
        ask_to_write(kept=kept, at=at)
    else:
        write(kept=kept, stores=stores, by=by, at=at)
    kept.refresh_from_db()


def _may(member: Membership, kept: Import) -> bool:
    return member.is_active and member.can(KINDS[kept.kind].capability)


def write_or_tell(
    *, kept: Import, stores: QuerySet[Store], by: Membership | None, at: datetime
) -> None:
    """Write an import that was asked for; where it is refused it waits again, with the reason."""
    try:
        with transaction.atomic():
            if by is not None and not _may(by, kept):
                raise ImportRefused(_("Nothing was written: you may not record this any more."))
            write(kept=kept, stores=stores, by=by, at=at)
    except DomainError as refusal:
        waiting = Import.objects.filter(pk=kept.pk, state=Import.State.WRITING)
        waiting.update(state=Import.State.PREVIEW, refused=str(refusal))


@transaction.atomic
def discard(*, kept: Import, by: Membership | None, at: datetime) -> None:
    """Throw a waiting import away, with the rows it holds.

    Raises:
        ImportSettled: if it was written or discarded already.
    """
    states = [Import.State.PREVIEW, Import.State.CHECKING]
    waiting = Import.objects.filter(pk=kept.pk, state__in=states)
    if not waiting.update(state=Import.State.DISCARDED, done_at=at):
        raise checking.settled()
    _empty(kept)
    _note(kept, "import.discarded", by=by, at=at, changes={"rows": kept.rows})


@transaction.atomic
def undo(*, kept: Import, stores: QuerySet[Store], by: Membership | None, at: datetime) -> None:
    """Take back all that an import wrote: new rows go, changed ones are as they were.

    Raises:
        ImportSettled: if it is not written, or was taken back already.
        UndoRefused: if something was built on it since, which the text names, or it is too old.
    """
    done = Import.objects.filter(pk=kept.pk, state=Import.State.DONE)
    if not done.update(state=Import.State.UNDONE, undone_at=at, undone_by=by):
        raise base.ImportSettled(_("There is nothing left of this file to take back."))
    if kept.done_at is None or at >= kept.done_at + UNDONE_WITHIN:
        raise UndoRefused(_("A file can be taken back for 30 days."))
    kind = KINDS[kept.kind]
    course = checking.course_of(kept, stores=stores, by=by, at=at)
    marks = [_mark_of(row) for row in kept.marks.all()]
    in_the_way = [*_later(kept), *kind.built_upon(marks, course)]
    if in_the_way:
        more = len(in_the_way) - _NAMED
        named = "; ".join(in_the_way[:_NAMED])
        if more > 0:
            named = _("%(named)s; and %(more)s more") % {"named": named, "more": more}
        raise UndoRefused(_("It cannot be taken back: %(named)s.") % {"named": named})
    kind.undo(marks, course)
    kept.marks.all().delete()
    kept.refresh_from_db()
    _note(kept, "import.undone", by=by, at=at, changes={"rows": kept.written})


def _later(kept: Import) -> list[str]:
    """Return the files that were imported since and wrote some of the same rows."""
    own = kept.marks.values("object_id")
    later = Import.objects.filter(
        state=Import.State.DONE, done_at__gt=kept.done_at, marks__object_id__in=own
    )
    return [
        _("the file %(file)s tells of the same") % {"file": name}
        for name in later.order_by("done_at").values_list("file_name", flat=True).distinct()
    ]


def _mark_of(row: ImportMark) -> Mark:
    told: dict[str, Any] = row.was or {}
    return Mark(row.noun, row.object_id, told.get("was"), told.get("became"))


def forget(*, kept: Import) -> None:
    """Drop what an old import would be taken back by."""
    kept.marks.all().delete()


def troubles_of(row: ImportRow, kept: Import) -> list[RowError]:
    """Return what is wrong with a row, in words that name sheet, line, column and value."""
    return [
        RowError(row.line, header, value, why, sheet=kept.sheet)
        for header, value, why in row.troubles
    ]


def _note(
    kept: Import, action: str, *, by: Membership | None, at: datetime, changes: dict[str, Any]
) -> None:
    trail.record(action=action, by=by, subject=kept, at=at, store_id=kept.store_id, changes=changes)
