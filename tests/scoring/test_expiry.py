"""When points return is mended: the ledger is written anew, whoever says it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from scoring.models import LedgerEntry
from stores.models import Store, Violation
from stores.services.violations import change_violation, record_violation
from tenants.models import Agency, Membership
from tests.api.calls import Api, make_api_key
from tests.factories import make_membership, make_store

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
REPORTED = NOW - 20 * DAY
STATED = NOW + 40 * DAY

Mend = Callable[[Violation, datetime | None], None]


def _violation(store: Store, expires_at: datetime | None, **facts: Any) -> Violation:
    facts = {"points": -24, "reported_at": REPORTED, "expires_at": expires_at, **facts}
    return record_violation(
        store=store, facts=facts, source="integration", at=NOW - 10 * DAY, by=None
    ).violation


def _rows(violation: Violation) -> list[tuple[str, int, datetime, datetime | None]]:
    rows = LedgerEntry.objects.filter(violation=violation).order_by("recorded_at", "id")
    return [(row.kind, row.points, row.occurred_at, row.expires_at) for row in rows]


@pytest.fixture
def by_api(agency: Agency) -> Mend:
    api = Api(make_api_key(agency), agency)

    def mend(violation: Violation, expires_at: datetime | None) -> None:
        told = expires_at and expires_at.isoformat()
        assert api.patch(f"violations/{violation.pk}/", {"expires_at": told})[0] == 200

    return mend


@pytest.fixture
def by_form(agency: Agency, client_for: Callable[[Membership], Client]) -> Mend:
    client = client_for(make_membership())

    def mend(violation: Violation, expires_at: datetime | None) -> None:
        path = f"/violations/{violation.pk}/edit/"
        shown = client.get(path).context["form"]
        sent = {name: shown[name].value() for name in shown.fields}
        typed = expires_at.replace(tzinfo=None).isoformat() if expires_at else ""
        sent = {name: value for name, value in sent.items() if value is not None}
        assert client.post(path, sent | {"expires_at": typed}).status_code == 302

    return mend


@pytest.mark.parametrize("way", ["by_api", "by_form"])
@pytest.mark.parametrize(
    ("before", "after"), [(None, STATED), (STATED, None), (STATED, STATED + DAY)]
)
def test_points_that_return_at_another_time_are_written_anew(
    request: pytest.FixtureRequest,
    agency: Agency,
    way: str,
    before: datetime | None,
    after: datetime | None,
) -> None:
    mend: Mend = request.getfixturevalue(way)
    violation = _violation(make_store(market="US", time_zone="UTC"), before)
    mend(violation, after)
    mend(violation, after)
    violation.refresh_from_db()
    assert violation.expires_at == after
    assert _rows(violation) == [
        ("deduction", -24, REPORTED, before),
        ("reversal", 24, REPORTED, None),
        ("deduction", -24, REPORTED, after),
    ]


def test_a_change_of_something_else_leaves_the_ledger_alone(agency: Agency) -> None:
    violation = _violation(make_store(market="US"), STATED)
    change_violation(violation=violation, facts={"subject": "Bag"}, at=NOW, by=None)
    assert _rows(violation) == [("deduction", -24, REPORTED, STATED)]


def test_points_raised_later_return_with_the_first_ones_when_that_is_mended(
    agency: Agency,
) -> None:
    violation = _violation(make_store(market="US"), None)
    change_violation(violation=violation, facts={"points": -30}, at=NOW - 2 * DAY, by=None)
    change_violation(violation=violation, facts={"expires_at": STATED}, at=NOW - DAY, by=None)
    change_violation(violation=violation, facts={"points": -34}, at=NOW, by=None)
    live = [row for row in _rows(violation) if row[0] == "deduction"][2:]
    assert [(points, expires_at) for _kind, points, _at, expires_at in live] == [
        (-24, STATED),
        (-6, STATED),
        (-4, STATED),
    ]
    assert sum(points for _kind, points, _at, _expires in _rows(violation)) == -34


def test_both_expiries_go_by_the_book_again_when_none_is_stated_any_more(agency: Agency) -> None:
    violation = _violation(make_store(market="US"), STATED)
    change_violation(violation=violation, facts={"points": -30}, at=NOW - 2 * DAY, by=None)
    for _ in range(2):
        change_violation(violation=violation, facts={"expires_at": None}, at=NOW, by=None)
    live = [row for row in _rows(violation) if row[0] == "deduction"][2:]
    assert [(points, expires_at) for _kind, points, _at, expires_at in live] == [
        (-24, None),
        (-6, REPORTED + 180 * DAY),
    ]
