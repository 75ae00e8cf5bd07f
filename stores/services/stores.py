"""Adding, changing and archiving stores, and the clients and groups they belong to."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from stores import markets, signals
from stores.models import (
    Alert,
    Client,
    Store,
    StoreAccess,
    StoreGroup,
    StoreGrouping,
)
from stores.selectors.store import namesakes
from stores.services import connections
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

Named = TypeVar("Named", Client, StoreGroup)

MOST_STORES: Final = 500
_EDITABLE: Final = frozenset(
    {
        "name",
        "marketplace",
        "market",
        "seller_type",
        "time_zone",
        "external_id",
        "client",
        "owner",
        "safety_stock",
    }
)
_PLACE: Final = frozenset({"marketplace", "market", "seller_type"})
_FIXED_ONCE_CONNECTED: Final = frozenset({"marketplace", "market", "seller_type", "external_id"})


class StoreLimitReached(DomainError):
    code: ClassVar[str] = "store_limit_reached"


class ShopIdTaken(DomainError):
    code: ClassVar[str] = "shop_id_taken"


class MarketUnknown(DomainError):
    code: ClassVar[str] = "market_unknown"


class TimeZoneUnknown(DomainError):
    code: ClassVar[str] = "time_zone_unknown"


class StoreConnected(DomainError):
    code: ClassVar[str] = "store_connected"


class NameTaken(DomainError):
    code: ClassVar[str] = "name_taken"


class StillInUse(DomainError):
    code: ClassVar[str] = "still_in_use"


@transaction.atomic
def create_store(  # noqa: PLR0913 - a store is its place, its names and its people
    *,
    name: str,
    marketplace: str,
    market: str,
    by: Membership | None,
    at: datetime,
    seller_type: str = Store.SellerType.LOCAL,
    time_zone: str = "",
    external_id: str = "",
    client: Client | None = None,
    groups: Iterable[StoreGroup] = (),
    owner: Membership | None = None,
    safety_stock: int | None = None,
    via: str = "page",
) -> Store:
    """Add a store; without ``time_zone`` it has its market's. ``by`` reaches it from then on.

    Raises:
        StoreLimitReached: at 500 stores that are not archived.
        MarketUnknown, TimeZoneUnknown: if we do not know the zone, or the marketplace is not in
            the market.
        NameTaken: if another store of this place has the name.
        ShopIdTaken: if another store of the agency has the shop ID.
    """
    if Store.objects.exclude(state=Store.State.ARCHIVED).count() >= MOST_STORES:
        raise StoreLimitReached(
            _("An agency has at most %(most)s stores. Archive one, or write to us.")
            % {"most": MOST_STORES}
        )
    store = Store(
        name=name,
        marketplace=marketplace,
        market=market,
        seller_type=seller_type,
        time_zone=time_zone or markets.ZONES.get(market, ""),
        external_id=external_id,
        client=client,
        owner=owner,
        safety_stock=safety_stock,
        created_at=at,
    )
    _check_place(store)
    _check_name(store)
    _check_zone(store)
    _save(store)
    _set_groups(store, groups)
    if by is not None and not by.sees_all_stores:
        StoreAccess.objects.create(member=by, store=store)
    trail.record(
        action="store.created",
        by=by,
        subject=store,
        at=at,
        store_id=store.pk,
        changes={"marketplace": marketplace, "market": market},
        via=via,
    )
    signals.store_changed.send(sender=Store, store=store, at=at)
    return store


@transaction.atomic
def edit_store(
    *,
    store: Store,
    values: Mapping[str, Any],
    by: Membership | None,
    at: datetime,
    groups: Iterable[StoreGroup] | None = None,
    via: str = "page",
) -> Store:
    """Change the named fields of a store, and its groups unless None.

    Raises:
        MarketUnknown, TimeZoneUnknown, NameTaken, ShopIdTaken: as for a new store.
        StoreConnected: if what the marketplace says of a connected store would change.
    """
    assert values.keys() <= _EDITABLE, "A field that is not for editing."
    before = Store.objects.get(pk=store.pk)
    changed = {name for name, value in values.items() if getattr(before, name) != value}
    for name in changed:
        setattr(store, name, values[name])
    if changed & _FIXED_ONCE_CONNECTED and connections.is_live(store):
        raise StoreConnected(
            _(
                "Marketplace, market, seller type and shop ID of a connected store are the"
                " marketplace's word. Disconnect it first."
            )
        )
    changes: dict[str, Any] = {
        name: [_shown(before, name), _shown(store, name)] for name in sorted(changed)
    }
    if changed:
        if changed & _PLACE:
            _check_place(store)
        if changed & {"name", "marketplace", "market"}:
            _check_name(store)
        _check_zone(store)
        _save(store, update_fields=sorted(changed))
    if groups is not None and _set_groups(store, groups):
        changes["groups"] = [sorted(group.name for group in groups)]
    if changes:
        trail.record(
            action="store.edited",
            by=by,
            subject=store,
            at=at,
            store_id=store.pk,
            changes=changes,
            via=via,
        )
    if changed & _PLACE:
        signals.store_changed.send(sender=Store, store=store, at=at)
    return store


@transaction.atomic
def archive_store(*, store: Store, by: Membership | None, at: datetime, via: str = "page") -> None:
    """Take a store out of all lists: its connection ends, its alerts are resolved, its rows stay.

    The shop ID becomes free, so that the shop can be added again; the audit row keeps it.
    """
    connections.disconnect(store=store, by=by, at=at)
    Alert.objects.filter(store=store).exclude(state=Alert.State.RESOLVED).update(
        state=Alert.State.RESOLVED, resolved_at=at
    )
    kept = store.external_id
    store.state = Store.State.ARCHIVED
    store.external_id = ""
    store.save(update_fields=["state", "external_id"])
    trail.record(
        action="store.archived",
        by=by,
        subject=store,
        at=at,
        store_id=store.pk,
        changes={"external_id": kept},
        via=via,
    )


@transaction.atomic
def assign_owner(
    *, stores: Iterable[Store], owner: Membership | None, by: Membership, at: datetime
) -> int:
    """Make ``owner`` (None: nobody) answer for the stores; return how many changed hands."""
    count = 0
    for store in stores:
        owner_id = owner.pk if owner else None
        if store.owner_id == owner_id:
            continue
        before = str(store.owner_id) if store.owner_id else None
        store.owner = owner
        store.save(update_fields=["owner"])
        trail.record(
            action="store.owner_assigned",
            by=by,
            subject=store,
            at=at,
            store_id=store.pk,
            changes={"owner": [before, str(owner_id) if owner_id else None]},
        )
        count += 1
    return count


def save_client(
    *, client: Client, by: Membership | None, at: datetime, via: str = "page"
) -> Client:
    """Write a new or changed client.

    Raises:
        NameTaken: if another client has the name.
    """
    return _save_named(client, "client", by, at, via)


def save_group(
    *, group: StoreGroup, by: Membership | None, at: datetime, via: str = "page"
) -> StoreGroup:
    """Write a new or changed group.

    Raises:
        NameTaken: if another group has the name.
    """
    return _save_named(group, "group", by, at, via)


@transaction.atomic
def delete_client(
    *, client: Client, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Remove a client that has no stores, archived ones included.

    Raises:
        StillInUse: if it has one.
    """
    if client.stores.exists():
        raise StillInUse(_("This client still has stores. Give them to another client first."))
    trail.record(action="client.deleted", by=by, subject=client, at=at, via=via)
    client.delete()


