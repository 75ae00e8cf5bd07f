"""Makers of saved, valid objects; a test states only what it is about."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from time import time as time_of_day
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client as HttpClient

from appeals.models import Appeal, Attempt, Evidence, Remediation, RemediationStep
from checklist.models import ItemLimit, Procedure, ProcedureItem, Round, Schedule, Tick
from checklist.services.proofs import recount
from scoring.models import Quiz
from stores import alert_kinds, markets
from stores.models import (
    AfterSale,
    Alert,
    BalanceEntry,
    Client,
    Connection,
    Conversation,
    Forwarding,
    Import,
    MailTest,
    Notice,
    Order,
    Package,
    Product,
    Reading,
    SkuStock,
    Store,
    StoreAccess,
    StoreGroup,
    StoreGrouping,
    SubAccount,
    Violation,
)
from stores.services import tokens
from tenants import entrance, scope, sealing
from tenants.models import Agency, DueWork, Membership, Role, StoreRoute, User
from tenants.provisioning import provision
from tenants.selectors.preparing import PROVISION
from tenants.services.agencies import SWEEP, agency_host, found_agency

PUBLIC_HOST = settings.PUBLIC_HOST
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PASSWORD = "Correct-horse-7-battery"
_numbers = count(1)

# --- tenants -------------------------------------------------------------------------------------


def make_user(*, email: str = "", name: str = "", password: str = PASSWORD) -> User:
    number = next(_numbers)
    with scope.public():
        return User.objects.create_user(
            email or f"person-{number}@example.com", password, name=name or f"Person {number}"
        )


def make_agency(*, slug: str = "", name: str = "", at: datetime | None = None) -> Agency:
    """Return an agency whose schema stands, with an owner."""
    slug = slug or f"agency-{next(_numbers)}"
    at = at or datetime.now(UTC)
    with scope.public():
        owner = make_user(email=f"owner@{slug}.example.com", name=f"Owner of {slug}")
        agency = found_agency(name=name or slug.title(), slug=slug, owner=owner, at=at).agency
        provision(agency, at=at)
        DueWork.objects.filter(agency=agency, kind__in=(PROVISION, SWEEP)).delete()
    return agency


def make_membership(
    role: str = "lead",
    *,
    agency: Agency | None = None,
    user: User | None = None,
    all_stores: bool | None = None,
) -> Membership:
    """Return a seat in ``agency``, by default the one in scope, with the role's usual reach."""
    place = scope.current()
    agency_id: UUID = agency.pk if agency else scope.current_id()
    assert agency or place, "Name an agency or enter its scope."
    with scope.public():
        found = Role.objects.get(agency_id=agency_id, code=role)
        reach = found.all_stores if all_stores is None else all_stores
        return Membership.objects.create(
            agency=agency or Agency.objects.get(pk=agency_id),
            user=user or make_user(),
            role=found,
            store_scope=Membership.StoreScope.ALL if reach else Membership.StoreScope.LISTED,
            joined_at=datetime.now(UTC),
        )


def signed_in_client(member: Membership) -> HttpClient:
    """Return a client with a session bound to the agency's host, as the handoff leaves it."""
    host = agency_host(member.agency.slug)
    session = SessionStore()
    session[SESSION_KEY] = str(member.user_id)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    with scope.public():
        session[HASH_SESSION_KEY] = User.objects.get(pk=member.user_id).get_session_auth_hash()
    session["host"] = host
    with scope.public():
        session.save()
    client = HttpClient(headers={"host": host})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client


def session_of(client: HttpClient) -> dict[str, Any]:
    """Return what the client's session holds; it is nobody's: no agency's role reaches it."""
    with scope.public():
        return dict(client.session.items())


def change_session(client: HttpClient, **values: Any) -> None:
    with scope.public():
        session = client.session
        session.update(values)
        session.save()


def signed_in_on_public(user: User) -> HttpClient:
    """Return a client with a session of the public host."""
    client = HttpClient(headers={"host": PUBLIC_HOST})
    with scope.public():
        client.force_login(User.objects.get(pk=user.pk))
    change_session(client, host=PUBLIC_HOST)
    return client


