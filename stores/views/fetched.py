"""Lists of what a sync fetched of a store: one page each, read only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from stores.access import store_for
from stores.code_words import words_for
from stores.models import AfterSale, Order, Package, Product, SkuStock, Store
from stores.selectors import after_sales, balance, orders, packages, stock
from stores.selectors.fetched import AUDIT_FAILED, POLICY_DEDUCTION
from stores.selectors.freshness import DataState, data_states
from stores.views import paging
from tenants.access import MemberRequest, requires

_A_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """One list of a page: its rows after a place, and what their place is."""

    label: str
    rows: Callable[[], Any]
    after: Callable[[Any], str]  # how the address says where a page ended, by its last row
    none: str  # what it means that there are none
    shown: Callable[[list[Any]], Sequence[Any]] = lambda rows: rows  # rows as the page takes them


def _page(
    request: MemberRequest,
    store: Store,
    *,
    template: str,
    kinds: Sequence[str],
    lists: Mapping[str, _List],
    at: datetime,
) -> HttpResponse:
    """Show the list that is asked for, the first of ``lists`` where none of them is.

    ``kinds`` are the kinds of data that the page rests on.
    """
    show = request.GET.get("show", "")
    show = show if show in lists else next(iter(lists))
    chosen = lists[show]
    found = list(chosen.rows()[: _A_PAGE + 1])
    states = [state for state in data_states(store, at=at) if state.kind.code in kinds]
    older = ""
    if len(found) > _A_PAGE:
        older = paging.query_after({"show": show}, chosen.after(found[_A_PAGE - 1]))
    context = {
        "store": store,
        "now": at,
        "tabs": [(key, each.label) for key, each in lists.items()],
        "show": show,
        "rows": chosen.shown(found[:_A_PAGE]),
        "older": older,
        "is_first": not request.GET.get("after"),
        "states": states,
        "why": _why_nothing(states),
        "none": chosen.none,
        "may_connect": request.member.can("stores.connect"),
    }
    return render(request, template, context)


def _why_nothing(states: Sequence[DataState]) -> str:
    """Return why nothing may be there: "untold", "not_connected", "never", else ""."""
    if not states:
        return "untold"
    told = {state.freshness.state for state in states}
    return next((why for why in ("not_connected", "never") if why in told), "")


@dataclass(frozen=True, slots=True)
class _Order:
    """An order as the page shows it."""

    order: Any  # an Order with its deadlines

    @property
    def status(self) -> str:
        return words_for(self.order.status)

    @property
    def task(self) -> str:
        """Return what the soonest deadline is about."""
        tasks = (
            (self.order.answer_by, _("Answer the wish to cancel")),
            (self.order.ready_by, _("Make ready to ship")),
            (self.order.hand_over_by, _("Hand to the carrier")),
        )
        return next((text for by, text in tasks if by and by == self.order.due_at), "")


@requires("stores.view")
@require_GET
def orders_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    after = paging.place(request.GET.get("after", ""))
    at = timezone.now()

    def due(label: str, none: str, until: datetime | None) -> _List:
        return _List(
            label=label,
            rows=lambda: orders.orders_due(store.pk, after, until=until),
            after=lambda row: paging.mark(row.due_at, row.pk),
            none=none,
            shown=_orders,
        )

    lists = {
        "open": due(_("To do"), _("No order waits for the seller."), None),
        "late": due(_("Late"), _("No order is late."), at),
        "all": _List(
            label=_("All"),
            rows=lambda: orders.all_orders(store.pk, after),
            after=lambda row: paging.mark(row.placed_at, row.pk),
            none=_("No buyer has ordered anything."),
            shown=_orders,
        ),
    }
    return _page(
        request, store, template="stores/orders.html", kinds=("orders",), lists=lists, at=at
    )


def _orders(rows: list[Order]) -> list[_Order]:
    return [_Order(row) for row in rows]


_PACKAGE_TONES: Final = {
    packages.PackageState.WAITING: "warn",
    packages.PackageState.DELIVERED: "good",
}


@dataclass(frozen=True, slots=True)
class _Package:
    """A package as the page shows it."""

    package: Any  # a Package with its state and deadline

    @property
    def state(self) -> packages.PackageState:
        return packages.PackageState(self.package.state)

    @property
    def tone(self) -> str:
        return _PACKAGE_TONES.get(self.state, "none")

    @property
    def words(self) -> str:
        """Return its state, or the marketplace's own word where we do not know that."""
        is_unknown = self.state == packages.PackageState.OTHER
        return words_for(self.package.status) if is_unknown else str(self.state.label)


@requires("stores.view")
@require_GET
def packages_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    after = paging.place(request.GET.get("after", ""))
    at = timezone.now()

    def due(label: str, none: str, until: datetime | None) -> _List:
        return _List(
            label=label,
            rows=lambda: packages.packages_due(store.pk, after, until=until),
            after=lambda row: paging.mark(row.listed_at, row.pk),
            none=none,
            shown=_packages,
        )

    lists = {
        "open": due(_("To hand over"), _("No package waits for the carrier."), None),
        "late": due(_("Late"), _("No package is late."), at),
        "all": _List(
            label=_("All"),
            rows=lambda: packages.all_packages(store.pk, after),
            after=lambda row: paging.mark(row.made_at, row.pk),
            none=_("No package has been made."),
            shown=_packages,
        ),
    }
    return _page(
        request, store, template="stores/packages.html", kinds=("packages",), lists=lists, at=at
    )


