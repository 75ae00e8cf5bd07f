"""The fleet: every store a member sees, worst first, with what each is in for."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from stores.models import Enforcement, Store
from stores.selectors.alerts import AlertCount, counts_of
from stores.selectors.freshness import Freshness, freshness_of
from stores.selectors.mail_flow import MailFlow, flows_of
from stores.selectors.violations import lasting_enforcements, running_of
from tenants import slots
from tenants.models import Membership

MOST_ASKED: Final = 500  # letters of a search
UNBANDED: Final = "unbanded"
BANDS: Final = ("closed", "critical", "watch", "healthy", "unknown")
_RANKS: Final = {"closed": 0, "critical": 2, "unknown": 3, "watch": 4, "healthy": 5}
_NEAR: Final = 1
_NOT_SOONER: Final = timedelta(days=1)  # an enforcement may begin so long before we knew why
_NO_ALERTS: Final = AlertCount(0, 0)
_TOKEN = re.compile(
    r'(?P<no>-?)(?P<key>[a-z]+):(?P<value>"[^"]*"|\S+)|"(?P<words>[^"]*)"|(?P<word>\S+)'
)
_COMPARED = re.compile(r"(?P<sign><=|>=|<|>|=)?(?P<number>-?\d{1,6})")


@dataclass(frozen=True, slots=True)
class Expected:
    """An enforcement that a milestone lets us expect and that nobody has confirmed."""

    kind: str
    label: str
    until: datetime | None
    is_for_good: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One store of the fleet. ``rating`` is what scoring fills the column with, or None."""

    store: Store
    rating: Any
    checks: Any  # {done, total, late}
    deadline: Any  # {label, due_at, href}
    alerts: AlertCount
    freshness: Freshness
    group_names: tuple[str, ...]
    mail: MailFlow
    in_force: tuple[Enforcement, ...] = ()  # as recorded, what ends first first
    expected: tuple[Expected, ...] = ()  # only where nothing recorded is in force
    why: Any = None  # {words, href}: what moved the rating since yesterday, on the fleet's page

    @property
    def band(self) -> str:
        """Return the band the store counts under: what is unknown or too old is blind.

        A known figure whose rulebook states no bands is ``UNBANDED``, neither good nor bad.
        """
        if self.rating is None:
            return "unknown"
        if self.rating.band == "closed":
            return "closed"
        if self.standing in {"unknown", "stale"}:
            return "unknown"
        return UNBANDED if self.rating.band == "unknown" else str(self.rating.band)

    @property
    def standing(self) -> str:
        return "unknown" if self.rating is None else str(self.rating.standing)

    @property
    def value(self) -> int | None:
        """Return the number that stands for the rating: points where the book has no rating."""
        if self.rating is None or self.band == "unknown":
            return None
        value: int | None = self.rating.rating
        return self.rating.points_deducted if value is None else value

    @property
    def held(self) -> int | None:
        """Return the number that we hold of a store whose rating is unknown or too old."""
        if self.rating is None or self.value is not None:
            return None
        held: int | None = self.rating.rating
        return self.rating.points_deducted if held is None else held

    @property
    def held_since(self) -> datetime | None:
        """Return until when ``held`` was known; None: the marketplace never showed a figure."""
        return self.rating.heard_at if self.standing == "stale" else None

    @property
    def word(self) -> str:
        """Return the rulebook's own word for the band, in the reader's language."""
        if self.rating is None or self.band == "unknown":
            return _("Blind")
        if self.band == UNBANDED:
            return _("No bands")
        language = translation.get_language() or ""
        return str(self.rating.label_zh if language.startswith("zh") else self.rating.label)

    @property
    def is_near_milestone(self) -> bool:
        return self.band not in {"closed", "unknown"} and self.rating.is_near_milestone

    @property
    def change_1d(self) -> int | None:
        return self._change("day_ago")

    @property
    def change_7d(self) -> int | None:
        return self._change("week_ago")

    @property
    def milestone(self) -> str:
        """Return how far the next milestone is: "9 above 100", "3 left to 36 deducted"."""
        if self.rating is None or self.rating.milestone_distance is None:
            return ""
        parts = {"distance": self.rating.milestone_distance, "at": self.rating.milestone_at}
        if self.rating.milestone_measure == "points_deducted":
            return _("%(distance)s left to %(at)s deducted") % parts
        return _("%(distance)s above %(at)s") % parts

    @property
    def key(self) -> tuple[Any, ...]:
        """Return what the fleet is ordered by: worst first."""
        if self.is_near_milestone:
            return _NEAR, self.rating.milestone_distance, self.store.name.lower()
        value = self.value
        depth = (value is None, value or 0)
        return _RANKS.get(self.band, 3), depth, self.store.name.lower()

    def _change(self, field: str) -> int | None:
        if self.rating is None or self.band == "unknown":
            return None
        before, now = getattr(self.rating, field), self.rating.rating
        return None if before is None or now is None else int(now) - int(before)