def prove(client: HttpClient, *, seconds_ago: float = 0) -> HttpClient:
    """Let the member have shown who she is, as the handoff for that does."""
    change_session(client, **{entrance.PROVEN_AT: time_of_day() - seconds_ago})
    return client


# --- stores --------------------------------------------------------------------------------------


def make_client(*, name: str = "") -> Client:
    return Client.objects.create(name=name or f"Client {next(_numbers)}")


def make_group(*, name: str = "", stores: Iterable[Store] = ()) -> StoreGroup:
    group = StoreGroup.objects.create(name=name or f"Group {next(_numbers)}")
    StoreGrouping.objects.bulk_create(StoreGrouping(store=store, group=group) for store in stores)
    return group


def make_store(
    *,
    name: str = "",
    market: str = "US",
    marketplace: str = "tiktok_shop",
    seller_type: str = "local",
    time_zone: str = "",
    external_id: str = "",
    client: Client | None = None,
    owner: Membership | None = None,
    state: str = "active",
    created_at: datetime | None = None,
) -> Store:
    """Return a store without sending the news of it; scoring makes its rating when asked."""
    return Store.objects.create(
        name=name or f"Store {next(_numbers)}",
        market=market,
        marketplace=marketplace,
        seller_type=seller_type,
        time_zone=time_zone or markets.ZONES[market],
        external_id=external_id,
        client=client,
        owner=owner,
        state=state,
        created_at=created_at or datetime.now(UTC),
    )


def make_access(member: Membership, *stores: Store) -> None:
    """Let a member with a listed scope reach the stores."""
    StoreAccess.objects.bulk_create(StoreAccess(member=member, store=store) for store in stores)


def make_connection(
    *, store: Store | None = None, at: datetime | None = None, **changes: Any
) -> Connection:
    """Return a live connection with sealed tokens, its shop routed to the store."""
    at = at or datetime.now(UTC)
    store = store or make_store()
    values: dict[str, Any] = {
        "state": Connection.State.CONNECTED,
        "shop_id": store.external_id or f"7495{next(_numbers):015}",
        "shop_name": store.name,
        "access_expires_at": at + timedelta(days=7),
        "refresh_expires_at": at + timedelta(days=365),
        "connected_at": at,
        "changed_at": at,
    }
    connection = Connection(store=store, **(values | changes))
    connection.access_token = tokens.seal(connection, "access_token", "an access token")
    connection.refresh_token = tokens.seal(connection, "refresh_token", "a refresh token")
    connection.shop_cipher = tokens.seal(connection, "shop_cipher", "a cipher")
    connection.save()
    StoreRoute.objects.create(
        marketplace=store.marketplace,
        app_key=settings.TIKTOK_SHOP["app_key"],
        external_id=connection.shop_id,
        agency_id=store.agency_id,
        store_id=store.pk,
    )
    return connection


def make_order(store: Store, *, at: datetime | None = None, **changes: Any) -> Order:
    """Return an order placed a day before ``at``, due in a day and not ready yet."""
    at = at or datetime.now(UTC)
    values: dict[str, Any] = {
        "external_id": f"57{next(_numbers):016}",
        "status": "AWAITING_SHIPMENT",
        "placed_at": at - timedelta(days=1),
        "changed_at": at - timedelta(days=1),
        "rts_due_at": at + timedelta(days=1),
        "seen_at": at,
    }
    return Order.objects.create(store=store, **(values | changes))


def make_fetched(store: Store, *, at: datetime, reason: str = "The picture is blurred") -> None:
    """Write one row of each kind of data that a sync fetches beside orders."""
    common = {"store": store, "external_id": "1729", "changed_at": at, "seen_at": at}
    Package.objects.create(**common, status="PROCESSING", orders=1, made_at=at)
    Product.objects.create(
        **common,
        title="Mug",
        status="ACTIVATE",
        failures=[{"position": "Picture", "reasons": [reason]}],
        made_at=at,
    )
    SkuStock.objects.create(**common, product_id="1729", available=3, committed=1, confirmed_at=at)
    AfterSale.objects.create(
        **common, kind="return", order_id="57", type="REFUND", status="PENDING", made_at=at
    )
    Conversation.objects.create(**common, unread=2, confirmed_at=at)
    BalanceEntry.objects.create(**common, kind="statement", status="PAID", confirmed_at=at)


