"""Reads rulebooks from YAML, one file for all kinds of store that share its figures.

``docs`` of the format: the head of any file in ``scoring/rulebooks``. A file that is wrong is
refused whole, with the line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.core.nodes import Node, Table, read_yaml
from scoring.core.resets import ResetRule, local_midnight
from scoring.core.rulebook import (
    Action,
    AppealClock,
    Band,
    ClosingCondition,
    Comparator,
    Figure,
    Library,
    Milestone,
    OrderBonus,
    Reset,
    Rulebook,
    RulebookError,
    SellerType,
    Status,
    Target,
    TargetUnit,
    Trust,
    ViolationRule,
    kind_of,
)
from scoring.core.values import BandCode, Measure, PointsRange


class Marketplace(StrEnum):
    TIKTOK_SHOP = "tiktok_shop"
    SHOPEE = "shopee"
    LAZADA = "lazada"


class ActionKind(StrEnum):
    """What a marketplace does, in the words of enforcements."""

    WARNING = "warning"
    LISTING_LIMIT = "listing_limit"
    LISTING_REMOVED = "listing_removed"
    CAMPAIGN_BLOCK = "campaign_block"
    AFFILIATE_BLOCK = "affiliate_block"
    VISIBILITY = "visibility"
    ORDER_LIMIT = "order_limit"
    SETTLEMENT_HOLD = "settlement_hold"
    WITHDRAWAL_HOLD = "withdrawal_hold"
    BALANCE_DEDUCTION = "balance_deduction"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class BonusMode(StrEnum):
    WEEKLY_AWARD = "weekly_award"
    ROLLING_COUNT = "rolling_count"


class _Source(NamedTuple):
    text: str
    date: str | None
    trust: Trust


@dataclass(frozen=True)
class _Cover:
    """One kind of store that a file is for."""

    market: str
    seller_type: SellerType
    zone: ZoneInfo
    effective_from: datetime
    known_from: datetime
    line: int


class Shelf:
    """All rulebooks there are, by kind of store."""

    def __init__(self, books: Iterable[Rulebook]) -> None:
        """Sort the books into libraries, which refuse two of the same start."""
        self.libraries = {kind: Library(of_kind) for kind, of_kind in _by_kind(books).items()}

    def library(self, marketplace: str, market: str, seller_type: str) -> Library:
        """Return the books of one kind of store; an empty library where there are none."""
        kind = (marketplace, market, SellerType(seller_type))
        return self.libraries.get(kind) or Library()


def read_shelf(folder: Path) -> Shelf:
    """Read every rulebook under ``folder``.

    Raises:
        RulebookError: naming file and line, for the first file that cannot be used.
    """
    books, errors = read_folder(folder)
    if errors:
        raise errors[0]
    return Shelf(books)


def read_folder(folder: Path) -> tuple[list[Rulebook], list[RulebookError]]:
    """Return the books of all files that can be used, and what is wrong with the others.

    Of a file the first fault is told, and of files that overlap one for each kind of store.
    """
    books: list[Rulebook] = []
    errors: list[RulebookError] = []
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        name = path.relative_to(folder).as_posix()
        try:
            books.extend(load_rulebooks(_text_of(path, name), name))
        except RulebookError as error:
            errors.append(error)
    for of_kind in _by_kind(books).values():
        try:
            Library(of_kind)
        except RulebookError as error:
            errors.append(error)
    return books, errors


def _text_of(path: Path, name: str) -> str:
    """Return a file's text.

    Raises:
        RulebookError: if it is no text, or its name is not as rulebooks' are.
    """
    if path.suffix != ".yaml":
        raise RulebookError("a rulebook's name ends in .yaml", name, 1)
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RulebookError("this is no text in UTF-8", name, line) from None


def _by_kind(books: Iterable[Rulebook]) -> dict[tuple[str, str, SellerType], list[Rulebook]]:
    kinds: dict[tuple[str, str, SellerType], list[Rulebook]] = {}
    for book in books:
        kinds.setdefault(kind_of(book), []).append(book)
    return kinds


def load_rulebook(text: str, name: str) -> Rulebook:
    """Return the one book in ``text``.

    Raises:
        RulebookError: naming ``name`` and the line, if it cannot be used or covers several kinds.
    """
    books = load_rulebooks(text, name)
    if len(books) > 1:
        raise read_yaml(text, name).refuse(f"one kind of store expected, not {len(books)}")
    return books[0]


def load_rulebooks(text: str, name: str) -> tuple[Rulebook, ...]:
    """Return the books in ``text``, one for each kind of store that it covers.

    Raises:
        RulebookError: naming ``name`` and the line, if it cannot be used.
    """
    return _Reader(read_yaml(text, name)).books()


class _Reader:
    """Reads one file; holds its sources, which figures name."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.table = root.table()
        self.sources: dict[str, _Source] = {}

    def books(self) -> tuple[Rulebook, ...]:
        table = self.table
        self._read_sources(table.need("sources").table())
        marketplace = table.need("marketplace").choice(Marketplace)
        title = table.need("title").text()
        covers = self._covers()
        start = table.get("start", self.figure)
        floor = table.get("floor", self.figure)
        ceiling = table.get("ceiling", self.figure)
        self._check_scale(start, floor, ceiling)
        book = Rulebook(
            name="",
            file=self.root.file,
            title=title,
            marketplace=marketplace,
            market="",
            seller_type=SellerType.LOCAL,
            zone=covers[0].zone,
            effective_from=covers[0].effective_from,
            known_from=covers[0].known_from,
            status=table.get("status", lambda node: node.choice(Status)) or Status.ACTIVE,
            start=start,
            floor=floor,
            ceiling=ceiling,
            window_days=table.get("window_days", self.positive),
            resets=table.get("resets", self._reset),
            tolerance_figure=table.get("tolerance", self.natural),
            warning_distance=table.get("warning_distance", self.positive),
            carries_over=table.get("carries_over", Node.flag) is not False,
            bands=self._bands(floor.value if start and floor else 0),
            milestones=self._milestones(has_rating=start is not None),
            closing=self._closing(has_rating=start is not None),
            violations=self._violations(),
            appeals=table.get("appeals", self._appeals),
            order_bonus=table.get("order_bonus", self._order_bonus),
            notes=tuple(node.text() for node in table.each("notes")),
            targets=self._targets(),
        )
        table.done()
        return tuple(_covering(book, cover) for cover in covers)

    # Sources and figures

    def _read_sources(self, table: Table) -> None:
        for name, node in table.values.items():
            source = node.table()
            self.sources[name] = _Source(
                text=source.need("text").text(),
                date=source.get("date", Node.day_or_month),
                trust=source.need("trust").choice(Trust),
            )
            source.done()

    def source(self, node: Node) -> _Source:
        """Return the source named, or the best of several with all their names."""
        named = node.items() if isinstance(node.yaml.value, list) else [node]
        found: list[_Source] = []
        for each in named:
            name = each.text()
            if name not in self.sources:
                raise each.refuse(f"no source is called {name!r}")
            found.append(self.sources[name])
        if not found:
            raise node.refuse("expected the name of a source")
        best = min(found, key=lambda source: list(Trust).index(source.trust))
        return best._replace(text="; ".join(source.text for source in found))

    def figure(self, node: Node, least: int = -1_000_000) -> Figure:
        table = node.table()
        figure = self.sourced(table, "value", least)
        table.done()
        return figure

    def natural(self, node: Node) -> Figure:
        return self.figure(node, least=0)

    def positive(self, node: Node) -> Figure:
        return self.figure(node, least=1)

    def sourced(self, table: Table, key: str, least: int = -1_000_000) -> Figure:
        """Return the number at ``key`` with the source that stands beside it."""
        value = table.need(key).integer(least)
        return Figure(value, *self.source(table.need("source")))

    # What a file is for

    def _covers(self) -> list[_Cover]:
        effective_from = self.table.get("effective_from", Node.moment)
        known_from = self.table.get("known_from", Node.moment)
        covers: list[_Cover] = []
        node = self.table.need("covers")
        for item in node.items():
            covers.extend(self._cover(item, effective_from, known_from))
        if not covers:
            raise node.refuse("a file covers at least one market")
        return covers

    def _cover(
        self, node: Node, effective_from: date | None, known_from: date | None
    ) -> Iterable[_Cover]:
        table = node.table()
        market_node = table.need("market")
        market = market_node.text()
        if len(market) != 2 or not market.isascii() or not market.isupper():  # noqa: PLR2004 - ISO 3166
            raise market_node.refuse(f"{market!r} is no country code")
        zone_node = table.need("zone")
        try:
            zone = ZoneInfo(zone_node.text())
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise zone_node.refuse(f"{zone_node.text()!r} is no time zone") from None
        seller_types = table.need("seller_types").items()
        start = table.get("effective_from", Node.moment) or effective_from
        known = table.get("known_from", Node.moment) or known_from or start
        table.done()
        if start is None or known is None:
            raise node.refuse("'effective_from' is missing, here and in the file's head")
        for seller_type in seller_types:
            yield _Cover(
                market,
                seller_type.choice(SellerType),
                zone,
                _instant(start, zone),
                _instant(known, zone),
                node.line,
            )

    # The rules

    def _check_scale(
        self, start: Figure | None, floor: Figure | None, ceiling: Figure | None
    ) -> None:
        if start is None:
            return
        if floor is None or ceiling is None:
            raise self.root.refuse("a book with 'start' needs 'floor' and 'ceiling'")
        if not floor.value <= start.value <= ceiling.value:
            raise self.root.refuse("'start' is not between 'floor' and 'ceiling'")

    def _reset(self, node: Node) -> Reset:
        table = node.table()
        rule = table.need("rule").choice(ResetRule)
        source = self.source(table.need("source"))
        table.done()
        return Reset(rule, *source)

    def _bands(self, lowest: int) -> tuple[Band, ...]:
        bands: list[Band] = []
        for node in self.table.each("bands"):
            table = node.table()
            code = table.need("code").choice(BandCode)
            if code is BandCode.UNKNOWN:
                raise node.refuse("'unknown' is ours, no marketplace has it")
            at = self.sourced(table, "at")
            band = Band(code, at, table.need("label").text(), table.need("label_zh").text())
            table.done()
            _refuse_double(node, [(each.code,) for each in bands], (code,))
            _refuse_double(node, [(each.at.value,) for each in bands], (at.value,))
            bands.append(band)
        bands.sort(key=lambda band: band.at.value)
        if bands and bands[0].at.value > lowest:
            raise self.root.refuse(f"no band holds {lowest}")
        return tuple(bands)

    def _milestones(self, *, has_rating: bool) -> tuple[Milestone, ...]:
        milestones: list[Milestone] = []
        for node in self.table.each("milestones"):
            table = node.table()
            milestone = Milestone(
                code=table.need("code").code(),
                measure=_measure(table, has_rating=has_rating),
                at=self.sourced(table, "at"),
                actions=self._actions(table),
            )
            table.done()
            _refuse_double(node, [(each.code,) for each in milestones], (milestone.code,))
            taken = [(each.measure, each.at.value) for each in milestones]
            _refuse_double(node, taken, (milestone.measure, milestone.at.value))
            milestones.append(milestone)
        return tuple(milestones)

    def _actions(self, milestone: Table) -> tuple[Action, ...]:
        actions: list[Action] = []
        for node in milestone.each("actions"):
            action = self._action(node)
            _refuse_double(node, [(each.kind,) for each in actions], (action.kind,))
            actions.append(action)
        return tuple(actions)

    def _action(self, node: Node) -> Action:
        table = node.table()
        permanent = table.get("permanent", Node.flag) or False
        days = self.sourced(table, "days", least=1) if "days" in table.values else None
        if days is not None and permanent:
            raise node.refuse("an action lasts some days or for good, not both")
        source = _Source(days.source, days.date, days.trust) if days else None
        action = Action(
            table.need("kind").choice(ActionKind),
            days,
            permanent,
            table.need("label").text(),
            table.need("label_zh").text(),
            *(source or self.source(table.need("source"))),
        )
        table.done()
        return action

    def _closing(self, *, has_rating: bool) -> tuple[ClosingCondition, ...]:
        conditions: list[ClosingCondition] = []
        for node in self.table.each("closing"):
            table = node.table()
            measure = _measure(table, has_rating=has_rating)
            _refuse_double(node, [(each.measure,) for each in conditions], (measure,))
            conditions.append(ClosingCondition(measure, self.sourced(table, "at")))
            table.done()
        return tuple(conditions)

    def _violations(self) -> tuple[ViolationRule, ...]:
        rules: list[ViolationRule] = []
        for node in self.table.each("violations"):
            table = node.table()
            code = table.need("code").code()
            _refuse_double(node, [(rule.code,) for rule in rules], (code,))
            rule = ViolationRule(
                code,
                table.need("label").text(),
                table.need("label_zh").text(),
                table.need("group").code(),
                table.get("points", _points),
                *self.source(table.need("source")),
            )
            table.done()
            rules.append(rule)
        return tuple(rules)

    def _targets(self) -> tuple[Target, ...]:
        targets: list[Target] = []
        for node in self.table.each("targets"):
            table = node.table()
            metric = table.need("metric").code()
            _refuse_double(node, [(target.metric,) for target in targets], (metric,))
            target = Target(
                metric,
                table.need("label").text(),
                table.need("label_zh").text(),
                table.need("comparator").choice(Comparator),
                table.need("value").decimal(),
                table.need("unit").choice(TargetUnit),
                *self.source(table.need("source")),
            )
            table.done()
            targets.append(target)
        return tuple(targets)

    def _appeals(self, node: Node) -> AppealClock:
        table = node.table()
        clock = AppealClock(
            attempts=self.positive(table.need("attempts")),
            first_days=self.positive(table.need("first_days")),
            next_days=self.positive(table.need("next_days")),
        )
        table.done()
        return clock

    def _order_bonus(self, node: Node) -> OrderBonus:
        table = node.table()
        mode = table.need("mode").choice(BonusMode)
        bonus = OrderBonus(
            mode="weekly_award" if mode is BonusMode.WEEKLY_AWARD else "rolling_count",
            points=self.positive(table.need("points")),
            per_orders=self.positive(table.need("per_orders")),
            cap=table.get("cap", self.natural),
        )
        table.done()
        return bonus


