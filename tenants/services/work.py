"""Trying again what was set aside."""

from collections import Counter
from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import due
from tenants.errors import DomainError
from tenants.models import Agency, DueWork, Membership
from tenants.selectors import work
from tenants.trail import services as trail


class WorkNotSetAside(DomainError):
    code: ClassVar[str] = "work_not_set_aside"


@transaction.atomic
def replay(
    *,
    agency: Agency,
    at: datetime,
    by: Membership | None,
    row: DueWork | None = None,
    kind: str | None = None,
    via: str = "page",
) -> Counter[str]:
    """Let ``row``, else all of the agency's work (of ``kind``), be tried anew at ``at``.

    Called in the agency's scope. Returns how many rows of each kind wait again. ``by`` is None
    for a command of the service's operator.

    Raises:
        WorkNotSetAside: if ``row`` waits or is done already.
    """
    aside = work.set_aside(agency.pk)
    if row is not None:
        aside = aside.filter(pk=row.pk)
    if kind is not None:
        aside = aside.filter(kind=kind)
    found = dict(aside.select_for_update().values_list("pk", "kind"))
    if row is not None and not found:
        raise WorkNotSetAside(_("This work waits again already, or is done."))
    if not found:
        return Counter()
    DueWork.objects.filter(pk__in=found).update(
        quarantined_at=None, attempts=0, started=0, ready=False, claimed_until=None, due_at=at
    )
    trail.record(
        action="work.replayed",
        by=by,
        subject=agency,
        at=at,
        changes={"work": sorted(set(found.values())), "count": len(found)},
        via=via,
    )
    return Counter(found.values())


def words_of(kind: str) -> str:
    """Return what a kind of work is called in the reader's language; an unknown one by its code."""
    known = due.kinds().get(kind)
    return str(known.words) if known and known.words else kind