def make_after_sale(store: Store, *, at: datetime | None = None, **changes: Any) -> AfterSale:
    """Return a return of an hour before ``at`` that asks nothing of the seller."""
    at = at or datetime.now(UTC)
    values: dict[str, Any] = {
        "external_id": f"40{next(_numbers):016}",
        "kind": "return",
        "order_id": "576",
        "type": "RETURN_AND_REFUND",
        "status": "AWAITING_BUYER_SHIP",
        "amount": "12.50",
        "currency": "USD",
        "made_at": at - timedelta(hours=1),
        "changed_at": at,
        "seen_at": at,
    }
    return AfterSale.objects.create(store=store, **(values | changes))


def make_package(store: Store, *, at: datetime | None = None, **changes: Any) -> Package:
    """Return a package made at ``at`` that waits for the carrier, of an order nobody knows."""
    at = at or datetime.now(UTC)
    values: dict[str, Any] = {
        "external_id": f"11{next(_numbers):016}",
        "status": "PROCESSING",
        "order_id": "576",
        "orders": 1,
        "made_at": at,
        "changed_at": at,
        "seen_at": at,
    }
    return Package.objects.create(store=store, **(values | changes))


def make_product(store: Store, *, at: datetime | None = None, **changes: Any) -> Product:
    """Return a product on sale without a problem."""
    at = at or datetime.now(UTC)
    values: dict[str, Any] = {
        "external_id": f"17{next(_numbers):016}",
        "title": "Mug",
        "status": "ACTIVATE",
        "made_at": at,
        "changed_at": at,
        "seen_at": at,
    }
    return Product.objects.create(store=store, **(values | changes))


def make_stock(product: Product, *, at: datetime | None = None, **changes: Any) -> SkuStock:
    """Return a SKU of a product with 20 units left."""
    at = at or datetime.now(UTC)
    values: dict[str, Any] = {
        "external_id": f"18{next(_numbers):016}",
        "product_id": product.external_id,
        "available": 20,
        "committed": 0,
        "changed_at": at,
        "seen_at": at,
        "confirmed_at": at,
    }
    return SkuStock.objects.create(store=product.store, **(values | changes))


def make_balance_entry(store: Store, *, at: datetime | None = None, **changes: Any) -> BalanceEntry:
    """Return a statement made at ``at`` that was paid."""
    at = at or datetime.now(UTC)
    values: dict[str, Any] = {
        "external_id": f"34{next(_numbers):016}",
        "kind": "statement",
        "status": "PAID",
        "amount": "250.00",
        "currency": "USD",
        "made_at": at,
        "changed_at": at,
        "seen_at": at,
        "confirmed_at": at,
    }
    return BalanceEntry.objects.create(store=store, **(values | changes))


def make_reading(
    store: Store,
    metric: str = "overdue_orders",
    value: int | str = 0,
    *,
    measured_at: datetime | None = None,
    source: str = "api",
) -> Reading:
    measured_at = measured_at or datetime.now(UTC)
    return Reading.objects.create(
        store=store,
        metric=metric,
        value=Decimal(value),
        measured_at=measured_at,
        source=source,
        recorded_at=measured_at,
    )


def make_sub_account(store: Store, *, name: str = "", **changes: Any) -> SubAccount:
    values: dict[str, Any] = {"two_step": True, "seen_at": datetime.now(UTC)}
    return SubAccount.objects.create(
        store=store, name=name or f"Seat {next(_numbers)}", **(values | changes)
    )


def make_alert(store: Store, code: str = "reading.overdue_orders", **changes: Any) -> Alert:
    kind = alert_kinds.kind(code)
    values: dict[str, Any] = {
        "severity": kind.severity,
        "title": kind.title,
        "detail": {"value": "3", "limit": "0"},
        "opened_at": datetime.now(UTC),
    }
    return Alert.objects.create(store=store, code=code, **(values | changes))


