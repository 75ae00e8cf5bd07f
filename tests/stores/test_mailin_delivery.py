"""Mail in: kept before it is answered, judged, and acted on only as far as it can be believed."""

import io
import json
import smtplib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from scoring.models import LedgerEntry, StoreRating
from scoring.services import rating
from stores.mailin import deliver
from stores.mailin.server import MailinServer, Verdict
from stores.models import Notice, Store, Violation
from stores.services import inbox, mail_routes, notices, violations
from tenants import scope
from tenants.models import Agency, DueWork, InboundEvent
from tenants.trail.models import AuditEvent
from tests import factories, work
from tests.stores import posts
from tests.stores.mailin import mails


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    posts.publish_keys(settings, tmp_path)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo & Home", external_id="7495001234567890123")


@pytest.fixture
def forwarder(agency: Agency) -> str:
    owner = factories.make_membership("owner")
    return mail_routes.add_forwarder(address=posts.FORWARDER, by=owner, at=posts.SENT)


def standing(store: Store) -> tuple[int | None, int]:
    """The rating as it is kept now, and how many entries the ledger has."""
    row = StoreRating.objects.filter(store=store).first()
    return (row.rating if row else None), LedgerEntry.objects.filter(store=store).count()


# -- at the door ------------------------------------------------------------------------------


def test_mail_over_smtp_is_kept_once_with_work_to_read_it(committed: None) -> None:
    # given
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency):
        route = posts.route_to(factories.make_store())
    raw = posts.notice()
    door = MailinServer("127.0.0.1", 0, deliver.deliver, knows=deliver.knows)
    door.start()
    try:
        # when
        with smtplib.SMTP("127.0.0.1", door.port, timeout=10) as client:
            refused = client.sendmail("a@b.example", [mail_routes.address_of(route)], raw)
            again = client.sendmail("a@b.example", [mail_routes.address_of(route)], raw)
            with pytest.raises(smtplib.SMTPRecipientsRefused) as unknown:
                client.sendmail("a@b.example", ["nobody@in.localhost"], raw)
    finally:
        door.stop()

    # then
    event = InboundEvent.objects.get()
    due = DueWork.objects.get(kind=mail_routes.READ_NOTICE)
    assert (refused, again) == ({}, {})
    assert unknown.value.recipients["nobody@in.localhost"][0] == 550
    assert (event.store_id, due.subject, due.done_at) == (route.store_id, str(event.pk), None)
    assert inbox.payload_of(event) == raw
    assert raw[:40] not in bytes(event.payload)


@pytest.mark.parametrize(
    "recipient",
    ["", "@in.localhost", "x@elsewhere.example", "no-such@in.localhost", "\x00@in.localhost"],
)
def test_address_that_leads_nowhere_is_unknown(agency: Agency, recipient: str) -> None:
    assert deliver.deliver(recipient, b"x", "127.0.0.1") is Verdict.UNKNOWN
    assert deliver.knows(recipient) is Verdict.UNKNOWN
    assert not InboundEvent.objects.exists()


def test_route_out_of_use_is_unknown_and_a_tag_is_not_part_of_it(agency: Agency) -> None:
    route = posts.route_to(None)
    local_part = route.local_part
    assert deliver.knows(f"{local_part.upper()}+tiktok@in.localhost") is Verdict.STORED

    type(route).objects.filter(pk=local_part).update(is_live=False)
    assert deliver.knows(f"{local_part}@in.localhost") is Verdict.UNKNOWN


# -- believed and understood ------------------------------------------------------------------


def test_proven_notice_writes_violation_points_and_rating_at_once(store: Store) -> None:
    # when
    posts.post(posts.notice(variant="1"), store)

    # then
    notice, violation = Notice.objects.get(), Violation.objects.get()
    assert (notice.trust, notice.state, notice.reason) == ("proven", "acted", "")
    assert [done["did"] for done in notice.did] == ["violation_recorded", "rating_seen"]
    assert (violation.reference, violation.rule, violation.points, violation.state) == (
        "7412345678",
        "high_late_dispatch_rate",
        -12,
        "enforced",
    )
    assert (violation.notice, violation.source, violation.store) == (notice, "mail", store)
    assert standing(store) == (188, 1)
    assert StoreRating.objects.get(store=store).platform_value == 188
    assert AuditEvent.objects.filter(action="notice.acted").count() == 1
    event = InboundEvent.objects.get()
    assert (event.handled_at is None, bytes(event.payload)) == (False, b"")


