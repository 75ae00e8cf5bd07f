"""The rulebooks that ship with the product, read once a process."""

from functools import cache
from pathlib import Path
from typing import Final

from scoring.core.loading import Shelf, read_shelf
from scoring.core.rulebook import Library
from stores.models import Store

FOLDER: Final = Path(__file__).parent / "rulebooks"


@cache
def shelf() -> Shelf:
    return read_shelf(FOLDER)


def library_for(store: Store) -> Library:
    """Return all books of the store's marketplace, market and seller type; empty where none is."""
    return shelf().library(store.marketplace, store.market, store.seller_type)
