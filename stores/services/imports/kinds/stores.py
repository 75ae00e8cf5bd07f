"""Lists of stores: each row adds one, with its client and its groups by name."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.db.models import ForeignObjectRel, Model, Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import markets
from stores import models as stores_models
from stores.models import Client, Connection, Store, StoreGroup, StoreGrouping
from stores.services import stores as store_services
from stores.services.imports import base, headers
from stores.services.imports.base import Cell, Course, Field, Kind, Mark, Parsed
from tenants.errors import DomainError

_NOUN: Final = "store"
_CLIENT: Final = "client"
_GROUP: Final = "group"
_MADE: Final = "made"  # in a course's memory: marks of the clients and groups a row made
_BETWEEN: Final = str.maketrans(dict.fromkeys("/、,;，；", "|"))
_BOOK: Final = "stores"


@cache
def _markets() -> Mapping[str, str]:
    """Return each market's code by itself and by its name in every language."""
    found = {headers.plain(code): code for code in markets.MARKETS}
    for code, names in headers.book(_BOOK).values["market"].items():
        found |= {headers.plain(name): code for name in names}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {headers.plain(str(name)): code for code, name in markets.MARKETS.items()}
    return found


def _market(cell: Cell) -> str:
    code = _markets().get(headers.plain(cell.text))
    if code is None:
        allowed = ", ".join(f"{name} ({code})" for code, name in markets.MARKETS.items())
        raise cell.wrong(_("is no market that we know: %(allowed)s.") % {"allowed": allowed})
    return code


def _groups(cell: Cell) -> tuple[str, ...]:
    parts = cell.text.translate(_BETWEEN).split("|")
    names = [" ".join(base.without_formula(base.with_text(cell, part)).split()) for part in parts]
    if any(len(name) > 80 for name in names):  # noqa: PLR2004 - of the model
        raise cell.wrong(_("is longer than %(longest)s characters.") % {"longest": 80})
    return tuple(dict.fromkeys(filter(None, names)))


def _zone(cell: Cell) -> str:
    if not markets.is_zone(cell.text):
        raise cell.wrong(_("is no time zone, such as Asia/Bangkok."))
    return cell.text