@dataclass(frozen=True, slots=True)
class Token:
    """One condition of a search, as it was written."""

    key: str
    value: str
    is_not: bool

    def __str__(self) -> str:
        value = f'"{self.value}"' if " " in self.value else self.value
        return f"{'-' if self.is_not else ''}{self.key}:{value}"


@dataclass(frozen=True, slots=True)
class Search:
    """What a member asked for: conditions, and words that a name must hold."""

    tokens: tuple[Token, ...] = ()
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()  # keys that no store can be asked for

    def text(self, *, without: Token | None = None) -> str:
        kept = [str(token) for token in self.tokens if token is not without]
        return " ".join([*kept, *self.words])


def parse_search(text: str) -> Search:
    """Read a search such as ``rating:<160 -owner:none market:us lotus``."""
    tokens, words, unknown = [], [], []
    for match in _TOKEN.finditer(text.replace("\x00", " ")[:MOST_ASKED]):
        key = match["key"]
        if key is None:
            words.append(match["word"] or match["words"])
        elif key in _CONDITIONS:
            tokens.append(Token(key, match["value"].strip('"'), is_not=bool(match["no"])))
        else:
            unknown.append(key)
    return Search(tuple(tokens), tuple(word for word in words if word), tuple(unknown))


def fleet(member: Membership, stores: QuerySet[Store], *, at: datetime) -> list[Row]:
    """Return a row for each of ``stores``, worst first, in a fixed number of queries.

    The order needs the rating of every store, so they are sorted here: 500 at most.
    """
    found = list(
        stores.select_related("client", "owner__user").prefetch_related("groupings__group")
    )
    ids = [store.pk for store in found]
    columns = slots.columns("store.columns", member, ids)
    columns |= slots.columns("fleet.columns", member, ids)
    alerts, freshness = counts_of(ids, at=at), freshness_of(ids, at=at)
    enforced = lasting_enforcements(ids, at=at)
    mail = flows_of(ids, at=at)
    rows = [
        Row(
            store=store,
            rating=(rating := columns.get("rating", {}).get(store.pk)),
            checks=columns.get("checks", {}).get(store.pk),
            deadline=columns.get("deadline", {}).get(store.pk),
            alerts=alerts.get(store.pk, _NO_ALERTS),
            freshness=freshness[store.pk],
            group_names=tuple(place.group.name for place in store.groupings.all()),
            mail=mail[store.pk],
            why=columns.get("why", {}).get(store.pk),
            in_force=(running := running_of(enforced.get(store.pk, ()), at=at)),
            expected=() if running else _expected(rating, enforced.get(store.pk, ()), at=at),
        )
        for store in found
    ]
    return sorted(rows, key=lambda row: row.key)


