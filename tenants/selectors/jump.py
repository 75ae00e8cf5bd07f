"""What the jump finds: stores, cases, people and whatever else the rooms above know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tenants import slots
from tenants.models import Membership
from tenants.selectors.people import members_of
from tenants.slots import Hit

MOST_LETTERS: Final = 100
MOST_WORDS: Final = 6
_MOST: Final = 8  # of each kind
_MOST_FOR_A_LETTER: Final = 3  # it stands in nearly every name


@dataclass(frozen=True, slots=True)
class Found:
    """The things of one kind; ``is_more`` where not all that match are among them."""

    label: Promise | str
    hits: Sequence[Hit]
    is_more: bool


def words_of(text: str) -> tuple[str, ...]:
    """Return the words that were asked for, without what no name holds."""
    return tuple(text.replace("\x00", " ")[:MOST_LETTERS].split()[:MOST_WORDS])


def found(member: Membership, words: Sequence[str]) -> list[Found]:
    """Return what ``member`` may see in which each of ``words`` stands, by kind.

    The number of queries is fixed; without words nothing is asked.
    """
    if not words:
        return []
    most = _MOST_FOR_A_LETTER if len("".join(words)) == 1 else _MOST
    kinds = [
        *slots.hits(member, words, most + 1),
        (_("People"), _people(member, words, most + 1)),
    ]
    return [Found(label, hits[:most], len(hits) > most) for label, hits in kinds if hits]


def _people(member: Membership, words: Sequence[str], most: int) -> list[Hit]:
    if not member.can("people.view"):
        return []
    named = members_of(member.agency_id)
    for word in words:
        named = named.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return [
        Hit(
            title=str(one),
            note=" · ".join(
                part
                for part in (
                    one.user.email if one.user.name else "",
                    str(one.role),
                    "" if one.is_active else _("shut out"),
                )
                if part
            ),
            href=reverse("tenants:person", args=[one.pk]),
        )
        for one in named[:most]
    ]
