"""Which figures of third parties an agency lets into its sums."""

from datetime import datetime

from scoring.core.rulebook import Library
from scoring.models import FigureSwitch


def switched_on(library: Library | None = None, known_at: datetime | None = None) -> frozenset[str]:
    """Return the qualified names of the figures switched on, in one query.

    Only those of ``library``'s books, where given; as it was known at ``known_at``, by default
    now. They are what ``Options.switched_on`` takes, for one store or for all of them.
    """
    rows = FigureSwitch.objects.order_by("book", "figure", "-switched_at", "-id")
    if library is not None:
        rows = rows.filter(book__in=[book.name for book in library.books])
    if known_at is not None:
        rows = rows.filter(switched_at__lte=known_at)
    newest = rows.distinct("book", "figure").values_list("book", "figure", "is_on")
    return frozenset(f"{book}:{figure}" for book, figure, is_on in newest if is_on)