def make_violation(*, store: Store | None = None, **changes: Any) -> Violation:
    """Return an enforced violation as a person recorded it; it has not been told to others."""
    reported_at = changes.pop("reported_at", datetime(2026, 11, 1, 9, tzinfo=UTC))
    values: dict[str, Any] = {
        "store": store or make_store(),
        "reference": f"74192280{next(_numbers):06d}",
        "rule": "high_late_dispatch_rate",
        "points": -8,
        "state": Violation.State.ENFORCED,
        "reported_at": reported_at,
        "source": "person",
        "recorded_at": reported_at,
    }
    return Violation.objects.create(**values | changes)


def make_notice(*, store: Store | None = None, text: str = "", **changes: Any) -> Notice:
    """Return a proven notice that waits, its text sealed."""
    values: dict[str, Any] = {
        "channel": "mail",
        "trust": Notice.Trust.PROVEN,
        "trust_reasons": ["marketplace_signature"],
        "state": Notice.State.TRIAGE,
        "reason": "unrecognised",
        "subject": f"Notice {next(_numbers)}",
        "sender": "no-reply@tiktok.com",
        "digest": uuid4().hex,
        "received_at": datetime.now(UTC),
    }
    notice = Notice(store=store, **(values | changes))
    words = text or "Your shop has a violation."
    notice.text = sealing.seal(words, table="stores_notice", column="text", row=notice.pk)
    notice.save(force_insert=True)
    return notice


def make_forwarding(store: Store | None, *, code: str = "", **changes: Any) -> Forwarding:
    """Return a mailbox that waits for its confirmation, with ``code`` sealed."""
    at = changes.pop("asked_at", datetime.now(UTC))
    values: dict[str, Any] = {
        "provider": "gmail",
        "mailbox": f"seller{next(_numbers)}@gmail.com",
        "state": Forwarding.State.WAITING,
        "reasons": ["sender_signature"],
        "asked_at": at,
        "expires_at": at + timedelta(days=7),
    }
    row = Forwarding(store=store, **(values | changes))
    if code:
        row.code = sealing.seal(code, table="stores_forwarding", column="code", row=row.pk)
    row.save(force_insert=True)
    return row


def make_mail_test(store: Store | None, **changes: Any) -> MailTest:
    """Return a test mail that is under way."""
    at = changes.pop("asked_at", datetime.now(UTC))
    values: dict[str, Any] = {
        "mailbox": f"seller{next(_numbers)}@gmail.com",
        "token": uuid4().hex[:20],
        "asked_by": changes.pop("asked_by", None) or make_membership("owner"),
        "asked_at": at,
        "sent_at": at,
    }
    return MailTest.objects.create(store=store, **(values | changes))


# --- scoring -------------------------------------------------------------------------------------


def make_import(*, by: Membership | None, **changes: Any) -> Import:
    """A file of readings that waits for a word, without rows."""
    values: dict[str, Any] = {
        "kind": "readings",
        "file_name": "readings.csv",
        "made_by": by,
        "made_at": datetime.now(UTC),
    }
    return Import.objects.create(**(values | changes))


def make_quiz(store: Store, **changes: Any) -> Quiz:
    """Return an open quiz that gives six points, on offer since yesterday."""
    at = datetime.now(UTC)
    values: dict[str, Any] = {
        "kind": Quiz.Kind.POINTS,
        "title": f"Quiz {next(_numbers)}",
        "worth": 6,
        "offered_at": at - timedelta(days=1),
        "source": "person",
        "recorded_at": at,
    }
    return Quiz.objects.create(store=store, **(values | changes))


# --- checklist -----------------------------------------------------------------------------------


def make_item(
    procedure: Procedure | None = None,
    *,
    metric: str = "",
    limit: int | str = 0,
    comparator: str = "at_most",
    max_age: timedelta = timedelta(hours=2),
    **changes: Any,
) -> ProcedureItem:
    """Return an item, of a procedure of its own by default; with ``metric`` it has a limit."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "procedure": procedure
        or Procedure.objects.create(key=f"procedure-{number}", name=f"Procedure {number}"),
        "key": f"item-{number}",
        "title": f"Item {number}",
        "proof": "data" if metric else "person",
        "order": number,
    }
    item = ProcedureItem.objects.create(**(values | changes))
    if metric:
        ItemLimit.objects.create(
            item=item,
            metric=metric,
            comparator=comparator,
            value=Decimal(limit),
            max_age=max_age,
        )
    return item


def make_schedule(procedure: Procedure, **changes: Any) -> Schedule:
    """Return a daily schedule at 08:00 for ten hours, at every store, for the stores' teams."""
    values: dict[str, Any] = {
        "times": [time(8)],
        "weekdays": [0, 1, 2, 3, 4, 5, 6],
        "length": timedelta(hours=10),
        "opened_until": datetime(2026, 1, 5, 8, tzinfo=UTC),
    }
    return Schedule.objects.create(procedure=procedure, **(values | changes))