def test_text_and_original_are_sealed_and_read_back(store: Store) -> None:
    raw = posts.notice()
    posts.post(raw, store)

    notice = Notice.objects.get()
    assert "7412345678" in notices.text_of(notice)
    assert "7412345678" not in notice.text + notice.original


def test_violation_told_by_two_mails_is_one_and_brought_up_to_date(store: Store) -> None:
    # when
    pending = posts.notice("pending", points=4)
    posts.post(pending, store)
    before = standing(store)
    later = posts.SENT + timedelta(days=4)
    posts.post(posts.notice(points=4, variant="1", sent_at=later), store, at=later)

    # then
    violation = Violation.objects.get()
    assert before[1] == 0
    assert (violation.state, violation.points, violation.enforced_at) == (
        "enforced",
        -4,
        later,
    )
    assert LedgerEntry.objects.get(store=store).points == -4
    newest = Notice.objects.order_by("-received_at")[0]
    assert newest.did[0]["did"] == "violation_changed"


@pytest.mark.parametrize(
    ("points", "shown"), [(16, 184), (81, 119)], ids=["fewer points", "more points"]
)
def test_corrected_points_count_from_when_the_notice_says_so_as_does_its_rating(
    store: Store, points: int, shown: int
) -> None:
    posts.post(posts.notice(points=61, rating=139, variant="1"), store)
    later = posts.SENT + timedelta(days=2)
    corrected = posts.notice(points=points, rating=shown, variant="1", sent_at=later)

    posts.post(corrected, store, at=later + timedelta(hours=5))

    row = StoreRating.objects.get(store=store)
    assert (row.rating, row.platform_value, row.drift) == (shown, shown, 0)
    assert LedgerEntry.objects.filter(store=store).latest("recorded_at").occurred_at == later


def test_earlier_word_that_arrives_late_takes_nothing_back(store: Store) -> None:
    posts.post(posts.notice(points=4, variant="1"), store)
    standing_before = standing(store)

    early = posts.SENT - timedelta(days=3)
    posts.post(posts.notice("pending", points=24, sent_at=early), store)

    violation = Violation.objects.get()
    assert (violation.state, violation.points) == ("enforced", -4)
    assert standing(store) == standing_before


def test_notice_of_two_stores_with_one_reference_waits(store: Store) -> None:
    factories.make_violation(store=factories.make_store(), reference="7412345678")

    posts.post(posts.notice(), store)

    assert Notice.objects.get().reason == "reference_elsewhere"
    assert not LedgerEntry.objects.filter(store=store).exists()


def test_same_mail_twice_is_read_once(store: Store) -> None:
    raw = posts.notice()
    for _ in range(2):
        posts.post(raw, store)

    assert (Notice.objects.count(), Violation.objects.count()) == (1, 1)
    assert InboundEvent.objects.count() == 1


def test_same_mail_to_the_stores_and_the_agencys_address_is_one_notice(store: Store) -> None:
    raw = posts.notice()
    posts.post(raw, store)
    posts.post(raw, None)

    assert (Notice.objects.count(), InboundEvent.objects.count()) == (1, 2)


# -- which store ------------------------------------------------------------------------------


def test_mail_to_the_agencys_address_finds_its_store_by_name(store: Store) -> None:
    factories.make_store(name="Harbour Goods")

    posts.post(posts.notice(), None)

    assert Notice.objects.get().store == store
    assert Violation.objects.get().store == store


