from typing import Any, ClassVar
from uuid import uuid4

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED

from stores import rules
from stores.access import notices_of_key, store_of_key, stores_of_key, uuid_or_404
from stores.api.fields import STORE, stores_asked
from stores.api.serializers import (
    AfterSaleOut,
    BalanceEntryOut,
    NoticeOut,
    OrderOut,
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
    notice_json,
    order_json,
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
    Reading,
    SkuStock,
    Store,
    SyncRun,
    Violation,
)
from stores.selectors import after_sales, balance, orders, stock
from stores.selectors.after_sales import CaseState
from stores.selectors.balance import EntryState
from stores.services import pastes, readings, violations
from stores.services import stores as store_services
from tenants import slots
from tenants.api.views import AgencyView


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


class StoresView(_View):
    """All stores that the key reaches."""

    required_capabilities: ClassVar = {"GET": "stores.view", "POST": "stores.connect"}
    orderings: ClassVar = {"name": "name", "-created_at": "-created_at"}
    _filters: ClassVar = {
        "market": sorted(MARKETS),
        "marketplace": Store.Marketplace.values,
        "state": Store.State.values,
    }

    @extend_schema(
        responses=StoreOut(many=True),
        parameters=[OpenApiParameter(name, enum=among) for name, among in _filters.items()],
    )
    def get(self, request: Request) -> Response:
        """List stores, filtered by market, marketplace and state."""
        stores = stores_of_key(self.api_key).select_related("client")
        stores = stores.prefetch_related("groupings__group")
        for name, among in self._filters.items():
            if asked := self.one_of(name, among):
                stores = stores.filter(**{name: asked})
        pages = self.pagination_class()
        rows = pages.paginate_queryset(stores, request, view=self)
        fields = _fields(self.api_key, [row.pk for row in rows])
        return pages.get_paginated_response([store_json(row, fields.get(row.pk)) for row in rows])

    @extend_schema(request=StoreIn, responses={201: StoreOut})
    def post(self, request: Request) -> Response:
        """Add a store; a key with a list of stores cannot, as it would not reach the new one."""
        if self.api_key.store_ids is not None:
            raise ValidationError("This key reaches listed stores only and cannot add one.")
        values = _clean(StoreIn(data=request.data, context=self.context()))
        store = store_services.create_store(
            **values, by=self.api_key.made_by, at=self.now, via="api"
        )
        return Response(_shown(self.api_key, store), status=HTTP_201_CREATED)


class StoreView(_View):
    required_capabilities: ClassVar = {"GET": "stores.view", "PATCH": "stores.edit"}

    @extend_schema(responses=StoreOut)
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(_shown(self.api_key, store_of_key(self.api_key, pk)))

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
        return Response(_shown(self.api_key, store))


class ReadingsView(_View):
    required_capabilities: ClassVar = {"GET": "stores.view", "POST": "readings.record"}
    orderings: ClassVar = {"-measured_at": "-measured_at", "-recorded_at": "-recorded_at"}

    @extend_schema(
        responses=ReadingOut(many=True),
        parameters=[STORE, OpenApiParameter("metric", enum=sorted(METRICS))],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        rows = self.only_store(Reading.objects.all())
        if metric := self.one_of("metric", METRICS):
            rows = rows.filter(metric=metric)
        return self.paged(rows, reading_json)

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


class SyncRunsView(_View):
    """What was fetched from the stores' marketplaces, run by run."""

    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"-started_at": "-started_at"}

    @extend_schema(
        responses=SyncRunOut(many=True),
        parameters=[
            STORE,
            OpenApiParameter("data", enum=sorted(DATA)),
            OpenApiParameter("state", enum=SyncRun.State.values),
        ],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        rows = self.only_store(SyncRun.objects.all())
        if data := self.one_of("data", DATA):
            rows = rows.filter(data=data)
        if state := self.one_of("state", SyncRun.State.values):
            rows = rows.filter(state=state)
        return self.paged(rows, sync_run_json)


class OrdersView(_View):
    """Orders with their states and deadlines; nothing about a buyer is kept."""

    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"-placed_at": "-placed_at", "-changed_at": "-changed_at"}

    @extend_schema(
        responses=OrderOut(many=True),
        parameters=[
            STORE,
            OpenApiParameter("status", enum=orders.STATUSES),
            OpenApiParameter("is_overdue", enum=["true", "false"]),
        ],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        rows = self.only_store(orders.with_overdue(Order.objects.all(), at=self.now))
        if status := self.one_of("status", orders.STATUSES):
            rows = rows.filter(status=status)
        if is_overdue := self.one_of("is_overdue", ["true", "false"]):
            rows = rows.filter(is_overdue=is_overdue == "true")
        return self.paged(rows, order_json)


class AfterSalesView(_View):
    """Cancellations and returns that buyers asked for, and the disputes about them."""

    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"-made_at": "-made_at", "-changed_at": "-changed_at"}

    @extend_schema(
        responses=AfterSaleOut(many=True),
        parameters=[
            STORE,
            OpenApiParameter("kind", enum=AfterSale.Kind.values),
            OpenApiParameter("state", enum=CaseState.values),
        ],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        rows = self.only_store(after_sales.with_state(AfterSale.objects.all()))
        if kind := self.one_of("kind", AfterSale.Kind.values):
            rows = rows.filter(kind=kind)
        if state := self.one_of("state", CaseState.values):
            rows = rows.filter(state=state)
        return self.paged(rows, after_sale_json)


class StockView(_View):
    """SKUs on sale, what is left of them, and the products they are of."""

    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"external_id": "external_id", "-changed_at": "-changed_at"}

    @extend_schema(
        responses=StockOut(many=True),
        parameters=[STORE, OpenApiParameter("state", enum=list(stock.LEVELS))],
    )
    def get(self, request: Request) -> Response:
        rows = self.only_store(stock.with_level(SkuStock.objects.all()))
        if state := self.one_of("state", stock.LEVELS):
            rows = rows.filter(level=stock.LEVELS[state])
        pages = self.pagination_class()
        found = pages.paginate_queryset(rows, request, view=self)
        products = stock.products_of(found)
        return pages.get_paginated_response(
            [stock_json(row, products.get((row.store_id, row.product_id))) for row in found]
        )


