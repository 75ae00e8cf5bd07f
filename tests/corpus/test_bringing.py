"""The files of the corpus, brought in as a member brings them: recognised, whole, without people.

The corpus was written apart from the readers; what they read of its first and last rows is held
against what a person reads there.
"""

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
import yaml

from stores import tables
from stores.models import Import, ImportRow, Store
from stores.services import imports
from stores.services.imports.base import unpacked
from tenants.models import Agency
from tests import factories
from tests.corpus import build_files

EXPECTED: Final[dict[str, dict[str, Any]]] = yaml.safe_load(build_files.EXPECTED.read_text())
BROUGHT_AT: Final = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
_STORES: Final = ("Teal Harbor", "Tea & Thread", "Löwe Studio", "Nine Bamboo", "ร้านมะลิลา")
_SHOP: Final = {"tiktok": "tiktok_shop", "shopee": "shopee", "lazada": "lazada"}
_OF_ONE_STORE: Final = {
    *("tiktok_orders", "tiktok_income", "tiktok_withdrawals", "shopee_orders", "lazada_orders")
}
# What the corpus calls a fact, and the fields that may hold it.
_FIELDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "orders": {
        "order_id": ("external_id",),
        "created_at": ("placed_at",),
        "paid_at": ("paid_at",),
        "rts_at": ("rts_at",),
        "shipped_at": ("collected_at",),
        "delivered_at": ("delivered_at", "completed_at"),
        "cancelled_at": ("cancelled_at",),
        "amount": ("amount",),
    },
    "tiktok_income": {"id": ("external_id",), "type": ("type",), "settlement": ("amount",)},
    "tiktok_withdrawals": {
        "reference": ("external_id",),
        "requested_at": ("made_at",),
        "succeeded_at": ("paid_at",),
        "amount": ("amount",),
    },
    "violations": {
        "reference": ("reference",),
        "rule": ("rule",),
        "points": ("points",),
        "state": ("state",),
        "reported_at": ("reported_at",),
        "enforced_at": ("enforced_at",),
        "correct_by": ("correct_by",),
        "appeal_by": ("appeal_by",),
    },
    "ratings": {"rating": ("value",), "at": ("observed_at",)},
    "readings": {"measure": ("metric",), "value": ("value",), "at": ("measured_at",)},
    "stores": {
        "shop": ("name",),
        "market": ("market",),
        "shop_id": ("external_id",),
        "client": ("client",),
    },
    "sub_accounts": {"login": ("email",), "name": ("name",), "last_sign_in": ("last_sign_in_at",)},
}


# Files that no machine reads alone; what is asked is the member's to answer.
ASKED: Final = {
    "violations-buddhist.csv": "its letters are in one of two encodings, and no header tells which",
    "violations-own-words.csv": "no header that is known says when a violation was reported",
}
READ: Final = [name for name in EXPECTED if name not in ASKED]


@pytest.fixture
def brought(agency: Agency, request: pytest.FixtureRequest) -> Import:
    """The file that the test names, checked; for an export of one store, into that store."""
    return bring(request.param)


def bring(name: str) -> Import:
    said = EXPECTED[name]
    is_of_one = said["kind"] in _OF_ONE_STORE
    made = []
    if said["kind"] != "stores":
        marketplace = _SHOP.get(said["kind"].partition("_")[0], "tiktok_shop")
        made = [
            factories.make_store(name=shop, market=said["market"], marketplace=marketplace)
            for shop in _STORES
        ]
    return imports.bring(
        file=io.BytesIO((build_files.FILES / name).read_bytes()),
        file_name=name,
        stores=Store.objects.all(),
        by=factories.make_membership("owner"),
        at=BROUGHT_AT,
        store=made[0] if is_of_one else None,
    )


@pytest.mark.parametrize("brought", READ, indirect=True)
def test_file_is_recognised_and_read_as_a_person_reads_it(brought: Import) -> None:
    said = EXPECTED[brought.file_name]
    staged = list(brought.staged.order_by("line"))

    assert brought.kind == said["kind"]
    assert [row.troubles for row in staged if row.troubles] == []
    assert len(staged) == said["rows"]
    assert imports.missing(brought) == []
    zone = ZoneInfo(said["zone"])
    disagree = [
        *_disagreements(said["first"], staged[0], said["kind"], zone),
        *_disagreements(said["last"], staged[-1], said["kind"], zone),
    ]
    assert disagree == []


@pytest.mark.parametrize("brought", READ, indirect=True)
def test_nothing_about_people_is_kept_of_a_file(brought: Import) -> None:
    kept = json.dumps(
        [
            [brought.headers, brought.mapping, brought.result],
            *[[imports.cells_of(row), row.values, row.troubles] for row in brought.staged.all()],
        ],
        ensure_ascii=False,
    )

    assert [word for word in EXPECTED[brought.file_name].get("canaries", []) if word in kept] == []


def test_what_is_not_certain_is_asked_for_and_nothing_is_guessed(agency: Agency) -> None:
    with pytest.raises(tables.TableUnreadable, match="encoding that is not certain"):
        bring("violations-buddhist.csv")

    kept = bring("violations-own-words.csv")
    assert (imports.missing(kept), kept.state) == ([], Import.State.PREVIEW)
    assert {row.what for row in kept.staged.all()} == {"wrong"}


def _disagreements(
    fact: dict[str, Any], row: ImportRow, kind: str, zone: ZoneInfo
) -> list[tuple[str, Any, Any]]:
    values = unpacked(row.values or {})
    fields = _FIELDS["orders" if kind.endswith("_orders") else kind]
    found = []
    for name, places in fields.items():
        if name not in fact or fact[name] is None:
            continue
        own = next((values[place] for place in places if values.get(place) is not None), None)
        if not _agrees(fact[name], own, values, zone):
            found.append((name, fact[name], own))
    return found


def _agrees(value: Any, own: Any, values: dict[str, Any], zone: ZoneInfo) -> bool:
    if isinstance(own, datetime):
        return _same_moment(str(value), own, zone)
    if isinstance(value, dict) and "value" in value:
        same = own is not None and abs(Decimal(value["value"])) == abs(Decimal(str(own)))
        return same and values.get("currency") in {None, "", value["currency"]}
    if isinstance(value, dict):
        return own in {value["means"], value["words"]}
    if isinstance(value, int):
        return own is not None and abs(int(own)) == value
    if isinstance(own, Decimal):
        return Decimal(str(value)) == own
    return str(own) == str(value)


def _same_moment(value: str, own: datetime, zone: ZoneInfo) -> bool:
    """A bare day is met by any hour of it, and by the midnight at which it ends."""
    if "T" in value:
        told = datetime.fromisoformat(value)
        return own in {told, told.replace(second=0)}
    local = own.astimezone(zone)
    return date.fromisoformat(value) in {local.date(), (local - timedelta(seconds=1)).date()}
