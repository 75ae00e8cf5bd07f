"""The kinds of data that a sync fetches: how each is asked for, kept, measured, and how often."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from stores.data_kinds import DATA, DataKind, told_at
from stores.marketplaces.core import NothingThere, TooManyFound
from stores.marketplaces.tiktok_shop.client import STOCKS_AT_ONCE, Client
from stores.marketplaces.tiktok_shop.payloads import ProductPayload, ServicePerformance
from stores.models import Connection, Product, Store
from stores.selectors import fetched
from stores.selectors.orders import order_health
from stores.services import readings
from stores.services.syncing import tables
from stores.services.syncing.rows import Table
from stores.services.syncing.tables import Listing
from stores.services.syncing.windows import Part
from tenants import scope
from tenants.models import Agency

Values = Mapping[str, Decimal | int | None]  # by metric; None: not known


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for: what changed at a store in ``[starts_at, ends_at)``, one page of it."""

    agency: Agency
    store: Store
    client: Client
    token: str
    cipher: str
    starts_at: datetime
    ends_at: datetime
    page_token: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """What came, and where it goes on; ``total`` counts what all pages of the call hold."""

    rows: Sequence[Any]
    next_page_token: str | None = None
    total: int | None = None


def _nothing(_store: Store, _at: datetime) -> Values:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of data: outside any scope it is fetched, inside it is kept and measured.

    Pages of a kind that is ``in_order`` come oldest change first, so all before the last row's
    change has arrived. ``overlap`` is how far back before its last end a sync looks again.
    """

    code: str
    fetch: Callable[[Call], Page]
    keep: Callable[[Store, Sequence[Any], datetime], int]
    measure: Callable[[Store, datetime], Values] = _nothing
    first: timedelta = timedelta(days=180)
    overlap: timedelta = timedelta(minutes=10)
    in_order: Callable[[Any], datetime] | None = None
    all_at_once: Table[Any] | None = None  # what a whole reading does not name is gone

    @property
    def told(self) -> DataKind:
        return DATA[self.code]


def _changed(name: str, rows: str) -> Callable[[Call], Page]:
    """Return how to ask the client's method ``name`` for a window's page, its list in ``rows``."""

    def fetch(call: Call) -> Page:
        method = getattr(call.client, name)
        page = method(call.token, call.cipher, call.starts_at, call.ends_at, call.page_token)
        return Page(getattr(page, rows), page.next_page_token, page.total)

    return fetch


def _products(call: Call) -> Page:
    """Ask for a page of a part of the window, of half of it where that holds too many."""
    part = Part.read(call.page_token, call.starts_at, call.ends_at)
    while True:
        try:
            page = call.client.products(
                call.token, call.cipher, part.starts_at, part.ends_at, part.page_token
            )
        except TooManyFound:
            half = part.halved()
            if half is None:
                raise
            part = half
        else:
            break
    following = part.following(page.next_page_token, call.ends_at)
    listings = [_listing(call, product) for product in page.products]
    is_whole = following is None or following.ends_at == part.ends_at
    return Page(
        listings,
        following.written() if following else None,
        page.total if is_whole else None,
    )


def _listing(call: Call, product: ProductPayload) -> Listing:
    """Return a product; only one that failed its audit is asked for why."""
    if product.audit_status != fetched.AUDIT_FAILED:
        return Listing(product)
    try:
        detail = call.client.product(call.token, call.cipher, product.id)
    except NothingThere:  # deleted between the two calls
        return Listing(product)
    return Listing(product, detail.audit_failed_reasons)


def _stocks(call: Call) -> Page:
    """Ask for the stock of the products that we know to be on sale, a hundred at a time."""
    with scope.agency(call.agency):
        on_sale = Product.objects.filter(store=call.store.pk, status=fetched.ON_SALE)
        if call.page_token:
            on_sale = on_sale.filter(external_id__gt=call.page_token)
        listed = on_sale.order_by("external_id").values_list("external_id", flat=True)
        asked = list(listed[:STOCKS_AT_ONCE])
    if not asked:
        return Page([])
    rows = call.client.inventory(call.token, call.cipher, asked)
    return Page(rows, asked[-1] if len(asked) == STOCKS_AT_ONCE else None)


def _conversations(call: Call) -> Page:
    page = call.client.conversations(call.token, call.cipher, call.page_token)
    return Page(page.conversations, page.next_page_token)


def _service(call: Call) -> Page:
    days = (call.ends_at - _SERVICE_WINDOW).date(), call.ends_at.date()
    return Page([call.client.service_performance(call.token, call.cipher, *days)])


def _keep_service(store: Store, rows: Sequence[ServicePerformance], at: datetime) -> int:
    share = rows[0].response_percentage if rows else None
    known = {} if share is None else {"response_rate": share}
    readings.record_measured(store=store, values=known, at=at)
    return len(known)


def _kept(table: Table[Any]) -> Callable[[Store, Sequence[Any], datetime], int]:
    return lambda store, rows, at: table.keep(store, rows, at=at)


def _updated(row: Any) -> datetime:
    moment: datetime = row.update_time
    return moment


def _measure_orders(store: Store, at: datetime) -> Values:
    health = order_health(store.pk, at=at)
    return {
        "overdue_orders": health.overdue,
        "cancel_requests": health.cancel_requests,
        "rts_failures": health.rts_failures,
        "late_dispatch_rate": health.late_rate,
        "seller_cancel_rate": health.seller_cancel_rate,
        "days_inactive": health.days_inactive,
        "authorization_days": _authorization_days(store, at),
    }


def _authorization_days(store: Store, at: datetime) -> int | None:
    connection = Connection.objects.filter(
        store=store, state=Connection.State.CONNECTED, refresh_expires_at__isnull=False
    ).first()
    if connection is None or connection.refresh_expires_at is None:
        return None
    return max(0, (connection.refresh_expires_at - at).days)


_SERVICE_WINDOW: Final = timedelta(days=7)
_DAYS: Final = timedelta(days=1)
# A statement, payment or withdrawal tells no last change: as long as one may still be on its way
# it is read again.
_MONEY_MOVES: Final = 45 * _DAYS


def _windows(code: str, table: Table[Any], *, rows: str = "", **more: Any) -> Kind:
    """Return a kind whose windows the client's method ``code`` lists, in ``rows`` of a page."""
    return Kind(code=code, fetch=_changed(code, rows or code), keep=_kept(table), **more)


