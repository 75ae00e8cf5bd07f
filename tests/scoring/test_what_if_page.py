"""The what-if page: events in the address, two courses side by side, nothing saved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from scoring.models import LedgerEntry
from stores.models import Store
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories
from tests.scoring.test_foresee import pend, seen, take

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC)
ZONE = ZoneInfo("America/Los_Angeles")


def day(ahead: int) -> str:
    return (NOW.astimezone(ZONE) + timedelta(days=ahead)).date().isoformat()


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


@pytest.fixture
def store(agency: Agency) -> Store:
    return seen(factories.make_store(name="Fernwood", market="US"))


def address(store: Store, *events: str) -> str:
    query = "&".join(f"if={quote(event, safe=':@~')}" for event in events)
    return f"/stores/{store.pk}/what-if/?{query}"


def words(page: bytes) -> str:
    return " ".join(strip_tags(page.decode()).split())


def test_events_of_the_address_are_played_beside_what_stands(
    store: Store, browser: HttpClient
) -> None:
    violation = take(store, -24)

    page = words(
        browser.get(
            address(
                store,
                f"granted:{violation.reference}@{day(5)}",
                f"deduction:60@{day(2)}",
                f"~quiz:4@{day(3)}",
            )
        ).content
    )

    assert f"{violation.reference} is granted" in page
    assert "switched off" in page
    assert "176, now 116" in page  # lowest
    assert "150 on" in page  # a milestone is reached
    assert LedgerEntry.objects.count() == 1
