"""Lets a third party's figure into an agency's sums, or takes it out again."""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.models import FigureSwitch
from scoring.selectors.figures import switched_on
from scoring.selectors.rulebooks import stores_of_kind
from scoring.services import fleet
from stores.models import Store
from tenants import due
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record


class NoSuchFigure(DomainError):
    code: ClassVar[str] = "no_such_figure"


class SwitchedAlready(DomainError):
    code: ClassVar[str] = "switched_already"


@transaction.atomic
def switch(
    *,
    book: Rulebook,
    figures: Collection[str],
    is_on: bool,
    at: datetime,
    by: Membership | None,
    via: str = "page",
) -> int:
    """Let ``figures`` of ``book`` into the sum, or take them out; return how many stores it moves.

    They are the agency's stores of the book's kind, and are asked to be rated anew at once: also
    the past is told by what is known now. A figure that stands so already is left alone.

    Raises:
        NoSuchFigure: if the book has one of these names not among what rests on third parties.
        SwitchedAlready: if all stand so already.
    """
    strange = sorted(set(figures) - book.third_party)
    if strange:
        raise NoSuchFigure(
            _("This rulebook has no figure %(name)s that can be switched.")
            % {"name": strange[0][:60]}
        )
    on = switched_on(books.library_of(book))
    to_switch = sorted(each for each in set(figures) if (book.qualified(each) in on) != is_on)
    if not to_switch:
        raise SwitchedAlready(_("It counts already.") if is_on else _("It does not count anyway."))
    stores = list(stores_of_kind(Store.objects.all(), book).values_list("pk", flat=True))
    for figure in to_switch:
        row = FigureSwitch.objects.create(
            book=book.name, figure=figure, is_on=is_on, switched_at=at, switched_by=by
        )
        record(
            action="figure.switched_on" if is_on else "figure.switched_off",
            by=by,
            subject=row,
            at=at,
            via=via,
            changes={"stores": len(stores)},
        )
    fleet.rate_fleet(at=at)
    due.add_each(kind="scoring.next", subjects=stores, at=at, instead=True)
    return len(stores)