def make_round(
    store: Store, *items: ProcedureItem, opens_at: datetime | None = None, **changes: Any
) -> Round:
    """Return an open round of ``items``, due eight hours after its opening, closed after 24."""
    items = items or (make_item(),)
    opens_at = opens_at or datetime.now(UTC) - timedelta(hours=1)
    values: dict[str, Any] = {
        "procedure": items[0].procedure,
        "store": store,
        "opens_at": opens_at,
        "due_at": opens_at + timedelta(hours=8),
        "closes_at": opens_at + timedelta(hours=24),
        "item_ids": [item.pk for item in items],
    }
    return Round.objects.create(**(values | changes))


def make_tick(round_: Round, item: ProcedureItem, by: Membership, **changes: Any) -> Tick:
    """Return a person's pass, an hour after the round's opening, with the round's count kept."""
    values: dict[str, Any] = {
        "result": "pass",
        "proof": "person",
        "member": by,
        "at": round_.opens_at + timedelta(hours=1),
    }
    tick = Tick.objects.create(round=round_, item=item, **(values | changes))
    recount(rounds=[round_], at=tick.at)
    return tick


# --- appeals -------------------------------------------------------------------------------------


def make_attempt(
    state: str = "drafting",
    *,
    appeal: Appeal | None = None,
    violation: Violation | None = None,
    by: Membership | None = None,
    **changes: Any,
) -> Attempt:
    """Return an attempt with a text, of a case of its own by default, due in ten days.

    ``by`` drafted it; another member reviewed and filed it where its state says so.
    """
    at = changes.pop("opened_at", NOW - timedelta(days=1))
    if appeal is None:
        violation = violation or make_violation()
        appeal = Appeal.objects.create(
            store=violation.store,
            violation=violation,
            attempts_allowed=changes.pop("attempts_allowed", 2),
            owner=by,
            opened_at=at,
            opened_by=by,
            changed_at=at,
        )
    is_filed = state in {"filed", "granted", "refused"}
    is_decided = state in {"granted", "refused"}
    values: dict[str, Any] = {
        "number": appeal.attempts.count() + 1,
        "state": state,
        "opened_at": at,
        "file_by": NOW + timedelta(days=10),
        "grounds": "The orders were handed over in time; the carrier scanned them late.",
        "revision": 1,
        "drafted_by": by,
        "drafted_at": at,
        "filed_at": at if is_filed else None,
        "decided_at": at + timedelta(hours=1) if is_decided else None,
    }
    attempt = Attempt.objects.create(appeal=appeal, **(values | changes))
    Appeal.objects.filter(pk=appeal.pk).update(state=state)
    appeal.refresh_from_db()
    return attempt


def make_evidence(attempt: Attempt, **changes: Any) -> Evidence:
    """Return a link; the other kinds come from the service."""
    values: dict[str, Any] = {
        "title": f"Document {next(_numbers)}",
        "kind": "link",
        "url": "https://example.com/proof",
        "at": NOW,
    }
    return Evidence.objects.create(attempt=attempt, **(values | changes))


def make_remediation(
    *, store: Store | None = None, steps: Iterable[str] = (), **changes: Any
) -> Remediation:
    """Return an open piece of work with open steps."""
    number = next(_numbers)
    values: dict[str, Any] = {"title": f"Work {number}", "opened_at": NOW}
    remediation = Remediation.objects.create(store=store or make_store(), **(values | changes))
    RemediationStep.objects.bulk_create(
        RemediationStep(remediation=remediation, order=order, text=text)
        for order, text in enumerate(steps, 1)
    )
    return remediation
