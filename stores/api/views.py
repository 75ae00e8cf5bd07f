from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar
from uuid import uuid4

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED

from stores import rules
from stores.access import notices_of_key, store_of_key, stores_of_key, uuid_or_404
from stores.api.fields import CHANGED_SINCE, STORE, moment_asked, stores_asked
from stores.api.serializers import (
    AfterSaleOut,
    BalanceEntryOut,
    MailRouteOut,
    NoticeOut,
    OrderOut,
    PackageOut,
    PasteIn,
    PasteOut,
    ReadingIn,
    ReadingOut,
    StockOut,
    StoreIn,
    StoreOut,
    SyncRunOut,
    ViolationIn,
    ViolationOut,
    after_sale_json,
    balance_entry_json,
    mail_route_json,
    notice_json,
    order_json,
    package_json,
    reading_json,
    stock_json,
    store_json,
    sync_run_json,
    violation_json,
)
from stores.data_kinds import DATA
from stores.markets import MARKETS
from stores.metrics import METRICS
from stores.models import (
    AfterSale,
    BalanceEntry,
    Notice,
    Order,
    Package,
    Reading,
    SkuStock,
    Store,
    SyncRun,
    Violation,
)
from stores.selectors import after_sales, balance, forwardings, orders, packages, stock, syncs
from stores.selectors.after_sales import CaseState
from stores.selectors.balance import EntryState
from stores.selectors.freshness import states_of
from stores.selectors.packages import PackageState
from stores.services import pastes, readings, violations
from stores.services import stores as store_services
from tenants import slots
from tenants.api.views import AgencyView
from tenants.models import MailRoute

Filters = Mapping[str, Collection[str]]  # by name: what may be asked for
_TRUTHS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "false": False})


def _fields(key: Any, store_ids: list[Any]) -> dict[Any, dict[str, Any]]:
    """Return what higher rooms say of these stores, by store: one query a room."""
    said: dict[Any, dict[str, Any]] = {}
    for by_store in slots.columns("store.fields", key, store_ids).values():
        for store_id, fields in by_store.items():
            said.setdefault(store_id, {}).update(fields)
    return said


def _clean(serializer: serializers.Serializer[Any]) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class _View(AgencyView):
    def context(self) -> dict[str, Any]:
        return {"key": self.api_key}

    def only_store(self, rows: Any) -> Any:
        """Keep to the stores that the key reaches, and to the one asked for."""
        return rows.filter(store__in=stores_asked(self.api_key, self.request.query_params))

    def filtered(self, rows: Any, filters: Filters) -> Any:
        """Keep to what the query asks for, by the names of ``filters``."""
        for name, among in filters.items():
            if (asked := self.one_of(name, among)) is not None:
                rows = rows.filter(**{name: _TRUTHS.get(asked, asked)})
        return rows

    def only_changed(self, rows: Any) -> Any:
        """Keep to what has changed since the moment asked for, where one is."""
        since = moment_asked("changed_since", self.request.query_params)
        return rows if since is None else rows.filter(changed_at__gte=since)


def _parameters(filters: Filters) -> list[OpenApiParameter]:
    return [OpenApiParameter(name, enum=list(among)) for name, among in filters.items()]


class _ListView(_View):
    """A list to read, kept to one store and by ``filters``."""

    required_capabilities: ClassVar = {"GET": "stores.view"}
    filters: ClassVar[Filters] = {}
    is_dated: ClassVar = (
        False  # whether its rows say when they changed, and may be asked since when
    )

    def rows(self) -> Any:
        raise NotImplementedError

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        raise NotImplementedError

    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        found = self.filtered(self.only_store(self.rows()), self.filters)
        if self.is_dated:
            found = self.only_changed(found)
        rows = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(self.shown(rows))


L = TypeVar("L", bound=_ListView)


def _lists(out: type[serializers.BaseSerializer[Any]]) -> Callable[[type[L]], type[L]]:
    """Say in the schema what a list is of, and by what it is filtered."""

    def describe(view: type[L]) -> type[L]:
        dated = [CHANGED_SINCE] if view.is_dated else []
        asked = [STORE, *dated, *_parameters(view.filters)]
        schema = extend_schema(responses=out(many=True), parameters=asked)
        return extend_schema_view(get=schema)(view)

    return describe


