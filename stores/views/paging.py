"""Pages of long lists by the place where the one before ended."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404

from stores.selectors.notices import Place


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


def query(filters: dict[str, str], at: datetime, pk: UUID) -> str:
    """Return the query of the page after the row of ``at`` and ``pk``."""
    kept = {name: value for name, value in filters.items() if value}
    return urlencode({**kept, "after": f"{at.isoformat()}_{pk}"})