def _covering(book: Rulebook, cover: _Cover) -> Rulebook:
    """Return ``book`` for one kind of store."""
    day = cover.effective_from.astimezone(cover.zone).date()
    values = {**vars(book), **vars(cover)}
    values["name"] = f"{book.marketplace}/{cover.market}/{cover.seller_type}/{day}"
    return Rulebook(**values)


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    """Return a moment as it is, a bare date as its 00:00 in ``zone``; in UTC."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return local_midnight(moment, zone)


def _measure(table: Table, *, has_rating: bool) -> Measure:
    node = table.need("measure")
    measure = node.choice(Measure)
    if measure is Measure.RATING and not has_rating:
        raise node.refuse("a book without 'start' has no rating")
    return measure


def _points(node: Node) -> PointsRange:
    """Read ``48`` or ``[6, 48]``."""
    if not isinstance(node.yaml.value, list):
        exact = node.integer(least=0)
        return PointsRange(exact, exact)
    numbers = [each.integer(least=0) for each in node.items()]
    if len(numbers) != 2 or numbers[0] > numbers[1]:  # noqa: PLR2004 - low and high
        raise node.refuse("expected [fewest, most]")
    return PointsRange(numbers[0], numbers[1])


def _refuse_double(
    node: Node, there: Sequence[tuple[object, ...]], new: tuple[object, ...]
) -> None:
    if new in there:
        raise node.refuse(f"{' '.join(str(part) for part in new)} stands here twice")