class StoresView(_View):
    """All stores that the key reaches."""

    required_capabilities: ClassVar = {"GET": "stores.view", "POST": "stores.connect"}
    orderings: ClassVar = {"name": "name", "-created_at": "-created_at"}
    _filters: ClassVar[Filters] = {
        "market": sorted(MARKETS),
        "marketplace": Store.Marketplace.values,
        "state": Store.State.values,
    }

    @extend_schema(responses=StoreOut(many=True), parameters=_parameters(_filters))
    def get(self, request: Request) -> Response:
        """List stores, filtered by market, marketplace and state."""
        stores = stores_of_key(self.api_key).select_related("client", "connection")
        stores = stores.prefetch_related("groupings__group")
        stores = self.filtered(stores, self._filters)
        pages = self.pagination_class()
        rows = pages.paginate_queryset(stores, request, view=self)
        fields, states = (
            _fields(self.api_key, [row.pk for row in rows]),
            states_of(rows, at=self.now),
        )
        return pages.get_paginated_response(
            [store_json(row, states[row.pk], fields.get(row.pk)) for row in rows]
        )

    @extend_schema(request=StoreIn, responses={201: StoreOut})
    def post(self, request: Request) -> Response:
        """Add a store; a key with a list of stores cannot, as it would not reach the new one."""
        if self.api_key.store_ids is not None:
            raise ValidationError("This key reaches listed stores only and cannot add one.")
        values = _clean(StoreIn(data=request.data, context=self.context()))
        store = store_services.create_store(
            **values, by=self.api_key.made_by, at=self.now, via="api"
        )
        return Response(_shown(self.api_key, store, at=self.now), status=HTTP_201_CREATED)


