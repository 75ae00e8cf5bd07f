"""Pages of long lists by the place where the one before ended."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404

from stores.selectors.notices import Place
from stores.selectors.stock import Level, StockPlace


def place(text: str) -> Place | None:
    """Read where the page before ended, as its link says it; else a 404."""
    if not text:
        return None
    moment, _, row = text.partition("_")
    try:
        at, pk = datetime.fromisoformat(moment), UUID(row)
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    if at.tzinfo is None:
        raise Http404
    return Place(at=at, id=pk)


def stock_place(text: str) -> StockPlace | None:
    """Read where a page of SKUs ended, as its link says it; else a 404."""
    if not text:
        return None
    level, _mark, row = text.partition("_")
    try:
        return StockPlace(level=Level(int(level)), id=UUID(row))
    except ValueError as error:
        raise Http404 from error


def mark(at: datetime, pk: UUID) -> str:
    """Return how an address names the row of ``at`` and ``pk``; ``place`` reads it."""
    return f"{at.isoformat()}_{pk}"


def query(filters: dict[str, str], at: datetime, pk: UUID) -> str:
    """Return the query of the page after the row of ``at`` and ``pk``."""
    return query_after(filters, mark(at, pk))


def query_after(filters: dict[str, str], after: str) -> str:
    """Return the query of the page after the row that ``after`` names."""
    kept = {name: value for name, value in filters.items() if value}
    return urlencode({**kept, "after": after})