def _expected(
    rating: Any, recorded: Sequence[Enforcement], *, at: datetime
) -> tuple[Expected, ...]:
    """Return what milestones let us expect at ``at``, less what is recorded as told already."""
    if rating is None or rating.band == "closed":
        return ()  # a closed store is let do nothing anyway
    language = translation.get_language() or ""
    found = []
    for each in rating.in_force:
        if "since" not in each:
            continue  # rated before this was kept; the next change of the rating tells it
        until = datetime.fromisoformat(each["until"]) if each["until"] else None
        since = datetime.fromisoformat(each["since"]) - _NOT_SOONER
        is_told = any(one.kind == each["action"] and one.starts_at >= since for one in recorded)
        if is_told or (until is not None and until <= at):
            continue
        label = each["label_zh"] if language.startswith("zh") else each["label"]
        found.append(Expected(each["action"], label, until, is_for_good=bool(each["for_good"])))
    return tuple(found)


def row_of(member: Membership, store: Store, *, at: datetime) -> Row:
    """Return one store's row, as the fleet would show it."""
    (row,) = fleet(member, Store.objects.filter(pk=store.pk), at=at)
    return row


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many stores are in each band."""
    found = dict.fromkeys(BANDS, 0)
    for row in rows:
        found[row.band] = found.get(row.band, 0) + 1
    return found


def matching(
    rows: Sequence[Row],
    search: Search,
    member: Membership,
    *,
    client: UUID | None = None,
    group: UUID | None = None,
) -> list[Row]:
    """Return the rows that a search, a client and a group leave."""

    def fits(row: Row) -> bool:
        if client is not None and row.store.client_id != client:
            return False
        if group is not None and group not in {p.group_id for p in row.store.groupings.all()}:
            return False
        name = f"{row.store.name} {row.store.external_id}".lower()
        if not all(word.lower() in name for word in search.words):
            return False
        return all(
            _CONDITIONS[token.key](row, token.value.lower(), member) != token.is_not
            for token in search.tokens
        )

    return [row for row in rows if fits(row)]


Condition = Callable[[Row, str, Membership], bool]


def _compared(number: int | None, asked: str) -> bool:
    match = _COMPARED.fullmatch(asked)
    if match is None or number is None:
        return False
    try:
        limit = Decimal(match["number"])
    except InvalidOperation:
        return False
    sign = match["sign"] or "="
    return {
        "<": number < limit,
        "<=": number <= limit,
        ">": number > limit,
        ">=": number >= limit,
        "=": number == limit,
    }[sign]


def _owned(row: Row, asked: str, member: Membership) -> bool:
    owner = row.store.owner
    if asked == "none":
        return owner is None
    if asked == "me":
        return row.store.owner_id == member.pk
    return owner is not None and asked in f"{owner.user.name} {owner.user.email}".lower()


def _banded(row: Row, asked: str, _member: Membership) -> bool:
    others = {"blind": "unknown", "risk": "critical", "at-risk": "critical"}
    return row.band == others.get(asked, asked)


def _drifts(row: Row, asked: str, _member: Membership) -> bool:
    is_off = row.rating is not None and bool(row.rating.is_drift_alert)
    return is_off == (asked in {"yes", "true", "1"})


_CONDITIONS: Final[Mapping[str, Condition]] = {
    "rating": lambda row, asked, _m: _compared(row.value, asked),
    "market": lambda row, asked, _m: row.store.market.lower() == {"uk": "gb"}.get(asked, asked),
    "marketplace": lambda row, asked, _m: asked in row.store.marketplace,
    "band": _banded,
    "owner": _owned,
    "client": lambda row, asked, _m: (
        row.store.client is not None and asked in _plain(row.store.client.name)
    ),
    "group": lambda row, asked, _m: any(asked in _plain(name) for name in row.group_names),
    "milestone": lambda row, asked, _m: row.is_near_milestone == (asked in {"near", "yes"}),
    "drift": _drifts,
    "alerts": lambda row, asked, _m: _compared(row.alerts.open, asked),
    "data": lambda row, asked, _m: row.freshness.state == asked,
    "mail": lambda row, asked, _m: row.mail.state == asked,
}


def _plain(name: str) -> str:
    """Return a name as a search may write it, with hyphens for blanks as well."""
    return f"{name.lower()} {name.lower().replace(' ', '-')}"
