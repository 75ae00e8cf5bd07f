"""Triage that learns: what a person said once of a notice, the like is recognised by."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from stores.mailin.envelope import read_mail
from stores.mailin.trust import Level, Trust
from stores.models import Notice, Reading, Store, TaughtForm, Violation
from stores.services import notices, teaching, violations
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories
from tests.stores.mailin import mails

ClientFor = Callable[[Membership], HttpClient]
AT = datetime(2026, 7, 14, tzinfo=UTC)
SENT = datetime(2026, 7, 1, 3, tzinfo=UTC)
SPANISH = (
    "Hola {shop},\n\nSu tienda ha recibido una infracción.\n\nReferencia: {reference}\n"
    "Motivo: Counterfeit\nArtículo: {item}\nPuntos: {points}\n"
    "Plazo para recurrir: {day} 23:59:59 UTC\n\nYa está en vigor."
)
SUBJECT = "Infracción {reference}"


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Casa Azul", market="ES")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def take(
    text: str,
    store: Store | None,
    *,
    subject: str = "Aviso",
    trust: str = "proven",
    sender: str = mails.MARKETPLACE,
) -> Notice:
    raw = mails.plain(text, subject=subject, sender=sender)
    mail = read_mail(raw)
    judged = Trust(cast("Level", trust), ("marketplace_signature",), (mail,))
    incoming = notices.Incoming(raw, mail.digest, store.pk if store else None, AT)
    (notice,) = notices.take_mail(incoming=incoming, judged=judged, at=AT)
    return notice


def spanish(store: Store, reference: str = "ES-2026-551", **changes: Any) -> Notice:
    values = {"shop": "Casa Azul", "item": "Lámpara", "points": "12", "day": "2026-07-31"}
    trust, sender = changes.pop("trust", "proven"), changes.pop("sender", mails.MARKETPLACE)
    text = SPANISH.format(reference=reference, **(values | changes))
    return take(
        text, store, subject=SUBJECT.format(reference=reference), trust=trust, sender=sender
    )


def teach(notice: Notice, store: Store, lead: Membership, **changes: Any) -> Violation:
    """Record a notice as the violation that it tells of, as a person does on the page."""
    facts = {
        "reference": "ES-2026-551",
        "rule": "counterfeit",
        "subject": "Lámpara",
        "points": -12,
        "state": "enforced",
        "reported_at": SENT,
        "enforced_at": SENT,
        "appeal_by": datetime(2026, 7, 31, 23, 59, 59, tzinfo=UTC),
    }
    kept = violations.record_violation(
        store=store, facts=facts | changes, source="person", at=AT, by=lead, notice=notice
    )
    notices.act_by_hand(notice=notice, violation=kept.violation, is_new=True, by=lead, at=AT)
    return kept.violation


def test_the_like_of_a_classified_notice_is_read_by_the_same_words(
    store: Store, lead: Membership
) -> None:
    # given
    first = spanish(store)
    assert (first.state, first.kind) == ("triage", "")
    teach(first, store, lead)

    # when
    second = spanish(store, "ES-2026-777", points="4", item="Silla plegable", day="2026-08-02")

    # then
    violation = Violation.objects.get(reference="ES-2026-777")
    assert (violation.rule, violation.points, violation.subject, violation.state) == (
        "counterfeit",
        -4,
        "Silla plegable",
        "enforced",
    )
    assert violation.appeal_by == datetime(2026, 8, 2, 23, 59, 59, tzinfo=UTC)
    assert violation.reported_at == SENT
    assert (second.state, second.kind, second.recognised_by) == (
        "acted",
        "violation",
        TaughtForm.objects.get(),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"trust": "suspicious"},
        {"sender": "no-reply@elsewhere.example"},
    ],
)
def test_what_is_not_believed_or_comes_from_elsewhere_is_not_recognised(
    store: Store, lead: Membership, changes: dict[str, str]
) -> None:
    teach(spanish(store), store, lead)

    other = spanish(store, "ES-2026-777", **changes)

    assert (other.state, other.kind, other.recognised_by) == ("triage", "", None)
    assert Violation.objects.count() == 1


def test_other_wording_is_not_the_like(store: Store, lead: Membership) -> None:
    teach(spanish(store), store, lead)

    text = SPANISH.format(
        shop="Casa Azul", reference="ES-2026-777", item="Silla", points="4", day="2026-08-02"
    ).replace("Ya está en vigor", "Aún no está en vigor")
    other = take(text, store, subject=SUBJECT.format(reference="ES-2026-777"))

    assert (other.state, other.recognised_by) == ("triage", None)


@pytest.mark.parametrize(
    ("taught", "changes"),
    [
        ({"points": -9}, {}),  # what she entered stands nowhere in the notice
        ({"subject": ""}, {"item": "Silla"}),  # words that she did not explain differ
        ({}, {"points": "1.234"}),  # a number that could be two
        ({"rule": "knock_off"}, {}),
    ],
)
def test_only_the_kind_is_filled_where_a_fact_is_in_doubt(
    store: Store, lead: Membership, taught: dict[str, Any], changes: dict[str, str]
) -> None:
    teach(spanish(store), store, lead, **taught)

    other = spanish(store, "ES-2026-777", **changes)

    assert (other.state, other.kind) == ("triage", "violation")
    assert other.recognised_by is not None
    assert Violation.objects.count() == 1


def test_nothing_is_learnt_from_a_suspicious_notice(store: Store, lead: Membership) -> None:
    teach(spanish(store, trust="suspicious"), store, lead)

    assert not TaughtForm.objects.exists()


def test_forgotten_form_recognises_nothing_more(store: Store, lead: Membership) -> None:
    teach(spanish(store), store, lead)
    form = TaughtForm.objects.get()

    teaching.forget(form=form, by=lead, at=AT)

    assert spanish(store, "ES-2026-777").recognised_by is None


def test_what_one_agency_taught_is_unknown_to_another(
    store: Store, lead: Membership, other_agency: Agency, client_for: ClientFor
) -> None:
    teach(spanish(store), store, lead)
    form = TaughtForm.objects.get()

    with scope.agency(other_agency):
        theirs = factories.make_store(name="Casa Azul", market="ES")
        other = spanish(theirs, "ES-2026-777")
        stranger = factories.make_membership("owner")
        assert (other.state, other.recognised_by) == ("triage", None)
        client = client_for(stranger)
        assert "Infracción" not in client.get("/notices/taught/").content.decode()
        assert client.post(f"/notices/taught/{form.pk}/forget/").status_code == 404


# -- on the pages -----------------------------------------------------------------------------

IDLE = "Hola,\n\nNo vemos actividad en su tienda desde hace {days} días.\n\nInicie sesión."


def test_page_classifies_a_notice_and_the_next_is_acted_on(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    notice = take(IDLE.format(days=31), store)
    client = client_for(lead)
    page = client.get(f"/notices/{notice.pk}/").content.decode()

    # when
    asked = client.get(f"/notices/{notice.pk}/as/inactivity/")
    wrong = client.post(f"/notices/{notice.pk}/as/inactivity/", {"days": "0"})
    done = client.post(f"/notices/{notice.pk}/as/inactivity/", {"days": "31"})
    again = client.post(f"/notices/{notice.pk}/as/inactivity/", {"days": "31"})
    later = take(IDLE.format(days=45), store)

    # then
    assert f"/notices/{notice.pk}/as/inactivity/" in page
    assert (asked.status_code, wrong.status_code, again.status_code) == (200, 422, 422)
    assert done.headers["location"] == f"/notices/{notice.pk}/"
    assert list(Reading.objects.order_by("id").values_list("value", "source")) == [
        (Decimal(31), "person"),
        (Decimal(45), "mail"),
    ]
    assert (later.state, later.kind) == ("acted", "inactivity")
    taught = client.get("/notices/taught/").content.decode()
    assert "Aviso" in taught
    client.post(f"/notices/taught/{TaughtForm.objects.get().pk}/forget/")
    assert "Nothing was taught yet" in client.get("/notices/taught/").content.decode()


@pytest.mark.parametrize("kind", ["news", "other"])
def test_kind_without_facts_is_read_and_so_is_the_like_of_any_store(
    store: Store, lead: Membership, client_for: ClientFor, kind: str
) -> None:
    notice = take("Estimados vendedores, hay una feria en Madrid.", None)

    client_for(lead).post(f"/notices/{notice.pk}/as/{kind}/")
    like = take("Estimados  vendedores, hay una feria en Madrid.\n", None)

    notice.refresh_from_db()
    assert [(one.state, one.kind) for one in (notice, like)] == [("read", kind)] * 2
    assert notice.handled_by == lead


def test_classifying_what_cannot_be_says_so_and_writes_nothing(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    notice = take("Su corrección fue aceptada: ES-2026-551.", store)

    answer = client_for(lead).post(
        f"/notices/{notice.pk}/as/correction_result/",
        {"reference": "ES-2026-551", "outcome": "accepted", "decided_at": ""},
    )

    assert answer.status_code == 422
    assert "We know no violation of this reference" in answer.content.decode()
    notice.refresh_from_db()
    assert (notice.state, TaughtForm.objects.count()) == ("triage", 0)


def test_page_tells_the_share_that_was_read_by_itself(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    at = datetime.now(UTC)
    factories.make_notice(store=store, state="acted", reason="")
    undone = factories.make_notice(store=store, state="undone", reason="")
    for reason in ("unrecognised", "store_unclear"):
        factories.make_notice(store=store, state="set_aside", reason=reason)
    factories.make_notice(store=store, trust="suspicious", reason="signature_missing")
    factories.make_notice(store=store, channel="paste", state="acted", reason="")
    factories.make_notice(
        store=store, state="acted", reason="", received_at=at - timedelta(days=31)
    )

    share = client_for(lead).get("/notices/").context["share"]

    assert (share.by_itself, share.by_person, share.undone, share.percent) == (2, 2, 1, 50)
    assert undone.state == "undone"


def test_teaching_is_for_who_may_record_and_in_reach(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    notice = take(IDLE.format(days=31), store)
    teach(spanish(store), store, lead)
    form = TaughtForm.objects.get()
    auditor, outsider = (
        factories.make_membership("auditor"),
        factories.make_membership("specialist"),
    )
    factories.make_access(outsider, factories.make_store())

    assert client_for(auditor).get("/notices/taught/").status_code == 200
    assert client_for(auditor).post(f"/notices/taught/{form.pk}/forget/").status_code == 403
    assert client_for(auditor).post(f"/notices/{notice.pk}/as/other/").status_code == 403
    assert client_for(outsider).post(f"/notices/{notice.pk}/as/other/").status_code == 404
    assert client_for(outsider).post(f"/notices/taught/{form.pk}/forget/").status_code == 404
    assert "Infracción" not in client_for(outsider).get("/notices/taught/").content.decode()
    assert client_for(lead).get(f"/notices/{notice.pk}/as/nonsense/").status_code == 404


def test_list_of_what_was_taught_asks_the_same_queries_for_one_and_three(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    notice = take(IDLE.format(days=31), store)

    def make(number: int) -> None:
        TaughtForm.objects.create(
            sender_domain="tiktok.com",
            digest=f"{number}",
            kind="news",
            example="One",
            notice=notice,
            taught_at=AT + timedelta(minutes=number),
            taught_by=lead,
        )

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/notices/taught/").status_code == 200
        return len(captured)

    make(1)
    queries()
    of_one = queries()
    make(2)
    make(3)

    assert queries() == of_one
