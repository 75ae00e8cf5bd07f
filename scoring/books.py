"""The rulebooks that ship with the product, read once a process."""

import logging
from functools import cache
from pathlib import Path
from typing import Final

from scoring.core.loading import Shelf, read_folder
from scoring.core.rulebook import Library, Rulebook, RulebookError
from stores.markets import MARKETS_OF
from stores.models import Store

logger = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).parent / "rulebooks"


class RulebooksBroken(SystemExit):
    """A process must not start: each broken rulebook stands in its log."""


@cache
def shelf() -> Shelf:
    """Return all rulebooks.

    Raises:
        RulebookError: naming file and line, for the first that cannot be used.
    """
    books, errors = read(FOLDER)
    if errors:
        raise errors[0]
    return Shelf(books)


def read(folder: Path) -> tuple[list[Rulebook], list[RulebookError]]:
    """Return the books under ``folder``, and all that is wrong with its files."""
    books, errors = read_folder(folder)
    strange = [
        RulebookError(
            f"{book.marketplace} has no stores in {book.market} that we know", book.file, book.line
        )
        for book in books
        if book.market not in MARKETS_OF[book.marketplace]
    ]
    return books, [*errors, *strange]


def demand_whole(folder: Path = FOLDER) -> None:
    """Let a process start only with rulebooks that can all be used; each fault is a log line.

    Without one of them stores would be rated by an older policy or by none, and nobody would be
    told: better the release that broke it does not begin to serve.

    Raises:
        RulebooksBroken: where a file cannot be used.
    """
    errors = read(folder)[1]
    for error in errors:
        logger.error(
            "rulebook_broken", extra={"file": error.file, "line": error.line, "why": error.why}
        )
    if errors:
        raise RulebooksBroken(f"Rulebooks cannot be used: {errors[0]}")


def library_for(store: Store) -> Library:
    """Return all books of the store's marketplace, market and seller type; empty where none is."""
    return shelf().library(store.marketplace, store.market, store.seller_type)


def library_of(book: Rulebook) -> Library:
    """Return all books for the kind of store that ``book`` is for."""
    return shelf().library(book.marketplace, book.market, book.seller_type)


def named(name: str) -> Rulebook | None:
    return next((book for book in all_books() if book.name == name), None)


def all_books() -> list[Rulebook]:
    return [book for library in shelf().libraries.values() for book in library.books]
