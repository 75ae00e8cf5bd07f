"""The shelf of rulebooks: which there are, where each stands in time, and what it governs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, QuerySet

from scoring import books
from scoring.core.rulebook import Library, Rulebook, SellerType, Status, kind_of
from stores.markets import MARKETS
from stores.models import Store
from tenants.templatetags import ui

State = Literal["in_force", "coming", "preview", "past"]
Kind = tuple[str, str, str]  # marketplace, market, seller type


@dataclass(frozen=True, slots=True)
class Listed:
    """A book in the list: where it stands in time, and how many stores it governs."""

    book: Rulebook
    market: str
    seller_type: str
    state: State
    until: datetime | None
    stores: int

    @property
    def marketplace(self) -> str:
        return str(Store.Marketplace(self.book.marketplace).label)


def listed(
    stores: QuerySet[Store], at: datetime, marketplace: str = "", market: str = ""
) -> list[Listed]:
    """Return the books, by marketplace and market, newest first, in one query.

    ``stores`` are those that may be counted; a book governs some only while it is in force.
    """
    counted = counts_by_kind(stores)
    found = [
        listed_one(book, at, counted)
        for book in books.all_books()
        if marketplace in {"", book.marketplace} and market in {"", book.market}
    ]
    places = list(Store.Marketplace.values)
    return sorted(
        found,
        key=lambda each: (
            places.index(each.book.marketplace),
            each.market,
            each.book.seller_type is not SellerType.LOCAL,
            -each.book.effective_from.timestamp(),
        ),
    )


def listed_one(book: Rulebook, at: datetime, counted: Mapping[Kind, int]) -> Listed:
    state, until = place_in_time(book, books.library_of(book), at)
    return Listed(
        book=book,
        market=str(MARKETS[book.market]),
        seller_type=str(Store.SellerType(book.seller_type).label),
        state=state,
        until=until,
        stores=counted.get(kind_of(book), 0) if state == "in_force" else 0,
    )


def counts_by_kind(stores: QuerySet[Store]) -> dict[Kind, int]:
    rows = stores.order_by().values_list("marketplace", "market", "seller_type")
    return {(one, two, three): count for one, two, three, count in rows.annotate(Count("pk"))}


def place_in_time(book: Rulebook, library: Library, at: datetime) -> tuple[State, datetime | None]:
    """Return where ``book`` stands at ``at``, and when another takes or took its place.

    A preview takes no other's place, however far its day has passed.
    """
    after = [each for each in library.books if each.effective_from > book.effective_from]
    active = (each.effective_from for each in after if each.status is Status.ACTIVE)
    until = next(active, None)
    if book.status is Status.PREVIEW:
        return "preview", until
    if at < max(book.effective_from, book.known_from):
        return "coming", until
    return ("in_force" if library.in_force(at, at) == book else "past"), until


def neighbours(book: Rulebook, library: Library) -> tuple[Rulebook | None, Rulebook | None]:
    """Return the books of ``library`` before and after ``book``, previews among them."""
    place = library.books.index(book)
    before, after = library.books[:place][-1:], library.books[place + 1 :][:1]
    return (before or (None,))[0], (after or (None,))[0]


def stores_of_kind(stores: QuerySet[Store], book: Rulebook) -> QuerySet[Store]:
    """Return those of ``stores`` that the book is for, in force or not; none that is archived."""
    return stores.exclude(state=Store.State.ARCHIVED).filter(
        marketplace=book.marketplace, market=book.market, seller_type=book.seller_type
    )


def comparable(book: Rulebook) -> list[Rulebook]:
    """Return the other books, those that one compares with first: of its kind, its marketplace."""
    others = [each for each in books.all_books() if each.name != book.name]
    return sorted(
        others,
        key=lambda each: (
            kind_of(each) != kind_of(book),
            each.marketplace != book.marketplace,
            each.name,
        ),
    )


def title_of(book: Rulebook) -> str:
    """Name a book in a choice of many: market, seller, first day."""
    day = ui.day_in(book.effective_from, book.zone)
    seller = Store.SellerType(book.seller_type).label
    place = Store.Marketplace(book.marketplace).label
    return f"{place} · {MARKETS[book.market]} · {seller} · {day}"