class Stores(Kind):
    code = "stores"
    label = gettext_lazy("Stores")
    capability = "stores.connect"
    of_a_store = False
    most_rows = store_services.MOST_STORES
    one_of = (("name",), ("market",))
    shown = ("name", "marketplace", "market", "seller_type", "external_id", "client", "groups")
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "name": Field(gettext_lazy("Name"), base.name(120)),
            "marketplace": Field(gettext_lazy("Marketplace"), base.choice("stores", "marketplace")),
            "market": Field(gettext_lazy("Market"), _market),
            "seller_type": Field(gettext_lazy("Seller type"), base.choice("stores", "seller_type")),
            "external_id": Field(gettext_lazy("Shop ID"), base.identifier(64)),
            "client": Field(gettext_lazy("Client"), base.name(120)),
            "groups": Field(gettext_lazy("Groups"), _groups),
            "time_zone": Field(gettext_lazy("Time zone"), _zone),
        }
    )

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values = row.values
        for name in ("name", "market"):
            if name not in values:
                course.wrong(row, name, told.get(name, ""), _("is missing."), self)
        if row.troubles:
            return
        values.setdefault("marketplace", Store.Marketplace.TIKTOK_SHOP.value)
        marketplace, market = values["marketplace"], values["market"]
        if market not in markets.MARKETS_OF[marketplace]:
            why = _("%(marketplace)s has no stores in this market: %(market)s.") % {
                "marketplace": Store.Marketplace(marketplace).label,
                "market": markets.MARKETS[market],
            }
            course.wrong(row, "market", told["market"], why, self)
        row.key = base.key_of(marketplace, market, values["name"])

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        """Hold rows against all stores of the agency: a name or shop ID stands there once."""
        standing = list(Store.objects.select_related("client"))
        live = [store for store in standing if store.state != Store.State.ARCHIVED]
        by_name = {base.key_of(each.marketplace, each.market, each.name): each for each in live}
        by_id = {(each.marketplace, each.external_id): each for each in live if each.external_id}
        for row in rows:
            values = row.values
            named = by_name.get(row.key)
            shop_id = values.get("external_id", "")
            same_id = by_id.get((values["marketplace"], shop_id)) if shop_id else None
            if same_id is not None and same_id != named:
                why = _("is the shop ID of another store.")
                course.wrong(row, "external_id", shop_id, why, self)
            elif named is not None and shop_id and named.external_id not in {"", shop_id}:
                why = _("is the name of a store that has another shop ID.")
                course.wrong(row, "name", values["name"], why, self)
            elif named is not None and named.pk not in course.stores:
                why = _("is the name of a store that you do not see.")
                course.wrong(row, "name", values["name"], why, self)
            else:
                row.what = base.NEW if named is None else _what(named, values)
        self._compare_ids(rows, course)
        self._compare_room(rows, len(live), course)

    def _compare_ids(self, rows: Sequence[Parsed], course: Course) -> None:
        first: dict[tuple[str, str], Parsed] = {}
        for row in rows:
            shop_id = row.values.get("external_id", "")
            before = first.setdefault((row.values["marketplace"], shop_id), row)
            if shop_id and before is not row and before.key != row.key:
                why = _("stands on line %(line)s as well, with other values.")
                course.wrong(row, "external_id", shop_id, why % {"line": before.line}, self)

    def _compare_room(self, rows: Sequence[Parsed], standing: int, course: Course) -> None:
        room = max(0, store_services.MOST_STORES - standing)
        new = [row for row in rows if row.what == base.NEW]
        for row in new[room:]:
            why = _("An agency has at most %(most)s stores. Archive one, or write to us.") % {
                "most": store_services.MOST_STORES
            }
            course.wrong(row, "", "", why, self)

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        live = Store.objects.exclude(state=Store.State.ARCHIVED).prefetch_related("groupings")
        known = {base.key_of(each.marketplace, each.market, each.name): each for each in live}
        marks = []
        for row in rows:
            try:
                before = known.get(row.key)
                mark = self._add(row, course) if before is None else self._edit(before, row, course)
            except DomainError as refusal:
                raise base.refusal(row, refusal) from refusal
            marks += [mark, *course.memory.pop(_MADE, [])]
        return marks

    def _add(self, row: Parsed, course: Course) -> Mark:
        values = row.values
        store = store_services.create_store(
            name=values["name"],
            marketplace=values["marketplace"],
            market=values["market"],
            seller_type=values.get("seller_type", Store.SellerType.LOCAL.value),
            time_zone=values.get("time_zone", ""),
            external_id=values.get("external_id", ""),
            client=_client(values.get("client", ""), course),
            groups=[_group(name, course) for name in values.get("groups", ())],
            by=course.by,
            at=course.at,
            via=course.via,
        )
        return Mark(_NOUN, store.pk)

    def _edit(self, store: Store, row: Parsed, course: Course) -> Mark:
        values = row.values
        was = {
            "external_id": store.external_id,
            "seller_type": store.seller_type,
            "time_zone": store.time_zone,
            "client": str(store.client_id or ""),
            "groups": [str(each.group_id) for each in store.groupings.all()],
        }
        named = ("external_id", "seller_type", "time_zone")
        changes = {name: values[name] for name in named if values.get(name)}
        if values.get("client"):
            changes["client"] = _client(values["client"], course)
        groups = None
        if values.get("groups"):
            held = [each.group for each in store.groupings.select_related("group")]
            groups = {*held, *(_group(name, course) for name in values["groups"])}
        store_services.edit_store(
            store=store, values=changes, groups=groups, by=course.by, at=course.at, via=course.via
        )
        return Mark(_NOUN, store.pk, was)

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        """Return the new stores of which something is known since: only bare ones are archived."""
        new = _new_stores(marks)
        used: dict[str, str] = {}
        for name, why in _BUILT.items():
            model = getattr(stores_models, name)
            found = model.objects.filter(store__in=new).select_related("store")
            if name == "Connection":
                found = found.filter(_LIVED)
            for row in found.distinct("store").order_by("store"):
                used.setdefault(row.store.name, str(why))
        return [
            _("%(store)s has %(what)s") % {"store": name, "what": what}
            for name, what in sorted(used.items())
        ]

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        of_stores = [mark for mark in marks if mark.noun == _NOUN]
        ids = [mark.object_id for mark in of_stores]
        rows = {row.pk: row for row in Store.objects.filter(pk__in=ids)}
        for mark in of_stores:
            store = rows.get(mark.object_id)
            if store is None or store.state == Store.State.ARCHIVED:
                continue
            if mark.was is None:
                store_services.archive_store(
                    store=store, by=course.by, at=course.at, via=course.via
                )
            else:
                _put_back(store, mark.was, course)
        _take_back_names(marks, course)


