from stores.models import Import, ImportRow

WRONG = "wrong"


def first_rows(kept: Import, *, most: int) -> list[ImportRow]:
    """Return the first rows that an import would write, with their stores."""
    found = kept.staged.exclude(what__in=["", WRONG]).select_related("store")
    return list(found.order_by("line")[:most])


def wrong_rows(kept: Import, *, most: int) -> list[ImportRow]:
    """Return the first rows that cannot be taken."""
    return list(kept.staged.filter(what=WRONG).order_by("line")[:most])


def examples(kept: Import) -> ImportRow | None:
    """Return the first row that fits under the headers."""
    return kept.staged.exclude(cells="").order_by("line").first()
