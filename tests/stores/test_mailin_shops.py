"""A notice that names another shop than the store it came to waits for a person."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from scoring.models import LedgerEntry, PlatformRating
from stores.mailin.envelope import read_mail
from stores.mailin.trust import Level, Trust
from stores.models import Connection, Notice, Store, Violation
from stores.sandbox import mail as sandbox
from stores.sandbox.settings import MAIL_DOMAIN
from stores.sandbox.shops import BY_ID, Shop
from stores.services import mail_routes, notices
from tenants.models import Agency
from tests import factories, work
from tests.stores import posts
from tests.stores.mailin import mails
from tests.stores.sandbox.bench import make_bench

JUNIPER = "7495000000000000104"
MAPLE = "7495000000000000101"
SEN_VANG = "7495000000000000201"
WISHES = [
    (kind, variant, language)
    for kind in ("violation", "health", "pending", "reversal", "enforcement")
    for language in ("en", "zh")
    for variant in sandbox.variants(kind, language)
]
VIOLATION = """{head}

Violation ID: 8837261940
Violation type: Prohibited product listed
Status: Enforcement action taken
Points deducted: 12
"""


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    posts.publish_keys(settings, tmp_path)


def connected(name: str, shop: Shop) -> Store:
    """Return a store that is connected to ``shop``, whatever the agency calls it."""
    store = factories.make_store(name=name, external_id=shop.id)
    Connection.objects.create(
        store=store, state="connected", shop_id=shop.id, shop_name=shop.name,
        changed_at=posts.SENT,
    )  # fmt: skip
    return store


def take(
    text: str, store: Store | None, trust: str = "proven", subject: str = "Policy violation"
) -> None:
    """Take in a notice of such words, to the store's address or with None the agency's."""
    raw = mails.plain(text, subject=subject)
    mail = read_mail(raw)
    notices.take_mail(
        incoming=notices.Incoming(raw, mail.digest, store.pk if store else None, posts.ARRIVED),
        judged=Trust(level=cast("Level", trust), reasons=(), notices=(mail,)),
        at=posts.ARRIVED,
    )


def written() -> tuple[int, int, int]:
    return (
        Violation.objects.count(),
        LedgerEntry.objects.count(),
        PlatformRating.objects.count(),
    )


@pytest.fixture
def juniper(agency: Agency) -> Store:
    return connected("Juniper Street", BY_ID[JUNIPER])


@pytest.mark.parametrize(("kind", "variant", "language"), WISHES)
@pytest.mark.parametrize(
    ("shop", "form"), [(MAPLE, "both"), (SEN_VANG, "html"), (JUNIPER, "plain")]
)
def test_signed_notice_acts_on_the_shop_that_it_names_alone(
    juniper: Store,
    settings: Any,
    tmp_path: Path,
    kind: str,
    variant: str,
    language: str,
    form: str,
    shop: str,
) -> None:
    # given
    bench = make_bench()
    key = bench.app.state.key_for_mail(lambda: posts.KEY)  # to make one takes long
    bench.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    factories.make_violation(store=juniper, reference="7412345678", points=-12, state="pending")
    before = written()
    address = mail_routes.address_of(posts.route_to(juniper))
    bench.act(
        "mail", shop=shop, to=address, kind=kind, variant=variant, language=language, form=form,
        points=12, rating=188, reference="7412345678",
    )  # fmt: skip
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(sandbox.dns_records(key)))
    settings.MAIL_KEYS_FILE = str(path)
    settings.MARKETPLACE_MAIL_DOMAINS = ["tiktok.com", MAIL_DOMAIN]

    # when
    ((recipient, raw),) = bench.mails
    route = mail_routes.route_of(recipient)
    assert route is not None
    mail_routes.keep_mail(route=route, raw=raw, at=bench.now + timedelta(minutes=1))
    work.run_due(kind=mail_routes.READ_NOTICE)

    # then
    notice = Notice.objects.get()
    if shop != JUNIPER:
        assert (notice.state, notice.reason) == ("triage", "other_store")
        assert written() == before
    else:
        assert (notice.state, notice.reason) == ("acted", "")


@pytest.mark.parametrize("trust", ["proven", "unverified"])
@pytest.mark.parametrize(
    ("head", "is_another"),
    [
        ("Shop ID: 7495000000000000201", True),
        ("Shop ID: 7495000000000000104", False),
        ("Shop name: Juniper Street Goods\nShop ID: 7495000000000000201", True),
        ("Shop name: A new name\nShop ID: 7495000000000000104", False),
        ("Shop name: Maple & Finch Home", True),
        ("Shop: Maple & Finch Home (USLC1234567)", True),
        ("Shop: JUNIPER  Street goods (USLC1234567)", False),
        ("Shop code: USLC1234567", False),
        ("Hello Maple & Finch Home,", True),
        ("Hello Juniper Street Goods VN,", True),
        ("Hello Juniper Street Goods,", False),
        ("Dear Juniper Street Goods team,", False),
        ("Dear Seller,", False),
        ("Dear TikTok Shop seller,", False),
        ("Hi there,", False),
        ("Good morning,", False),
        ("Hello", False),
        ("Your Shop Has Received A Violation.", False),
        ("We looked at your shop Maple & Finch Home and found this.", True),
        ("We looked at your shop Juniper Street Goods and found this.", False),
        ("您的店铺 枫叶家居 因违规被处罚。", True),
        ("您的店铺因违反平台规则已被处罚。", False),
        ("您的店铺 Juniper Street Goods 因违规被处罚。", False),
        ("尊敬的商家:", False),
        ("枫叶家居 您好:", True),
    ],
)
def test_notice_is_of_another_where_it_names_another(
    juniper: Store, head: str, trust: str, *, is_another: bool
) -> None:
    take(VIOLATION.format(head=head), juniper, trust)

    expected = ("triage", "other_store") if is_another else ("acted", "")
    notice = Notice.objects.get()
    assert (notice.trust, notice.state, notice.reason) == (trust, *expected)
    assert Violation.objects.count() == (0 if is_another else 1)


@pytest.mark.parametrize(
    ("head", "is_another"),
    [
        ("Shop ID: 7495000000000000201", False),
        ("Shop name: Juniper Street\nShop ID: 7495000000000000201", False),
        ("Shop name: Juniper Street Goods\nShop ID: 7495000000000000104", True),
        ("Shop name: Maple & Finch Home", True),
        ("Hello Juniper Street Goods,", False),
    ],
)
def test_store_that_was_never_connected_is_told_by_the_name_that_the_agency_gave(
    agency: Agency, head: str, *, is_another: bool
) -> None:
    take(VIOLATION.format(head=head), factories.make_store(name="Juniper Street"))

    expected = ("triage", "other_store") if is_another else ("acted", "")
    notice = Notice.objects.get()
    assert (notice.state, notice.reason) == expected


def test_shop_id_that_a_person_entered_is_compared_as_one_that_was_connected(
    agency: Agency,
) -> None:
    store = factories.make_store(name="Juniper Street", external_id=JUNIPER)

    take(VIOLATION.format(head=f"Shop ID: {MAPLE}"), store)
    take(VIOLATION.format(head=f"Shop name: Juniper Street Goods\nShop ID: {JUNIPER}"), store)

    told = [(notice.state, notice.reason) for notice in Notice.objects.order_by("id")]
    assert told == [("triage", "other_store"), ("acted", "")]


def test_mail_to_the_agency_finds_no_store_by_words_about_another_shop(juniper: Store) -> None:
    take(
        VIOLATION.format(head="Hello Maple & Finch Home,") + "Product: Juniper Street Goods mug",
        None,
    )

    notice = Notice.objects.get()
    assert (notice.store, notice.state, notice.reason) == (None, "triage", "store_unclear")


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("Violation at Juniper Street Goods", ""),
        ("Violation at Juniper Street Goods VN", "other_store"),
        ("Violation at Maple & Finch Home", "other_store"),
    ],
)
def test_person_may_be_greeted_where_the_title_names_the_shop(
    juniper: Store, subject: str, reason: str
) -> None:
    take(VIOLATION.format(head="Hello Ana,"), juniper, subject=subject)

    assert Notice.objects.get().reason == reason