@pytest.mark.parametrize("names", [["Another"], ["Bamboo & Home", "Bamboo & Home"]])
def test_mail_that_could_mean_no_or_two_stores_waits(agency: Agency, names: list[str]) -> None:
    for name in names:
        factories.make_store(name=name)

    posts.post(posts.notice(), None)

    notice = Notice.objects.get()
    assert (notice.store, notice.state, notice.reason) == (None, "triage", "store_unclear")
    assert not Violation.objects.exists()


def test_mail_to_one_stores_address_that_names_another_waits(store: Store) -> None:
    posts.post(posts.notice(), factories.make_store(name="Harbour Goods"))

    notice = Notice.objects.get()
    assert (notice.state, notice.reason) == ("triage", "other_store")
    assert not Violation.objects.exists()


# -- not believed -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["violation", "health", "reversal", "pending"])
@pytest.mark.parametrize("signature", ["none", "wrong_key", "other_domain", "tampered"])
def test_spoofed_mail_is_shown_and_changes_nothing(store: Store, kind: str, signature: str) -> None:
    # given
    factories.make_violation(store=store, reference="7412345678", state="pending")
    rating.rate(store=store, at=posts.SENT)
    before = standing(store)

    # when
    posts.post(posts.notice(kind, signature=signature), store)

    # then
    notice = Notice.objects.get()
    assert (notice.trust, notice.state, notice.did) == ("suspicious", "triage", [])
    assert notice.reason.startswith("signature_")
    assert standing(store) == before
    assert Violation.objects.get().state == "pending"


def test_forward_by_a_stranger_or_without_the_forwarders_signature_changes_nothing(
    store: Store, forwarder: str
) -> None:
    posts.post(posts.forwarded(posts.notice(), signed=False), store)
    stranger = posts.forwarded(posts.notice(), signed=False, sender="someone@evil.example")
    posts.post(stranger, store)

    found = Notice.objects.order_by("received_at", "id")
    assert {(notice.trust, notice.state) for notice in found} == {("suspicious", "triage")}
    assert standing(store)[1] == 0