class StoreView(_View):
    required_capabilities: ClassVar = {"GET": "stores.view", "PATCH": "stores.edit"}

    @extend_schema(responses=StoreOut)
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(_shown(self.api_key, store_of_key(self.api_key, pk), at=self.now))

    @extend_schema(request=StoreIn(partial=True), responses=StoreOut)
    def patch(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        values = _clean(StoreIn(data=request.data, partial=True, context=self.context()))
        groups = values.pop("groups", None)
        store_services.edit_store(
            store=store,
            values=values,
            groups=groups,
            by=self.api_key.made_by,
            at=self.now,
            via="api",
        )
        return Response(_shown(self.api_key, store, at=self.now))


@_lists(ReadingOut)
class ReadingsView(_ListView):
    required_capabilities: ClassVar = {"GET": "stores.view", "POST": "readings.record"}
    orderings: ClassVar = {"-measured_at": "-measured_at", "-recorded_at": "-recorded_at"}
    filters: ClassVar = {"metric": sorted(METRICS)}

    def rows(self) -> Any:
        return Reading.objects.all()

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [reading_json(row) for row in rows]

    @extend_schema(request=ReadingIn, responses={201: ReadingOut})
    def post(self, request: Request) -> Response:
        """Push one measured value, as an ERP would; alerts and checks hear of it at once."""
        values = _clean(ReadingIn(data=request.data, context=self.context()))
        reading = readings.record_reading(
            store=values["store"],
            metric=values["metric"],
            value=values["value"],
            measured_at=values["measured_at"],
            note=values.get("note", ""),
            source=Reading.Source.INTEGRATION,
            by=self.api_key.made_by,
            at=self.now,
            via="api",
        )
        return Response(reading_json(reading), status=HTTP_201_CREATED)


@_lists(SyncRunOut)
class SyncRunsView(_ListView):
    """What was fetched from the stores' marketplaces, run by run."""

    orderings: ClassVar = {"-started_at": "-started_at"}
    filters: ClassVar = {"data": sorted(DATA), "state": SyncRun.State.values}

    def rows(self) -> Any:
        return syncs.with_next_try(SyncRun.objects.all())

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [sync_run_json(row) for row in rows]


class MailRoutesView(_View):
    """The addresses that marketplaces' mails are forwarded to, and whether mail comes there.

    Who knows an address can write to it: keep it as you keep a key.
    """

    required_capabilities: ClassVar = {"GET": "settings.mail"}
    orderings: ClassVar = {"address": "local_part"}

    @extend_schema(responses=MailRouteOut(many=True), parameters=[STORE])
    def get(self, request: Request) -> Response:
        """List the agency's address, whose store is null, and those of the key's stores."""
        reached = list(
            stores_asked(self.api_key, request.query_params).values_list("pk", flat=True)
        )
        wanted = Q(store_id__in=reached)
        if self.api_key.store_ids is None and "store" not in request.query_params:
            wanted |= Q(store_id=None)
        routes = MailRoute.objects.filter(wanted, agency=self.api_key.agency, is_live=True)
        pages = self.pagination_class()
        rows = pages.paginate_queryset(routes, request, view=self)
        states = forwardings.states_of(rows, at=self.now)
        return pages.get_paginated_response([mail_route_json(state) for state in states])


@_lists(OrderOut)
class OrdersView(_ListView):
    """Orders with their states and deadlines; nothing about a buyer is kept."""

    is_dated: ClassVar = True
    orderings: ClassVar = {"-placed_at": "-placed_at", "-changed_at": "-changed_at"}
    filters: ClassVar = {"status": orders.STATUSES, "is_overdue": list(_TRUTHS)}

    def rows(self) -> Any:
        return orders.with_overdue(Order.objects.all(), at=self.now)

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [order_json(row) for row in rows]


@_lists(PackageOut)
class PackagesView(_ListView):
    """Packages, and until when the carrier has to have those that wait for it."""

    is_dated: ClassVar = True
    orderings: ClassVar = {"-made_at": "-made_at", "-changed_at": "-changed_at"}
    filters: ClassVar = {"state": PackageState.values}

    def rows(self) -> Any:
        return packages.with_state(Package.objects.all())

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [package_json(row) for row in rows]


@_lists(AfterSaleOut)
class AfterSalesView(_ListView):
    """Cancellations and returns that buyers asked for, and the disputes about them."""

    is_dated: ClassVar = True
    orderings: ClassVar = {"-made_at": "-made_at", "-changed_at": "-changed_at"}
    filters: ClassVar = {"kind": AfterSale.Kind.values, "state": CaseState.values}

    def rows(self) -> Any:
        return after_sales.with_state(AfterSale.objects.all())

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [after_sale_json(row) for row in rows]


@_lists(StockOut)
class StockView(_ListView):
    """SKUs on sale, what is left of them, and the products they are of."""

    is_dated: ClassVar = True
    orderings: ClassVar = {"external_id": "external_id", "-changed_at": "-changed_at"}
    filters: ClassVar = {"state": list(stock.LEVELS)}

    def rows(self) -> Any:
        return stock.with_state(SkuStock.objects.all())

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        products = stock.products_of(rows)
        return [stock_json(row, products.get((row.store_id, row.product_id))) for row in rows]


@_lists(BalanceEntryOut)
class BalanceEntriesView(_ListView):
    """Statements, payments, withdrawals with the policy deductions, and what is not settled."""

    orderings: ClassVar = {"-seen_at": "-seen_at"}  # not all have a moment at which they were made
    filters: ClassVar = {
        "kind": BalanceEntry.Kind.values,
        "state": EntryState.values,
        "is_policy_deduction": list(_TRUTHS),
    }

    def rows(self) -> Any:
        return balance.with_state(BalanceEntry.objects.all())

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [balance_entry_json(row) for row in rows]


@_lists(NoticeOut)
class NoticesView(_ListView):
    """What marketplaces wrote, and what became of it; the words themselves stay on the pages."""

    required_capabilities: ClassVar = {"GET": "notes.internal"}
    orderings: ClassVar = {"-received_at": "-received_at"}
    filters: ClassVar = {
        "kind": Notice.Kind.values,
        "state": Notice.State.values,
        "trust": Notice.Trust.values,
    }

    def rows(self) -> Any:
        return notices_of_key(self.api_key).defer("text", "original")

    def only_store(self, rows: Any) -> Any:
        """Keep to the store asked for; without one, notices of no store are listed too."""
        return super().only_store(rows) if "store" in self.request.query_params else rows

    def shown(self, rows: Sequence[Any]) -> list[Any]:
        return [notice_json(row) for row in rows]


class PastesView(_View):
    """What a seller centre shows, pasted as text."""

    required_capabilities: ClassVar = {"POST": "violations.record"}

    @extend_schema(request=PasteIn, responses={200: PasteOut, 201: PasteOut})
    def post(self, request: Request) -> Response:
        """Say what a text tells and would write; with ``write`` write it, all or nothing.

        What cannot be read beyond doubt stays out and says why; what was pasted before is known,
        and writes nothing more.
        """
        values = _clean(PasteIn(data=request.data, context=self.context()))
        paste = pastes.Paste(
            values["text"], values.get("store"), stores_of_key(self.api_key), "integration"
        )
        by = self.api_key.made_by
        plan = pastes.look_over(paste, by=by, at=self.now)
        is_written = values["write"] and not plan.is_known
        if is_written:
            pastes.write(paste, nonce=uuid4(), seen=plan.seen, by=by, at=self.now, via="api")
        told = [pastes.summary(piece.notice) for piece in plan.pieces]
        status = HTTP_201_CREATED if is_written else HTTP_200_OK
        return Response({"is_written": is_written, "notices": told}, status=status)


class ViolationsView(_View):
    required_capabilities: ClassVar = {"GET": "cases.view", "POST": "violations.record"}
    orderings: ClassVar = {"-reported_at": "-reported_at", "-recorded_at": "-recorded_at"}

    @extend_schema(
        responses=ViolationOut(many=True),
        parameters=[
            STORE,
            OpenApiParameter("state", enum=Violation.State.values),
            OpenApiParameter(
                "unknown_rule",
                enum=["true"],
                description="Only those of a rule that no rulebook of their store knows.",
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        rows = self.only_store(Violation.objects.select_related("store"))
        if self.one_of("unknown_rule", ["true"]):
            rows = rules.of_unknown_rules(rows)
        if state := self.one_of("state", Violation.State.values):
            rows = rows.filter(state=state)
        pages = self.pagination_class()
        found = pages.paginate_queryset(rows, request, view=self)
        fields = _fields(self.api_key, list({row.store_id for row in found}))
        return pages.get_paginated_response(
            [violation_json(row, fields.get(row.store_id)) for row in found]
        )

    @extend_schema(request=ViolationIn, responses={200: ViolationOut, 201: ViolationOut})
    def post(self, request: Request) -> Response:
        """Record a violation; a reference the store has already is updated, never doubled.

        The answer carries the store's rating, computed anew.
        """
        serializer = ViolationIn(data=request.data, context=self.context())
        store: Store = _clean(serializer)["store"]
        kept = violations.record_violation(
            store=store,
            facts=serializer.facts(),
            source="integration",
            at=self.now,
            by=self.api_key.made_by,
            via="api",
        )
        status = HTTP_201_CREATED if kept.is_new else HTTP_200_OK
        return Response(self._shown(kept.violation), status=status)

    def _shown(self, violation: Violation) -> dict[str, Any]:
        fields = _fields(self.api_key, [violation.store_id])
        return violation_json(violation, fields.get(violation.store_id))


class ViolationView(ViolationsView):
    required_capabilities: ClassVar = {"GET": "cases.view", "PATCH": "violations.record"}
    http_method_names = ["get", "patch", "head", "options"]

    @extend_schema(responses=ViolationOut, operation_id="violation_retrieve")
    def get(self, request: Request, pk: str) -> Response:  # type: ignore[override] # noqa: ARG002 - of one
        return Response(self._shown(self._violation(pk)))

    @extend_schema(request=ViolationIn(partial=True), responses=ViolationOut)
    def patch(self, request: Request, pk: str) -> Response:
        violation = self._violation(pk)
        serializer = ViolationIn(data=request.data, partial=True, context=self.context())
        if "store" in _clean(serializer):
            raise ValidationError({"store": "A violation stays with its store."})
        changed = violations.change_violation(
            violation=violation,
            facts=serializer.facts(),
            at=self.now,
            by=self.api_key.made_by,
            via="api",
        )
        return Response(self._shown(changed))

    def _violation(self, pk: str) -> Violation:
        rows = Violation.objects.filter(store__in=stores_of_key(self.api_key))
        violation = rows.select_related("store").filter(pk=uuid_or_404(pk)).first()
        if violation is None:
            raise NotFound
        return violation


def _shown(key: Any, store: Store, *, at: datetime) -> dict[str, Any]:
    states = states_of([store], at=at)[store.pk]
    return store_json(store, states, _fields(key, [store.pk]).get(store.pk))