class BalanceEntriesView(_View):
    """Statements, payments, withdrawals with the policy deductions, and what is not settled."""

    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"-seen_at": "-seen_at"}  # not all have a moment at which they were made

    @extend_schema(
        responses=BalanceEntryOut(many=True),
        parameters=[
            STORE,
            OpenApiParameter("kind", enum=BalanceEntry.Kind.values),
            OpenApiParameter("state", enum=EntryState.values),
            OpenApiParameter("is_policy_deduction", enum=["true"]),
        ],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        rows = self.only_store(balance.with_state(BalanceEntry.objects.all()))
        if kind := self.one_of("kind", BalanceEntry.Kind.values):
            rows = rows.filter(kind=kind)
        if state := self.one_of("state", EntryState.values):
            rows = rows.filter(state=state)
        if self.one_of("is_policy_deduction", ["true"]):
            rows = rows.filter(is_policy_deduction=True)
        return self.paged(rows, balance_entry_json)


class NoticesView(_View):
    """What marketplaces wrote, and what became of it; the words themselves stay on the pages."""

    required_capabilities: ClassVar = {"GET": "notes.internal"}
    orderings: ClassVar = {"-received_at": "-received_at"}
    _filters: ClassVar = {
        "kind": Notice.Kind.values,
        "state": Notice.State.values,
        "trust": Notice.Trust.values,
    }

    @extend_schema(
        responses=NoticeOut(many=True),
        parameters=[
            STORE,
            *(OpenApiParameter(name, enum=among) for name, among in _filters.items()),
        ],
    )
    def get(self, request: Request) -> Response:
        """List notices, filtered by store, kind, state and trust."""
        rows = notices_of_key(self.api_key)
        if "store" in request.query_params:
            rows = self.only_store(rows)
        for name, among in self._filters.items():
            if asked := self.one_of(name, among):
                rows = rows.filter(**{name: asked})
        return self.paged(rows.defer("text", "original"), notice_json)


class PastesView(_View):
    """What a seller centre shows, pasted as text."""

    required_capabilities: ClassVar = {"POST": "violations.record"}

    @extend_schema(request=PasteIn, responses={200: PasteOut, 201: PasteOut})
    def post(self, request: Request) -> Response:
        """Say what a text tells and would write; with ``write`` write it, all or nothing.

        What cannot be read beyond doubt stays out and says why.
        """
        values = _clean(PasteIn(data=request.data, context=self.context()))
        paste = pastes.Paste(
            values["text"], values.get("store"), stores_of_key(self.api_key), "integration"
        )
        by = self.api_key.made_by
        plan = pastes.look_over(paste, by=by, at=self.now)
        if values["write"]:
            pastes.write(paste, nonce=uuid4(), seen=plan.seen, by=by, at=self.now, via="api")
        told = [pastes.summary(piece.notice) for piece in plan.pieces]
        status = HTTP_201_CREATED if values["write"] else HTTP_200_OK
        return Response({"is_written": values["write"], "notices": told}, status=status)


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


def _shown(key: Any, store: Store) -> dict[str, Any]:
    return store_json(store, _fields(key, [store.pk]).get(store.pk))
