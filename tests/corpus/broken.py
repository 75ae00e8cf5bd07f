"""Files that are broken in hundreds of ways, and where the message about each must point.

``broken_files()`` gives them one by one, always the same; a file's bytes are made when they are
asked for, since a few are large. The stores that they name are "Teal Harbor", "Tea & Thread",
"Löwe Studio" and "Nine Bamboo". Rows are counted as a spreadsheet shows them: the first row is 1,
and a text with a line break inside stands in one row.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from tests.corpus.breaks import SEED, Broken
from tests.corpus.broken_books import broken_archives, broken_markup
from tests.corpus.broken_tables import broken_cells, broken_headers, broken_rows
from tests.corpus.broken_texts import broken_texts, wrong_types

__all__ = ["Broken", "broken_files"]


def _all(chance: random.Random) -> Iterator[Broken]:
    yield from broken_cells(chance)
    yield from broken_rows(chance)
    yield from broken_headers()
    yield from wrong_types()
    yield from broken_texts(chance)
    yield from broken_archives(chance)
    yield from broken_markup()


def broken_files(seed: int = SEED) -> Iterator[Broken]:
    """All of them, each with a name of its own: its number, and what it pretends to be."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    for number, broken in enumerate(_all(chance), 1):
        yield replace(broken, name=f"{number:03}-{broken.name}")
