"""Pasting: looked over first and exactly, written all or nothing, and once."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring.models import LedgerEntry, PlatformRating
from stores.mailin import pasted
from stores.models import Enforcement, Notice, Reading, Store, Violation
from stores.services import notices, pastes
from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.api.calls import Api, make_api_key

ClientFor = Callable[[Membership], HttpClient]
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
AT = datetime.now(UTC)
NOTICE = (
    "Policy violation\n\nViolation ID: 8837261940\nViolation type: Counterfeit\n"
    "Status: Enforcement action taken\nPoints deducted: 12"
)
HEALTH = (
    "Account health\nAccount Health Rating\n176\nOpen violations: 3\n"
    "Total points deducted (90 days): 24"
)
INBOX = """Take Action Now: Review Your Account Health Daily Report
Your Account Health Rating is currently at 180 points.
{first}

Policy update: Prohibited Products
We are updating our policy.
{second}

Return/Refund Request Received
A buyer asks for a refund.
{second}
"""


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo House", market="US")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def inbox() -> str:
    day = AT.strftime("%Y-%m-%d 00:00 UTC")
    return INBOX.format(first=day, second=day)


def look(client: HttpClient, text: str, store: Store | None) -> Any:
    values = {"text": text, "store": str(store.pk) if store else "", "step": "look"}
    return client.post("/paste/", values)


def carried(page: Any) -> dict[str, str]:
    """What the page that was looked over sends back with the yes."""
    form = page.context["form"]
    return {name: form.data.get(name, "") for name in ("text", "store", "nonce", "seen")}


def counts() -> tuple[int, ...]:
    models = (Notice, Violation, LedgerEntry, PlatformRating, Reading, Enforcement)
    return tuple(model._default_manager.count() for model in models)


# -- entries ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "One title\n2026-07-01 10:00\n\nTwo title\nA line of it\n2026-07-02 10:00",
            [("One title", "One title", 1), ("Two title", "A line of it", 2)],
            id="blocks",
        ),
        pytest.param(
            "One title\t2026-07-01 10:00\nTwo title\t2026-07-02 10:00",
            [("One title", "One title", 1), ("Two title", "Two title", 2)],
            id="a date in every line",
        ),
        pytest.param(
            "2026-07-01 10:00\nOne title\n2026-07-02 10:00\nTwo title",
            [("One title", "One title", 1), ("Two title", "Two title", 2)],
            id="by turns",
        ),
        pytest.param(
            "违规通知\n2026年7月1日 10:00\n政策更新\n2026年7月2日 10:00",
            [("违规通知", "违规通知", 1), ("政策更新", "政策更新", 2)],
            id="chinese, by turns",
        ),
        pytest.param(
            "Title\n2026-07-01 10:00\nwords of whom?\nOther title\n2026-07-02 10:00",
            [("Title", "2026-07-01 10:00\nwords of whom?\nOther title\n2026-07-02 10:00", None)],
            id="which date is whose nobody can tell",
        ),
        pytest.param(
            "Violation ID: 5551212\nEnforced on: 2026-07-01 10:00\nAppeal by: 2026-07-31 10:00",
            [
                (
                    "",
                    (
                        "Violation ID: 5551212\nEnforced on: 2026-07-01 10:00\n"
                        "Appeal by: 2026-07-31 10:00"
                    ),
                    None,
                )
            ],
            id="labels with dates are one notice",
        ),
        pytest.param(
            "We found it on 2026-07-01\n\nPlease appeal by 2026-07-31",
            [("We found it on 2026-07-01", "Please appeal by 2026-07-31", None)],
            id="sentences that end with a date are one notice",
        ),
        pytest.param("", [], id="nothing"),
    ],
)
def test_text_is_a_list_only_where_each_date_has_its_entry(
    text: str, found: list[tuple[str, str, int | None]]
) -> None:
    mails = pasted.pieces(text, zone=HANOI)

    assert [
        (mail.subject, mail.text, mail.sent_at.astimezone(HANOI).day if mail.sent_at else None)
        for mail in mails
    ] == found


# -- looked over and written ------------------------------------------------------------------


def test_paste_is_looked_over_without_writing_and_then_written_once(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    client = client_for(lead)
    before = counts()

    # when
    page = look(client, NOTICE, store)
    looked_over = counts()
    first = client.post("/paste/", carried(page) | {"step": "save"})
    again = client.post("/paste/", carried(page) | {"step": "save"})

    # then
    words = page.content.decode()
    assert ("Recorded a violation" in words, "8837261940" in words) == (True, True)
    assert looked_over == before
    notice, violation = Notice.objects.get(), Violation.objects.get()
    assert first.headers["location"] == again.headers["location"] == f"/notices/{notice.pk}/"
    assert (notice.channel, notice.trust, notice.state, notice.kind, notice.handled_by) == (
        "paste",
        "unverified",
        "acted",
        "violation",
        lead,
    )
    assert (violation.reference, violation.points, violation.source, violation.recorded_by) == (
        "8837261940",
        -12,
        "person",
        lead,
    )
    assert LedgerEntry.objects.filter(violation=violation).count() == 1
    assert AuditEvent.objects.filter(action="notice.pasted", member=lead).count() == 1
    shown = client.get(f"/notices/{notice.pk}/").content.decode()
    assert "It stands on the word of who pasted it" in shown


def test_pasting_the_same_again_is_known_and_leaves_no_other_notice(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    client = client_for(lead)
    text = NOTICE + "\nYou can appeal within 30 days."
    paste = pastes.Paste(text, store, Store.objects.all())
    early = AT - timedelta(days=5)
    seen = pastes.look_over(paste, by=lead, at=early).seen
    pastes.write(paste, nonce=uuid4(), seen=seen, by=lead, at=early)
    before = counts(), Violation.objects.values().get()

    # when the same is pasted, and the same in other words
    page = look(client, text.replace("\n", "\r\n"), store)
    again = client.post("/paste/", carried(page) | {"step": "save"})
    unchanged = counts(), Violation.objects.values().get()
    other = look(client, text + "\nRegards", store)
    client.post("/paste/", carried(other) | {"step": "save"})

    # then
    words = page.content.decode()
    assert "known, nothing new" in words
    assert "Recorded a violation" not in words
    assert (again.status_code, "nothing new" in again.content.decode()) == (422, True)
    assert unchanged == before
    assert Violation.objects.values().get() == before[1]
    assert "Told of a violation that is known already" in other.content.decode()
    assert Notice.objects.count() == 2


@pytest.mark.parametrize(
    ("told", "reference"),
    [("A17", "A17"), ("123", "123"), ("12", ""), ("12.5", ""), ("2026-11-10", "")],
)
def test_short_reference_behind_a_chinese_label_is_read(
    store: Store, lead: Membership, told: str, reference: str
) -> None:
    text = f"违规通知\n违规编号:{told}\n违规类型:假冒商品\n状态:已处罚\n扣分:4分"

    plan = pastes.look_over(pastes.Paste(text, store, Store.objects.all()), by=lead, at=AT)

    read = [getattr(one, "reference", None) or "" for one in plan.pieces[0].findings]
    assert read == [reference]


def test_paste_that_was_undone_may_be_pasted_again(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    client.post("/paste/", carried(look(client, NOTICE, store)) | {"step": "save"})
    notices.undo(notice=Notice.objects.get(), by=lead, at=datetime.now(UTC))

    page = look(client, NOTICE, store)

    assert "known, nothing new" not in page.content.decode()


def test_other_text_with_a_form_that_was_sent_is_refused_in_words(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    sent = carried(look(client, NOTICE, store)) | {"step": "save"}
    client.post("/paste/", sent)

    other = NOTICE.replace("8837261940", "8837261941")
    answer = client.post("/paste/", sent | {"text": other})

    assert answer.status_code == 422
    assert "written already" in answer.content.decode()
    assert Violation.objects.count() == 1


def test_date_in_a_sentence_is_when_it_was_reported_and_deadlines_count_from_it(
    agency: Agency, lead: Membership, client_for: ClientFor
) -> None:
    # given
    store = factories.make_store(market="VN", time_zone="Asia/Ho_Chi_Minh")
    day = (AT - timedelta(days=20)).astimezone(HANOI).replace(hour=14, minute=29, second=0)
    day = day.replace(microsecond=0)
    text = (
        "Violation notice\n\nThe record 301011123 was created on"
        f" {day:%b} {day.day}, {day.year}, 02:29 PM GMT+07:00, and 4 points were taken."
        " Reason: Counterfeit.\nYou can appeal within 30 days."
    )
    client = client_for(lead)

    # when
    page = look(client, text, store)
    client.post("/paste/", carried(page) | {"step": "save"})

    # then
    kept = Violation.objects.get()
    assert (kept.reported_at, kept.enforced_at) == (day, day)
    assert kept.appeal_by == day + timedelta(days=30)
    words = page.content.decode()
    assert [name in words for name in ("Reported: ", "Appeal by: ")] == [True, True]
    assert "A deadline was counted in days from the notice." in words
    assert "when the mail reached us" not in words


def test_health_page_shows_its_rating_points_and_counts(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    page = look(client, HEALTH, store)

    client.post("/paste/", carried(page) | {"step": "save"})

    assert list(PlatformRating.objects.order_by("measure").values_list("measure", "value")) == [
        ("points_deducted", 24),
        ("rating", 176),
    ]
    assert [done["did"] for done in Notice.objects.get().did] == [
        "rating_seen",
        "rating_seen",
        "counted",
    ]


def test_inbox_writes_what_is_read_and_leaves_the_rest_out(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    page = look(client, inbox(), store)

    client.post("/paste/", carried(page) | {"step": "save"})

    told = Notice.objects.order_by("-subject").values_list("subject", "kind", "state", "sent_at")
    day = AT.replace(hour=0, minute=0, second=0, microsecond=0)
    assert list(told) == [
        ("Take Action Now: Review Your Account Health Daily Report", "health_report", "acted", day),
        ("Policy update: Prohibited Products", "news", "read", day),
    ]
    words = page.content.decode()
    assert len(re.findall("Stays out", words)) == 1
    assert "2 notices can be read" in words


def test_store_is_recognised_by_its_name_among_those_in_reach(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    hidden = factories.make_store(name="Harbour Goods")
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    client = client_for(specialist)

    mine = look(client, NOTICE + "\nShop name: Bamboo House", None)
    not_mine = look(client, NOTICE + "\nShop name: Harbour Goods", None)
    other = look(client, NOTICE + "\nShop name: Harbour Goods", store)
    unseen = look(client, NOTICE, hidden)

    assert mine.context["plan"].pieces[0].notice.store == store
    assert not_mine.context["plan"].pieces[0].notice.reason == "store_unclear"
    assert other.context["plan"].pieces[0].notice.reason == "other_store"
    assert (unseen.status_code, unseen.context["plan"]) == (422, None)


def test_paste_that_would_do_something_else_meanwhile_is_refused(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    page = look(client, NOTICE, store)
    factories.make_violation(store=store, reference="8837261940", points=-12)

    answer = client.post("/paste/", carried(page) | {"step": "save"})

    assert answer.status_code == 422
    assert "look it over again" in answer.content.decode()
    assert not Notice.objects.exists()


def test_one_entry_that_cannot_be_true_stays_out_and_leaves_nothing(
    store: Store, lead: Membership
) -> None:
    factories.make_violation(store=factories.make_store(), reference="8837261940")
    paste = pastes.Paste(NOTICE, store, Store.objects.all())

    plan = pastes.look_over(paste, by=lead, at=AT)

    assert [piece.notice.reason for piece in plan.pieces] == ["reference_elsewhere"]
    with pytest.raises(pastes.NothingToWrite):
        pastes.write(paste, nonce=uuid4(), seen=plan.seen, by=lead, at=AT)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("text", ["", " \n ", "\x00", "x" * 60_001, "hello", "\ud800", "12 points"])
def test_what_says_nothing_is_told_so_and_never_fails(
    store: Store, lead: Membership, client_for: ClientFor, text: str
) -> None:
    client = client_for(lead)
    sent = text.encode("utf-8", "replace").decode()

    page = look(client, sent, store)
    saved = client.post("/paste/", {"text": sent, "nonce": "x", "seen": "x", "step": "save"})

    assert page.status_code in {200, 422}
    assert saved.status_code == 422
    assert not Notice.objects.exists()


def test_undo_takes_a_paste_back(store: Store, lead: Membership, client_for: ClientFor) -> None:
    client = client_for(lead)
    text = "Negative balance\nYour account balance is -US$120.50."
    client.post("/paste/", carried(look(client, text, store)) | {"step": "save"})
    reading = Reading.objects.get()
    assert (reading.value, reading.source) == (Decimal("-120.50"), "person")

    notices.undo(notice=Notice.objects.get(), by=lead, at=datetime.now(UTC))

    assert not Reading.objects.exists()


def test_pasting_is_for_who_may_record(
    store: Store, other_agency: Agency, client_for: ClientFor
) -> None:
    auditor, lead = factories.make_membership("auditor"), factories.make_membership()
    with scope.agency(other_agency):
        theirs = factories.make_store()

    assert client_for(auditor).get("/paste/").status_code == 403
    assert client_for(auditor).post("/paste/", {"text": NOTICE}).status_code == 403
    assert client_for(lead).get(f"/paste/?store={theirs.pk}").status_code == 404
    assert look(client_for(lead), NOTICE, theirs).status_code == 422
    assert client_for(lead).get(f"/paste/?store={store.pk}").status_code == 200


def test_looking_over_one_news_and_three_asks_the_same_queries(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)

    def queries(count: int) -> int:
        text = "\n\n".join(f"Title {n}\n2026-07-0{n} 10:00" for n in range(1, count + 1))
        with CaptureQueriesContext(connection) as captured:
            assert look(client, text, store).status_code == 200
        return len(captured)

    queries(2)
    of_two = queries(2)

    assert queries(4) - of_two <= 2 * 2  # a look at the shop's name an entry, and no more


# -- over the API -----------------------------------------------------------------------------


def test_api_looks_over_and_writes(agency: Agency, store: Store) -> None:
    api = Api(make_api_key(agency), agency)
    told = {
        "store": str(store.pk),
        "subject": "Policy violation",
        "kind": "violation",
        "reason": "",
        "did": ["violation_recorded"],
    }

    looked = api.post("pastes/", {"text": NOTICE, "store": str(store.pk)})
    nothing_yet = Notice.objects.count()
    written = api.post("pastes/", {"text": NOTICE, "store": str(store.pk), "write": True})
    unread = api.post("pastes/", {"text": "hello", "write": True})
    again = api.post("pastes/", {"text": NOTICE, "store": str(store.pk), "write": True})

    assert looked == (200, {"is_written": False, "notices": [told]})
    assert written == (201, {"is_written": True, "notices": [told]})
    assert nothing_yet == 0
    assert (again[0], again[1]["is_written"]) == (200, False)
    assert again[1]["notices"][0]["reason"] == "pasted_before"
    assert Notice.objects.count() == 1
    assert Violation.objects.get().source == "integration"
    assert unread[0] == 409


def test_api_pastes_only_to_stores_in_reach_and_with_the_scope(
    agency: Agency, store: Store
) -> None:
    api = Api(make_api_key(agency, store_ids=[factories.make_store().pk]), agency)

    assert api.post("pastes/", {"text": NOTICE, "store": str(store.pk)})[0] == 400
    assert Api(make_api_key(agency, "read"), agency).post("pastes/", {"text": NOTICE})[0] == 403
