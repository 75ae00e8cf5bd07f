"""Two agencies: whatever address is asked with the other's ids, session, key or handoff."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import get_resolver

from tenants import scope
from tenants.models import Agency, Membership
from tenants.services.agencies import agency_host
from tests import factories
from tests.api.calls import make_api_key

CANARY = "zq9canary"  # in every text of the other agency that a page could show
NAMED = "Canary Store zq9canary"


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            pattern.address = "/" + prefix + str(pattern.pattern)  # type: ignore[attr-defined]
            yield pattern


def _addresses() -> list[tuple[str, list[str]]]:
    """Return each agency page's address, as a format string, with the names it takes."""
    found = []
    for pattern in _walk(get_resolver(settings.ROOT_URLCONF).url_patterns):
        address: str = pattern.address  # type: ignore[attr-defined]
        names = list(pattern.pattern.converters)
        for name, converter in pattern.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            kind = {"string": "str"}.get(kind, kind)
            address = address.replace(f"<{kind}:{name}>", f"{{{name}}}")
            address = address.replace(f"<{name}>", f"{{{name}}}")
        found.append((address, names))
    return found


def _fill(agency: Agency) -> dict[str, UUID]:
    """Write rows of the other agency, and return one id of each kind of row that it has."""
    with scope.agency(agency):
        store = factories.make_store(name=NAMED)
        factories.make_client(name=f"Client {CANARY}")
        factories.make_group(name=f"Group {CANARY}", stores=[store])
        factories.make_connection(store=store)
        factories.make_order(store)
        factories.make_reading(store, "balance", 1)
        factories.make_sub_account(store, name=f"Seat {CANARY}")
        factories.make_alert(store)
        violation = factories.make_violation(store=store, subject=f"Subject {CANARY}")
        attempt = factories.make_attempt(violation=violation, grounds=CANARY)
        factories.make_evidence(attempt, title=f"Scan {CANARY}")
        factories.make_remediation(store=store, title=f"Work {CANARY}", steps=[CANARY])
        member = factories.make_membership("lead", user=factories.make_user(name=f"Lee {CANARY}"))
        item = factories.make_item()
        round_ = factories.make_round(store, item)
        factories.make_schedule(item.procedure)
        factories.make_tick(round_, item, member, note=CANARY)
        ids: dict[str, UUID] = {"tenants.membership": member.pk}
        for model in _agency_models():
            row = model._default_manager.first()
            if row is not None:
                ids[model._meta.label_lower] = row.pk
    return ids


def _agency_models() -> list[type[Model]]:
    labels = [name.rsplit(".", 1)[-1] for name in settings.TENANT_APPS]
    return [model for label in labels for model in apps.get_app_config(label).get_models()]


def _asks_who(answer: Any) -> bool:
    """Tell whether the answer leads to the sign-in page, or asks to prove oneself again."""
    return answer.status_code == 302 and "/enter/" in answer["location"]


@pytest.fixture
def theirs(agency: Agency, other_agency: Agency) -> dict[str, UUID]:
    return _fill(other_agency)


@pytest.fixture
def owner(agency: Agency) -> Membership:
    return factories.make_membership("owner")


def test_the_walk_reaches_pages_that_take_ids(agency: Agency, theirs: dict[str, UUID]) -> None:
    with_ids = [address for address, names in _addresses() if names]
    assert len(with_ids) > 20
    assert len(theirs) > 12


def test_another_agencys_ids_are_not_found_at_any_address(
    agency: Agency, theirs: dict[str, UUID], owner: Membership
) -> None:
    client = factories.signed_in_client(owner)
    wrong = set()
    for address, names in _addresses():
        if not names or address.startswith("/api/"):
            continue
        for label, row_id in theirs.items():
            path = address.format(**dict.fromkeys(names, row_id))
            for method in (client.get, client.post):
                answer = method(path)
                is_refused = answer.status_code in {404, 405} or _asks_who(answer)
                if not is_refused or CANARY in answer.content.decode():
                    wrong.add((method.__name__, address, label, answer.status_code))
    assert wrong == set()


def test_another_agencys_ids_are_not_found_in_the_api(
    agency: Agency, theirs: dict[str, UUID]
) -> None:
    key = make_api_key(agency)
    client = Client(headers={"host": agency_host(agency.slug), "authorization": f"Bearer {key}"})
    wrong = set()
    for address, names in _addresses():
        if not names or not address.startswith("/api/v1/"):
            continue
        for label, row_id in theirs.items():
            path = address.format(**dict.fromkeys(names, row_id))
            for method in (client.get, client.post, client.patch):
                status = method(path, content_type="application/json").status_code
                if status not in {404, 405}:
                    wrong.add((method.__name__, address, label, status))
    assert wrong == set()


def test_no_page_without_ids_shows_the_other_agencys_rows(
    agency: Agency, theirs: dict[str, UUID], owner: Membership
) -> None:
    client = factories.signed_in_client(owner)
    shown = {}
    for address, names in _addresses():
        if not names:
            answer = client.get(address)
            shown[address] = (answer.status_code < 500, CANARY in answer.content.decode())
    assert {address: told for address, told in shown.items() if told != (True, False)} == {}


def test_a_session_of_another_agency_opens_no_address(
    agency: Agency, other_agency: Agency, theirs: dict[str, UUID], owner: Membership
) -> None:
    replayed = factories.signed_in_client(owner)
    client = Client(headers={"host": agency_host(other_agency.slug)})
    client.cookies[settings.SESSION_COOKIE_NAME] = replayed.cookies[
        settings.SESSION_COOKIE_NAME
    ].value
    store_id = theirs["stores.store"]
    opened: list[Any] = []
    for address, names in _addresses():
        path = address.format(**dict.fromkeys(names, store_id))
        answer = client.get(path)
        is_sent_away = _asks_who(answer)
        is_refused = answer.status_code in {401, 403, 404, 405}
        if not (is_sent_away or is_refused) or CANARY in answer.content.decode():
            opened.append((path, answer.status_code))
    # The API's description tells of no agency, and the handoff's own door answers by itself.
    assert [
        path for path, _status in opened if not path.startswith(("/api/schema", "/api/docs"))
    ] == []


def test_a_person_of_another_agency_with_a_session_here_has_no_seat(
    agency: Agency, other_agency: Agency, theirs: dict[str, UUID], owner: Membership
) -> None:
    stranger = factories.signed_in_client(
        Membership(agency=other_agency, user=owner.user, user_id=owner.user_id)
    )
    statuses = {
        address: stranger.get(address).status_code
        for address, names in _addresses()
        if not names and not address.startswith("/api/")
    }
    open_doors = {"/handoff/", "/csp-report/"}
    assert {
        address: status
        for address, status in statuses.items()
        if status != 404 and address not in open_doors
    } == {}


def test_a_key_of_another_agency_opens_no_address(
    agency: Agency, other_agency: Agency, theirs: dict[str, UUID]
) -> None:
    key = make_api_key(agency)
    client = Client(
        headers={"host": agency_host(other_agency.slug), "authorization": f"Bearer {key}"}
    )
    paths = [
        address.format(**dict.fromkeys(names, theirs["stores.store"]))
        for address, names in _addresses()
        if address.startswith("/api/v1/")
    ]
    assert len(paths) >= 8
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 401)