ORDERS: Final = _windows("orders", tables.ORDERS, measure=_measure_orders, in_order=_updated)

_TABLE: Final = (
    ORDERS,
    _windows("cancellations", tables.CANCELLATIONS, in_order=_updated),
    _windows("returns", tables.RETURNS, measure=fetched.measure_returns, in_order=_updated),
    Kind(
        code="conversations",
        fetch=_conversations,
        keep=_kept(tables.CONVERSATIONS),
        measure=fetched.measure_conversations,
        all_at_once=tables.CONVERSATIONS,
    ),
    Kind(
        code="products",
        fetch=_products,
        keep=_kept(tables.PRODUCTS),
        measure=fetched.measure_products,
        first=3650 * _DAYS,
    ),
    Kind(
        code="stock",
        fetch=_stocks,
        keep=_kept(tables.STOCKS),
        measure=fetched.measure_stock,
        all_at_once=tables.STOCKS,
    ),
    _windows("packages", tables.PACKAGES, first=30 * _DAYS, in_order=_updated),
    _windows(
        "statements", tables.STATEMENTS, measure=fetched.measure_statements, overlap=_MONEY_MOVES
    ),
    _windows("payments", tables.PAYMENTS, overlap=_MONEY_MOVES),
    _windows(
        "withdrawals", tables.WITHDRAWALS, measure=fetched.measure_withdrawals, overlap=_MONEY_MOVES
    ),
    _windows(
        "unsettled",
        tables.UNSETTLED,
        rows="transactions",
        all_at_once=tables.UNSETTLED,
        overlap=180 * _DAYS,
    ),
    Kind(code="service_performance", fetch=_service, keep=_keep_service),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in _TABLE})


def kinds_of(store: Store) -> tuple[Kind, ...]:
    """Return the kinds of data that a store's marketplace tells, the most urgent first."""
    return tuple(KINDS[kind.code] for kind in told_at(store.marketplace, store.market))
