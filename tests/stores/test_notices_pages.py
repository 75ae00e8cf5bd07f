"""Notices on pages: plain text only, undone and set aside once, nobody else's."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring.models import StoreRating
from scoring.services import rating
from stores.models import Notice, Store, Violation
from stores.services import mail_routes, stores
from tenants import scope
from tenants.models import Agency, MailRoute, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.stores import posts

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo & Home")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def test_notice_shows_its_words_as_plain_text_with_trust_in_words(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    notice = factories.make_notice(
        store=store,
        trust="suspicious",
        trust_reasons=["signature_broken", "lookalike_link"],
        reason="signature_broken",
        text='<img src=x onerror=alert(1)> see <a href="https://evil.example">here</a>',
    )

    page = client_for(lead).get(f"/notices/{notice.pk}/").content.decode()

    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "the mail was changed or forged" in page
    assert "only looks like the marketplace" in page
    assert "Record as a violation" in page


def test_undo_on_the_page_restores_the_rating(
    store: Store,
    lead: Membership,
    client_for: ClientFor,
    settings: Any,
    tmp_path: Path,
) -> None:
    # given
    posts.publish_keys(settings, tmp_path)
    rating.rate(store=store, at=posts.SENT)
    before = StoreRating.objects.get().rating
    posts.post(posts.notice(variant="2"), store)
    notice = Notice.objects.get()
    client = client_for(lead)
    page = client.get(f"/notices/{notice.pk}/").content.decode()

    # when
    client.post(f"/notices/{notice.pk}/undo/")
    again = client.post(f"/notices/{notice.pk}/undo/", follow=True)

    # then
    assert "Recorded a violation" in page
    assert "nothing left of this notice to undo" in again.content.decode()
    assert StoreRating.objects.get().rating == before
    assert Violation.objects.get().state == "reversed"
    assert AuditEvent.objects.filter(action="notice.undone", member=lead).count() == 1


def test_set_aside_settles_a_waiting_notice_once(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    notice = factories.make_notice(store=store)
    client = client_for(lead)

    client.post(f"/notices/{notice.pk}/set-aside/")
    again = client.post(f"/notices/{notice.pk}/set-aside/", follow=True)

    notice.refresh_from_db()
    assert (notice.state, notice.handled_by) == ("set_aside", lead)
    assert "does not wait any more" in again.content.decode()
    assert client.get(f"/violations/new/?store={store.pk}&notice={notice.pk}").status_code == 200
    assert not Violation.objects.exists()


def test_list_filters_by_state_trust_and_kind(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    factories.make_notice(store=store, subject="first", kind="news")
    factories.make_notice(store=None, subject="second", trust="suspicious")
    factories.make_notice(store=store, subject="third", state="acted")

    def listed(query: str) -> list[str]:
        rows = client_for(lead).get(f"/notices/?{query}").context["rows"]
        return [row["title"] for row in rows]

    assert listed("") == ["third", "second", "first"]
    assert listed("state=triage") == ["second", "first"]
    assert listed("trust=suspicious") == ["second"]
    assert listed("kind=news") == ["first"]
    assert listed(f"store={store.pk}&state=acted") == ["third"]
    assert listed("state=nonsense") == ["third", "second", "first"]


def test_list_has_the_same_queries_for_one_row_and_three(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    factories.make_notice(store=store)
    client.get("/notices/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/notices/").status_code == 200
        return len(captured)

    of_one = queries()
    factories.make_notice(store=factories.make_store())
    factories.make_notice(store=None)
    assert queries() == of_one


def test_notices_are_for_staff_and_those_of_no_store_for_who_sees_all(
    store: Store, lead: Membership, other_agency: Agency, client_for: ClientFor
) -> None:
    # given
    of_store, of_none = factories.make_notice(store=store), factories.make_notice(store=None)
    customer, specialist = (factories.make_membership(role) for role in ("client", "specialist"))
    auditor = factories.make_membership("auditor")
    factories.make_access(customer, store)
    factories.make_access(specialist, store)
    with scope.agency(other_agency):
        foreign = factories.make_notice(store=None)

    # then
    assert client_for(customer).get("/notices/").status_code == 403
    assert client_for(customer).get(f"/notices/{of_store.pk}/").status_code == 403
    assert client_for(auditor).post(f"/notices/{of_store.pk}/undo/").status_code == 403
    assert client_for(specialist).get(f"/notices/{of_store.pk}/").status_code == 200
    assert client_for(specialist).get(f"/notices/{of_none.pk}/").status_code == 404
    for pk in (foreign.pk, uuid4(), "x"):
        assert client_for(lead).get(f"/notices/{pk}/").status_code == 404
        assert client_for(lead).post(f"/notices/{pk}/undo/").status_code == 404
        assert client_for(lead).post(f"/notices/{pk}/set-aside/").status_code == 404
        assert client_for(lead).get(f"/violations/new/?notice={pk}").status_code == 404


# -- addresses --------------------------------------------------------------------------------


def test_agency_and_new_stores_have_an_address_of_their_own(
    agency: Agency, lead: Membership
) -> None:
    store = stores.create_store(
        name="Lanna", marketplace="tiktok_shop", market="TH", by=lead, at=datetime.now(UTC)
    )

    routes = MailRoute.objects.filter(agency=agency, store_id__in=[store.pk])
    assert routes.count() == 1
    assert MailRoute.objects.filter(agency=agency, store_id=None).count() == 1
    assert len(routes.get().local_part) == 14


def test_mail_settings_show_addresses_and_change_the_forwarders(
    store: Store, client_for: ClientFor
) -> None:
    # given
    owner = factories.make_membership("owner")
    client = client_for(owner)

    # when
    page = client.get("/settings/mail/").content.decode()
    client.post("/settings/mail/forwarders/", {"address": " Ops@Harbour.example "})
    refused = client.post("/settings/mail/forwarders/", {"address": "no-reply@tiktok.com"})
    wrong = client.post("/settings/mail/forwarders/", {"address": "nonsense"})

    # then
    address = mail_routes.address_of(posts.route_to(store))
    assert address in page
    assert posts.route_to(None).forwarders == ["ops@harbour.example"]
    assert (refused.status_code, wrong.status_code) == (422, 422)
    assert "prove themselves" in refused.content.decode()
    assert AuditEvent.objects.filter(action="mail.forwarder_added").count() == 1

    client.post("/settings/mail/forwarders/remove/", {"address": "ops@harbour.example"})
    assert posts.route_to(None).forwarders == []


def test_settings_and_store_page_show_the_address_to_those_who_need_it(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    owner, auditor = factories.make_membership("owner"), factories.make_membership("auditor")
    of_store = mail_routes.address_of(posts.route_to(store))
    of_agency = mail_routes.address_of(posts.route_to(None))

    def shows(member: Membership, path: str, address: str) -> bool:
        return address in client_for(member).get(path).content.decode()

    # then
    assert shows(owner, "/settings/", of_agency)
    assert not shows(lead, "/settings/", of_agency)
    assert shows(lead, f"/stores/{store.pk}/", of_store)
    assert not shows(auditor, f"/stores/{store.pk}/", of_store)
    assert client_for(lead).get("/settings/mail/").status_code == 403


def test_forwarders_of_one_agency_do_not_count_in_another(
    agency: Agency, other_agency: Agency
) -> None:
    owner = factories.make_membership("owner")
    mail_routes.add_forwarder(address="ops@harbour.example", by=owner, at=datetime.now(UTC))

    assert mail_routes.forwarders_of(agency) == {"ops@harbour.example"}
    assert mail_routes.forwarders_of(other_agency) == frozenset()


def test_a_store_without_notices_says_so_and_offers_its_address(
    agency: Agency, client_for: ClientFor
) -> None:
    # given
    lead, auditor = factories.make_membership(), factories.make_membership("auditor")
    store = stores.create_store(
        name="Quiet", marketplace="tiktok_shop", market="VN", by=lead, at=datetime.now(UTC)
    )
    factories.make_notice(store=factories.make_store())
    client = client_for(lead)
    store_page = client.get(f"/stores/{store.pk}/").content.decode()
    (shown,) = re.findall(r'id="store-mail-address">([^<]+)<', store_page)

    # when
    of_store = client.get(f"/notices/?store={store.pk}").content.decode()
    filtered = client.get(f"/notices/?store={store.pk}&state=triage").content.decode()
    for_reader = client_for(auditor).get(f"/notices/?store={store.pk}").content.decode()

    # then
    told = ["No notice has come to this store yet", "Nothing matches", shown]
    assert [words in of_store for words in told] == [True, False, True]
    assert [words in filtered for words in told] == [False, True, False]
    assert [words in for_reader for words in told] == [True, False, False]


# -- of another store -------------------------------------------------------------------------


def make_of_another(store: Store, named: str) -> Notice:
    return factories.make_notice(
        store=store,
        kind="violation",
        reason="other_store",
        subject="Policy violation",
        text=f"Shop name: {named}\nViolation ID: 8837261940\n{NAMELESS}",
        received_at=datetime(2026, 7, 2, tzinfo=UTC),
    )


def chosen(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected', page)


def test_notice_of_another_store_proposes_the_store_it_names_and_is_recorded_there(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    named = factories.make_store(name="Harbour Goods")
    notice, client = make_of_another(store, "Harbour Goods"), client_for(lead)
    path = f"/violations/new/?notice={notice.pk}"

    # when
    asked = client.get(path).content.decode()
    form = client.get(f"{path}&store={named.pk}").context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value is not None}
    sent |= {
        name: value.strftime("%Y-%m-%dT%H:%M")
        for name, value in sent.items()
        if isinstance(value, datetime)
    }
    answer = client.post(f"{path}&store={named.pk}", sent)

    # then
    assert chosen(asked) == [str(named.pk)]
    assert "names another store" in asked
    assert answer.status_code == 302
    assert Violation.objects.get().store == named
    notice.refresh_from_db()
    assert (notice.state, notice.store) == ("acted", named)


@pytest.mark.parametrize("named", ["Harbour Goods", "Nobody's Shop"])
def test_store_out_of_reach_or_unknown_is_not_proposed(
    store: Store, client_for: ClientFor, named: str
) -> None:
    hidden = factories.make_store(name="Harbour Goods")
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    notice = make_of_another(store, named)

    page = client_for(specialist).get(f"/violations/new/?notice={notice.pk}").content.decode()

    assert chosen(page) in ([], [""])
    assert str(hidden.pk) not in page
    assert "Choose the store that it names" in page


# -- which it may be --------------------------------------------------------------------------

NAMELESS = (
    "Violation type: Counterfeit\nStatus: Enforcement action taken\nPoints deducted: 12\n"
    "Enforced on: 2026-07-01 10:00 UTC"
)


def make_nameless(store: Store) -> Notice:
    return factories.make_notice(
        store=store,
        kind="violation",
        reason="maybe_known",
        subject="Policy violation",
        text=NAMELESS,
        received_at=datetime(2026, 7, 2, tzinfo=UTC),
    )


def test_notice_names_the_violation_it_may_be_and_a_person_says_so(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    known = factories.make_violation(store=store, rule="counterfeit", reference="8837261940")
    other = factories.make_violation(store=store, rule="wrong_category", reference="8837261941")
    notice, client = make_nameless(store), client_for(lead)

    # when
    page = client.get(f"/notices/{notice.pk}/").content.decode()
    not_offered = client.post(f"/notices/{notice.pk}/is/{other.pk}/")
    answer = client.post(f"/notices/{notice.pk}/is/{known.pk}/")
    again = client.post(f"/notices/{notice.pk}/is/{known.pk}/", follow=True)

    # then
    assert f'href="/violations/{known.pk}/"' in page
    assert f"/violations/{other.pk}/" not in page
    assert ("It is this one" in page, "Record as another violation" in page) == (True, True)
    assert (not_offered.status_code, answer.status_code) == (404, 302)
    assert "somebody has handled it" in again.content.decode()
    notice.refresh_from_db()
    assert (notice.state, notice.did, notice.handled_by) == (
        "acted",
        [{"did": "violation_known", "id": str(known.pk)}],
        lead,
    )
    assert Violation.objects.count() == 2


def test_only_who_may_record_says_which_violation_it_is(
    store: Store, other_agency: Agency, client_for: ClientFor
) -> None:
    known = factories.make_violation(store=store, rule="counterfeit")
    notice = make_nameless(store)
    auditor, specialist = (
        factories.make_membership("auditor"),
        factories.make_membership("specialist"),
    )
    with scope.agency(other_agency):
        theirs = factories.make_violation(store=factories.make_store(), rule="counterfeit")
    lead = factories.make_membership()

    path = f"/notices/{notice.pk}/is/{known.pk}/"
    assert client_for(auditor).post(path).status_code == 403
    assert client_for(specialist).post(path).status_code == 404
    assert client_for(lead).post(f"/notices/{notice.pk}/is/{theirs.pk}/").status_code == 404
    assert client_for(lead).post(f"/notices/{notice.pk}/is/none/").status_code == 404
    assert (
        "It is this one" not in client_for(auditor).get(f"/notices/{notice.pk}/").content.decode()
    )
    notice.refresh_from_db()
    assert notice.state == "triage"


def test_notice_asks_the_same_queries_of_one_that_it_may_be_and_of_three(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client, notice = client_for(lead), make_nameless(store)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/notices/{notice.pk}/").status_code == 200
        return len(captured)

    factories.make_violation(store=store, rule="counterfeit")
    queries()
    of_one = queries()
    for _number in range(2):
        factories.make_violation(store=store, rule="counterfeit")

    assert queries() == of_one
