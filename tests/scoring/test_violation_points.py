"""A violation's page says what it took in the ledger, and flags points outside its rule's range."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from stores.models import Violation
from stores.services.violations import change_violation, record_violation
from tenants.models import Agency, Membership
from tests.factories import make_membership, make_store

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def _violation(points: int | None, **facts: Any) -> Violation:
    facts = {"rule": "knock_off", "points": points, "reported_at": NOW - 20 * DAY, **facts}
    return record_violation(
        store=make_store(market="VN"), facts=facts, source="person", at=NOW - 10 * DAY, by=None
    ).violation


def _page(client: Client, violation: Violation) -> str:
    return client.get(f"/violations/{violation.pk}/").content.decode()


@pytest.mark.parametrize(("points", "is_flagged"), [(-4, False), (-5, True)])
def test_points_outside_the_rules_range_are_flagged(
    agency: Agency,
    client_for: Callable[[Membership], Client],
    points: int,
    *,
    is_flagged: bool,
) -> None:
    page = _page(client_for(make_membership()), _violation(points))

    assert "Points in the ledger" in page
    assert ("The rulebook says 0 to 4: read the notice again" in page) == is_flagged


def test_an_estimate_is_called_one(
    agency: Agency, client_for: Callable[[Membership], Client]
) -> None:
    page = _page(client_for(make_membership()), _violation(None, rule="ip_infringement"))

    assert "Estimate: the notice states no points, the rulebook 1 to 48" in page


def test_a_pending_violation_shows_no_points(
    agency: Agency, client_for: Callable[[Membership], Client]
) -> None:
    page = _page(client_for(make_membership()), _violation(-4, state="pending"))

    assert "Points in the ledger" not in page


def test_the_page_asks_the_same_number_of_queries_for_one_and_for_three_entries(
    agency: Agency,
    client_for: Callable[[Membership], Client],
    django_assert_max_num_queries: Any,
) -> None:
    client, violation = client_for(make_membership()), _violation(-4)
    _page(client, violation)
    with django_assert_max_num_queries(1000) as one:
        _page(client, violation)
    for points in (-3, -2):
        change_violation(violation=violation, facts={"points": points}, at=NOW, by=None)
    with django_assert_max_num_queries(1000) as three:
        _page(client, violation)
    assert len(one.captured_queries) == len(three.captured_queries)
