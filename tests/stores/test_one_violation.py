"""The same violation by two forwarders, by file and by person: one violation, its points once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.signals import post_init
from django.test import Client as HttpClient

from scoring.models import LedgerEntry, StoreRating
from stores.models import Store, Violation
from stores.services import mail_routes, violations
from tenants.models import Agency, Membership
from tests import factories
from tests.stores import posts

ClientFor = Callable[[Membership], HttpClient]

REFERENCE: Final = "7412345678"
FIRST_DESK: Final = posts.FORWARDER
SECOND_DESK: Final = f"second.{posts.FORWARDER}"


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    posts.publish_keys(settings, tmp_path)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo & Home", external_id="7495001234567890123")


@pytest.fixture
def owner(agency: Agency) -> Membership:
    member = factories.make_membership("owner")
    for address in (FIRST_DESK, SECOND_DESK):
        mail_routes.add_forwarder(address=address, by=member, at=posts.SENT)
    return member


def by_first_desk(client: HttpClient, store: Store) -> None:
    posts.post(posts.forwarded(posts.notice(points=24, rating=176), sender=FIRST_DESK), store)


def by_second_desk(client: HttpClient, store: Store) -> None:
    posts.post(
        posts.forwarded(posts.notice(points=24, rating=176, form="html"), sender=SECOND_DESK), None
    )


def by_file(client: HttpClient, store: Store) -> None:
    day = f"{posts.SENT:%Y-%m-%d %H:%M} (UTC+0)"
    rows = (
        "Violation ID,Violation type,Points,Status,Date\n"
        f"{REFERENCE},Late dispatch,24,Enforced,{day}\n"
    )
    made = client.post(
        "/imports/",
        {
            "store": str(store.pk),
            "kind": "violations",
            "upload": SimpleUploadedFile("export.csv", rows.encode()),
        },
    )
    client.post(made.headers["location"] + "confirm/")


def by_person(client: HttpClient, store: Store) -> None:
    """Type it in; where it is known the form comes back, and she says that it is the same."""
    told_at = posts.SENT.astimezone(ZoneInfo(store.time_zone)) - timedelta(minutes=3)
    typed = {
        "reference": REFERENCE,
        "rule": "high_late_dispatch_rate",
        "state": "enforced",
        "points": "24",
        "reported_at": f"{told_at:%Y-%m-%dT%H:%M}",
    }
    answer = client.post(f"/violations/new/?store={store.pk}", typed)
    known = Violation.objects.get()
    if answer.status_code != 302:
        client.post(f"/violations/new/?store={store.pk}", typed | {"choice": f"same-{known.pk}"})


WAYS: Final = (by_first_desk, by_second_desk, by_file, by_person)
# Each comes first once, and each follows and is followed by another.
ORDERS: Final = tuple(WAYS[at:] + WAYS[:at] for at in range(4))


@pytest.mark.parametrize(
    "order", ORDERS, ids=["-".join(way.__name__[3:] for way in order) for order in ORDERS]
)
def test_one_reference_is_one_violation_whatever_comes_first(
    order: tuple[Callable[[HttpClient, Store], None], ...],
    store: Store,
    owner: Membership,
    client_for: ClientFor,
) -> None:
    client = client_for(owner)

    for way in order:
        way(client, store)

    violation = Violation.objects.get()
    assert (violation.reference, violation.state, violation.points) == (REFERENCE, "enforced", -24)
    assert sum(LedgerEntry.objects.values_list("points", flat=True)) == -24
    assert StoreRating.objects.get(store=store).rating == 176


def test_reference_that_is_told_twice_at_once_is_kept_once(agency: Agency) -> None:
    # given another that is quicker, between looking for the reference and writing it
    store, at = factories.make_store(), datetime.now(UTC)

    def be_quicker(**_told: Any) -> None:
        post_init.disconnect(be_quicker, sender=Violation)
        factories.make_violation(store=store, reference="A1", points=-4)

    post_init.connect(be_quicker, sender=Violation)

    # when
    kept = violations.record_violation(
        store=store, facts={"reference": "A1", "points": -6}, source="mail", at=at, by=None
    )

    # then
    assert (kept.is_new, kept.violation) == (False, Violation.objects.get())
    assert Violation.objects.get().points == -6