def _packages(rows: list[Package]) -> list[_Package]:
    return [_Package(row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Case:
    """An after-sales case as the page shows it."""

    case: Any  # an AfterSale with its state

    @property
    def type(self) -> str:
        return words_for(self.case.type)

    @property
    def status(self) -> str:
        return words_for(self.case.status)

    @property
    def next_act(self) -> str:
        return words_for(self.case.next_act)


def _cases(rows: list[AfterSale]) -> list[_Case]:
    return [_Case(row) for row in rows]


@requires("stores.view")
@require_GET
def after_sales_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    after = paging.place(request.GET.get("after", ""))
    lists = {
        "open": _List(
            label=_("Open"),
            rows=lambda: after_sales.open_cases(store.pk, after),
            after=lambda row: paging.mark(row.due_at, row.pk),
            none=_("No cancellation, return or dispute waits for the seller."),
            shown=_cases,
        ),
        "all": _List(
            label=_("All"),
            rows=lambda: after_sales.all_cases(store.pk, after),
            after=_made_mark,
            none=_("No buyer has asked for a cancellation or a return."),
            shown=_cases,
        ),
    }
    return _page(
        request,
        store,
        template="stores/after_sales.html",
        kinds=("cancellations", "returns"),
        lists=lists,
        at=timezone.now(),
    )


def _made_mark(row: AfterSale) -> str:
    return paging.mark(row.made_at, row.pk)


_LEVEL_TONES: Final = {stock.Level.OUT: "bad", stock.Level.LOW: "warn", stock.Level.ENOUGH: "good"}


@dataclass(frozen=True, slots=True)
class _Listing:
    """A product as the page shows it: its state, and why its audit failed."""

    product: Product

    @property
    def status(self) -> str:
        return words_for(self.product.status)

    @property
    def audit(self) -> str:
        return words_for(self.product.audit_status)

    @property
    def failures(self) -> list[str]:
        """Return each part of the product with what is wrong about it: "Picture: blurred"."""
        return [
            f"{failure['position']}: {'; '.join(failure['reasons'])}"
            for failure in self.product.failures
        ]

    @property
    def has_failed(self) -> bool:
        return self.product.audit_status == AUDIT_FAILED


@dataclass(frozen=True, slots=True)
class _Sku:
    """A SKU as the page shows it; ``listing`` is None where its product is not known."""

    stock: Any  # a SkuStock with its level
    listing: _Listing | None

    @property
    def level(self) -> stock.Level:
        return stock.Level(self.stock.level)

    @property
    def tone(self) -> str:
        return _LEVEL_TONES.get(self.level, "none")


@requires("stores.view")
@require_GET
def stock_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    asked = request.GET.get("after", "")
    is_of_products = request.GET.get("show") == "products"
    sku_place = None if is_of_products else paging.stock_place(asked)
    product_place = paging.place(asked) if is_of_products else None
    lists = {
        "short": _List(
            label=_("Low or out"),
            rows=lambda: stock.stocks_after(store.pk, sku_place, levels=stock.SHORT),
            after=_sku_mark,
            none=_("No SKU on sale is out of stock or at its safety stock."),
            shown=_skus,
        ),
        "all": _List(
            label=_("All SKUs"),
            rows=lambda: stock.stocks_after(store.pk, sku_place),
            after=_sku_mark,
            none=_("No SKU is on sale."),
            shown=_skus,
        ),
        "products": _List(
            label=_("Listing problems"),
            rows=lambda: stock.problems_after(store.pk, product_place),
            after=lambda row: paging.mark(row.changed_at, row.pk),
            none=_("No product has a problem."),
            shown=lambda rows: [_Listing(row) for row in rows],
        ),
    }
    return _page(
        request,
        store,
        template="stores/stock.html",
        kinds=("products", "stock"),
        lists=lists,
        at=timezone.now(),
    )


def _sku_mark(row: Any) -> str:
    return f"{row.level}_{row.pk}"


def _skus(rows: list[SkuStock]) -> list[_Sku]:
    products = stock.products_of(rows)
    return [
        _Sku(row, _Listing(product) if product else None)
        for row in rows
        for product in [products.get((row.store_id, row.product_id))]
    ]


_ENTRY_TONES: Final = {balance.EntryState.UNPAID: "warn", balance.EntryState.PAID: "good"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A balance entry as the page shows it."""

    entry: Any  # a BalanceEntry with its state

    @property
    def type(self) -> str:
        return words_for(self.entry.type)

    @property
    def status(self) -> str:
        return words_for(self.entry.status)

    @property
    def state(self) -> balance.EntryState:
        return balance.EntryState(self.entry.state)

    @property
    def tone(self) -> str:
        return _ENTRY_TONES.get(self.state, "none")


@requires("stores.view")
@require_GET
def balance_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    after = paging.place(request.GET.get("after", ""))

    def entries(label: str, which: Q, none: str) -> _List:
        return _List(
            label=label,
            rows=lambda: balance.entries_after(store.pk, after, which),
            after=lambda row: paging.mark(row.listed_at, row.pk),
            none=none,
            shown=lambda rows: [_Entry(row) for row in rows],
        )

    lists = {
        "all": entries(
            _("All"), ~balance.UNSETTLED, _("No statement, payment or withdrawal has come.")
        ),
        "unpaid": entries(_("Unpaid"), balance.UNPAID, _("Everything is paid.")),
        "deductions": entries(
            _("Policy deductions"), POLICY_DEDUCTION, _("No policy deduction has come.")
        ),
        "unsettled": entries(_("Not settled"), balance.UNSETTLED, _("Everything is settled.")),
    }
    return _page(
        request,
        store,
        template="stores/balance.html",
        kinds=("statements", "payments", "withdrawals", "unsettled"),
        lists=lists,
        at=timezone.now(),
    )