_BUILT: Final = MappingProxyType(
    {
        "Connection": gettext_lazy("a connection"),
        "Violation": gettext_lazy("a violation"),
        "Reading": gettext_lazy("a reading"),
        "Order": gettext_lazy("an order"),
        "Notice": gettext_lazy("a notice"),
        "SubAccount": gettext_lazy("a sub-account"),
    }
)


# A connection that is live, or was: one that was refused or never came about is nothing to keep.
_LIVED: Final = ~Q(connected_at=None) | Q(
    state__in=[Connection.State.CONNECTED, Connection.State.CHOOSING]
)


def _new_stores(marks: Sequence[Mark]) -> list[UUID]:
    return [mark.object_id for mark in marks if mark.noun == _NOUN and mark.was is None]


def _take_back_names(marks: Sequence[Mark], course: Course) -> None:
    """Remove the clients and groups that a file made, where nothing else uses them since."""
    own = Q(pk__in=_new_stores(marks))
    made = {
        noun: [mark.object_id for mark in marks if mark.noun == noun] for noun in (_CLIENT, _GROUP)
    }
    for client in Client.objects.filter(pk__in=made[_CLIENT]):
        if not _is_used(client, {Store: own}):
            client.stores.filter(own).update(client=None)
            store_services.delete_client(client=client, by=course.by, at=course.at, via=course.via)
    places: dict[type[Model], Q] = {StoreGrouping: Q(store__in=_new_stores(marks))}
    for group in StoreGroup.objects.filter(pk__in=made[_GROUP]):
        if not _is_used(group, places):
            store_services.delete_group(group=group, by=course.by, at=course.at, via=course.via)


def _is_used(row: Model, own: Mapping[type[Model], Q]) -> bool:
    """Tell whether any row of any room names ``row``, but for those in ``own``."""
    for field in row._meta.get_fields(include_hidden=True):  # noqa: SLF001 - Django's documented way
        if not isinstance(field, ForeignObjectRel):
            continue
        found = field.related_model._default_manager.filter(**{field.field.name: row.pk})  # noqa: SLF001
        if found.exclude(own.get(field.related_model, Q(pk__in=[]))).exists():
            return True
    return False


def _what(store: Store, values: Mapping[str, object]) -> str:
    named = ("external_id", "seller_type", "time_zone")
    differs = any(values.get(name) and getattr(store, name) != values[name] for name in named)
    client = str(values.get("client") or "").casefold()
    differs |= bool(client) and (store.client is None or store.client.name.casefold() != client)
    return base.UPDATE if differs or values.get("groups") else base.SAME


def _put_back(store: Store, was: Mapping[str, object], course: Course) -> None:
    values = {name: was[name] for name in ("external_id", "seller_type", "time_zone")}
    client = Client.objects.filter(pk=str(was["client"])).first() if was["client"] else None
    groups = StoreGroup.objects.filter(pk__in=list(map(str, was["groups"])))  # type: ignore[call-overload]
    store_services.edit_store(
        store=store,
        values={**values, "client": client},
        groups=list(groups),
        by=course.by,
        at=course.at,
        via=course.via,
    )


def _client(name: str, course: Course) -> Client | None:
    """Return the client of this name, made where there is none."""
    if not name:
        return None
    known = course.memory.setdefault("clients", {})
    if name.casefold() not in known:
        client = Client.objects.filter(name__iexact=name).first()
        if client is None:
            client = store_services.save_client(
                client=Client(name=name), by=course.by, at=course.at, via=course.via
            )
            course.memory.setdefault(_MADE, []).append(Mark(_CLIENT, client.pk))
        known[name.casefold()] = client
    found: Client = known[name.casefold()]
    return found


def _group(name: str, course: Course) -> StoreGroup:
    known = course.memory.setdefault("groups", {})
    if name.casefold() not in known:
        group = StoreGroup.objects.filter(name__iexact=name).first()
        if group is None:
            group = store_services.save_group(
                group=StoreGroup(name=name), by=course.by, at=course.at, via=course.via
            )
            course.memory.setdefault(_MADE, []).append(Mark(_GROUP, group.pk))
        known[name.casefold()] = group
    found: StoreGroup = known[name.casefold()]
    return found