@transaction.atomic
def delete_group(
    *, group: StoreGroup, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Remove a group; its stores stay, what was shared by the group is shared no more."""
    trail.record(action="group.deleted", by=by, subject=group, at=at, via=via)
    group.delete()


@transaction.atomic
def _save_named(row: Named, noun: str, by: Membership | None, at: datetime, via: str) -> Named:
    verb = "created" if row._state.adding else "edited"  # noqa: SLF001 - Django's documented flag
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NameTaken(_("There is one of this name already.")) from error
    trail.record(
        action=f"{noun}.{verb}", by=by, subject=row, at=at, changes={"name": row.name}, via=via
    )
    return row


def _check_place(store: Store) -> None:
    if store.market not in markets.MARKETS:
        raise MarketUnknown(
            _("We do not know the market %(market)s.") % {"market": store.market[:10]}
        )
    if store.market not in markets.MARKETS_OF.get(store.marketplace, ()):
        raise MarketUnknown(
            _("%(marketplace)s has no stores in this market: %(market)s.")
            % {
                "marketplace": store.get_marketplace_display(),
                "market": markets.MARKETS[store.market],
            }
        )


def _check_name(store: Store) -> None:
    same_place = namesakes(store).filter(marketplace=store.marketplace, market=store.market)
    if (other := same_place.first()) is not None:
        raise NameTaken(
            _("%(store)s (%(marketplace)s %(market)s) is here already. Give this one another name.")
            % {
                "store": other.name,
                "marketplace": other.get_marketplace_display(),
                "market": other.market,
            }
        )


def _check_zone(store: Store) -> None:
    if not markets.is_zone(store.time_zone):
        raise TimeZoneUnknown(_("We do not know this time zone."))


def _save(store: Store, **options: Any) -> None:
    try:
        with transaction.atomic():
            store.save(**options)
    except IntegrityError as error:
        raise ShopIdTaken(_("Another store of this agency has this shop ID.")) from error


def _set_groups(store: Store, groups: Iterable[StoreGroup]) -> bool:
    wanted = {group.pk for group in groups}
    held = set(StoreGrouping.objects.filter(store=store).values_list("group_id", flat=True))
    StoreGrouping.objects.filter(store=store, group__in=held - wanted).delete()
    StoreGrouping.objects.bulk_create(
        StoreGrouping(store=store, group_id=group) for group in wanted - held
    )
    return wanted != held


def _shown(store: Store, name: str) -> str | None:
    value = getattr(store, f"{name}_id" if name in {"client", "owner"} else name)
    return None if value is None else str(value)