def test_truncated_mail_waits_with_its_reason(store: Store) -> None:
    whole = posts.forwarded(posts.notice())
    posts.post(whole[: len(whole) // 2], store)

    assert Notice.objects.get().state == "triage"
    assert standing(store)[1] == 0


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00" * 100, b"From: a\nFrom: b\n\n", b"\xff\xfe\x00", b"Subject: =?x?b?//?=\n\n1"],
)
def test_rubbish_is_kept_and_breaks_nothing(store: Store, raw: bytes) -> None:
    posts.post(raw, store)

    assert Notice.objects.get().state == "triage"
    assert InboundEvent.objects.get().handled_at


def test_keys_that_cannot_be_asked_for_are_asked_for_again_for_six_hours(
    store: Store, settings: Any, tmp_path: Path
) -> None:
    # given
    published = settings.MAIL_KEYS_FILE
    settings.MAIL_KEYS_FILE = str(tmp_path / "none.json")

    now = datetime.now(UTC)

    # when
    posts.post(posts.notice(), store, at=now)

    # then
    assert not Notice.objects.exists()
    due = DueWork.objects.get(kind=mail_routes.READ_NOTICE)
    assert due.done_at is None
    assert timedelta(0) < due.due_at - now - timedelta(minutes=1) < timedelta(seconds=30)

    settings.MAIL_KEYS_FILE = published
    work.run_due(at=due.due_at, kind=mail_routes.READ_NOTICE)
    assert Notice.objects.get().trust == "proven"


def test_mail_whose_keys_never_come_is_shown_unproven(
    store: Store, settings: Any, tmp_path: Path
) -> None:
    settings.MAIL_KEYS_FILE = str(tmp_path / "none.json")

    posts.post(posts.notice(), store, at=datetime.now(UTC) - timedelta(hours=7))

    notice = Notice.objects.get()
    assert (notice.trust, notice.reason) == ("suspicious", "signature_unchecked")


# -- unverified, and undone -------------------------------------------------------------------


def test_unverified_notice_acts_and_undo_restores_the_rating(store: Store, forwarder: str) -> None:
    # given
    rating.rate(store=store, at=posts.SENT)
    before = StoreRating.objects.get(store=store).rating
    posts.post(posts.forwarded(posts.notice(variant="2")), store)
    notice = Notice.objects.get()
    acted = (notice.trust, notice.state, StoreRating.objects.get(store=store).rating)

    # when
    notices.undo(notice=notice, by=factories.make_membership(), at=datetime.now(UTC))

    # then
    notice.refresh_from_db()
    assert acted == ("unverified", "acted", 188)
    assert notice.state == "undone"
    assert Violation.objects.get().state == "reversed"
    assert StoreRating.objects.get(store=store).rating == before


@pytest.mark.parametrize(
    ("points", "state"), [(-4, "enforced"), (None, "enforced"), (-4, "pending")]
)
def test_undo_of_an_unverified_change_restores_what_stood_before(
    store: Store, forwarder: str, points: int | None, state: str
) -> None:
    # given a violation that a person recorded before the mail was sent
    owner = factories.make_membership("owner")
    at = posts.SENT - timedelta(days=1)
    violations.record_violation(
        store=store,
        facts={"reference": "7412345678", "rule": "counterfeit", "points": points, "state": state},
        source="person",
        at=at,
        by=owner,
    )
    before = StoreRating.objects.get(store=store).rating
    posts.post(posts.forwarded(posts.notice(points=48, variant="2")), store)
    changed = Violation.objects.get()
    rating_between = StoreRating.objects.get(store=store).rating

    # when
    notices.undo(notice=Notice.objects.get(), by=owner, at=datetime.now(UTC))

    # then
    violation = Violation.objects.get()
    assert (changed.points, changed.state, changed.rule) == (-48, "enforced", "counterfeit")
    assert (violation.points, violation.state) == (points, state)
    assert rating_between == 152
    assert StoreRating.objects.get(store=store).rating == before


def test_proven_notice_stands_in_for_an_unverified_one(store: Store, forwarder: str) -> None:
    posts.post(posts.forwarded(posts.notice(variant="2")), store)
    unverified = Notice.objects.get()
    posts.post(posts.notice(variant="2"), store)

    notices.undo(notice=unverified, by=factories.make_membership(), at=datetime.now(UTC))

    assert Violation.objects.get().state == "enforced"
    assert standing(store) == (188, 1)


def test_violation_without_a_reference_like_one_known_waits(store: Store, forwarder: str) -> None:
    nameless = mails.ENFORCED_EN.replace("Violation ID: 8837261940\n", "")

    posts.post(posts.quoted(nameless), store)
    posts.post(posts.quoted(nameless + "\n."), store)

    told = [(notice.state, notice.reason) for notice in Notice.objects.order_by("id")]
    assert told == [("acted", ""), ("triage", "maybe_known")]
    assert Violation.objects.count() == 1


# -- the command ------------------------------------------------------------------------------


def run_mailin(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    with scope.public():
        call_command("mailin", *args, stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_mailin_reads_a_file_and_tells_what_it_did_in_one_line(
    store: Store, tmp_path: Path
) -> None:
    address = mail_routes.address_of(posts.route_to(store))
    path = tmp_path / "notice.eml"
    path.write_bytes(posts.notice())

    told = run_mailin(str(path), "--to", address)

    (notice,) = told["notices"]
    assert (told["agency"], told["is_new"], told["is_read"]) == ("harbour", True, True)
    assert (notice["store"], notice["trust"], notice["state"]) == (str(store.pk), "proven", "acted")
    assert run_mailin(str(path), "--to", address)["is_new"] is False


def test_mailin_finds_the_address_in_the_mail_or_refuses(store: Store, tmp_path: Path) -> None:
    address = mail_routes.address_of(posts.route_to(store))
    path = tmp_path / "notice.eml"
    path.write_bytes(f"Delivered-To: {address}\r\n".encode() + posts.notice())
    assert run_mailin(str(path))["notices"][0]["store"] == str(store.pk)

    path.write_bytes(posts.notice())
    with pytest.raises(CommandError):
        run_mailin(str(path))
    with pytest.raises(CommandError):
        run_mailin(str(tmp_path / "none.eml"))
