"""Moments that people type: by the store's clock, none that cannot be meant, on every form."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

import appeals
import checklist
import scoring
import stores
import tenants
from appeals.models import Remediation
from scoring.models import LedgerEntry, PlatformRating
from stores import moments
from stores.forms.moments import MomentField
from stores.models import Enforcement, Reading, SubAccount, Violation
from stores.services import violations as services
from tenants.models import Agency, Membership
from tests import factories

EXTREMES = ["0001-01-01T00:00", "1900-01-01T00:00", "9999-12-31T15:00", "9999-12-31T23:59"]
ZONES = ["Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Pago_Pago", "Asia/Ho_Chi_Minh", "UTC"]
WORDS = "This date is too far off to be meant."


def _forms() -> Iterator[type[forms.Form]]:
    for room in (tenants, stores, scoring, checklist, appeals):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".forms" in module.name:
                importlib.import_module(module.name)
    waiting = [forms.BaseForm]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] in {room.__name__ for room in (tenants, stores)} | {
            "scoring",
            "checklist",
            "appeals",
        }:
            yield kind  # type: ignore[misc]


def test_every_moment_and_day_on_a_form_is_a_moment_field() -> None:
    found = {
        (form.__name__, name): type(field)
        for form in _forms()
        for name, field in form.base_fields.items()
        if isinstance(field, forms.DateTimeField | forms.DateField | forms.SplitDateTimeField)
    }
    assert set(found.values()) == {MomentField}
    assert len(found) >= 13


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("reader", ZONES)
def test_a_moment_too_far_off_is_refused_in_every_zone(zone: str, reader: str) -> None:
    field = MomentField()
    field.zone = ZoneInfo(zone)
    offsets = ("", "Z", "+14:00", "-14:00")
    with timezone.override(reader):
        for typed in (moment + offset for moment in EXTREMES for offset in offsets):
            with pytest.raises(forms.ValidationError, match=WORDS):
                field.clean(typed)


def test_figures_are_of_the_stores_clock_and_an_offset_is_kept_to() -> None:
    field = MomentField()
    field.zone = ZoneInfo("Asia/Bangkok")
    with timezone.override("America/Los_Angeles"):
        # an hour that the reader's clock leaves out
        assert field.clean("2026-03-08T02:30") == datetime(2026, 3, 7, 19, 30, tzinfo=UTC)
        assert field.clean("2026-03-08T02:30Z") == datetime(2026, 3, 8, 2, 30, tzinfo=UTC)
        shown = field.prepare_value(datetime(2026, 3, 7, 19, 30, tzinfo=UTC))
    assert shown.isoformat() == "2026-03-08T02:30:00"


@pytest.mark.parametrize(
    ("moment", "is_believable"),
    [
        (datetime.min.replace(tzinfo=ZoneInfo("Pacific/Kiritimati")), False),
        (datetime.max.replace(tzinfo=ZoneInfo("Etc/GMT+12")), False),
        (datetime(2014, 12, 31, 23, 59, tzinfo=UTC), False),
        (datetime(2015, 1, 1, tzinfo=UTC), True),
        (datetime(2101, 1, 1, tzinfo=UTC), False),
    ],
)
def test_what_can_be_meant_is_said_of_any_moment(moment: datetime, *, is_believable: bool) -> None:
    assert moments.is_believable(moment) is is_believable


@pytest.mark.parametrize("typed", EXTREMES)
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/stores/{store}/ledger/new/", "occurred_at"),
        ("/stores/{store}/platform-ratings/new/", "observed_at"),
        ("/stores/{store}/readings/new/", "measured_at"),
        ("/stores/{store}/sub-accounts/new/", "last_sign_in_at"),
        ("/stores/{store}/remediations/new/", "due_at"),
        ("/stores/{store}/enforcements/new/", "starts_at"),
        ("/stores/{store}/enforcements/new/", "ends_at"),
        ("/violations/new/?store={store}", "reported_at"),
        ("/violations/new/?store={store}", "expires_at"),
        ("/violations/{violation}/edit/", "appeal_by"),
    ],
)
def test_a_page_refuses_it_by_field(
    agency: Agency,
    client_for: Callable[[Membership], Client],
    path: str,
    field: str,
    typed: str,
) -> None:
    store = factories.make_store(market="VN")
    violation = factories.make_violation(store=store)
    client = client_for(factories.make_membership())
    answer = client.post(path.format(store=store.pk, violation=violation.pk), {field: typed})
    assert answer.status_code == 200
    assert answer.context["form"].errors[field] == [WORDS]


def test_the_last_sign_in_cannot_lie_ahead(
    agency: Agency, client_for: Callable[[Membership], Client]
) -> None:
    store = factories.make_store(market="VN")
    client = client_for(factories.make_membership("owner"))
    typed = {"name": "Lan", "last_sign_in_at": "2090-01-01T00:00"}
    answer = client.post(f"/stores/{store.pk}/sub-accounts/new/", typed)
    assert list(answer.context["form"].errors) == ["last_sign_in_at"]
    pasted = client.post(
        f"/stores/{store.pk}/sub-accounts/paste/",
        {"rows": "name\tlast sign-in\nLan\t2090-01-01 00:00", "step": "save"},
    )
    assert "cannot lie in the future" in pasted.content.decode()
    assert not SubAccount.objects.exists()


@pytest.mark.parametrize("name", ["reported_at", "enforced_at", "correct_by", "expires_at"])
@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_the_service_refuses_it_too(agency: Agency, name: str, year: int) -> None:
    store = factories.make_store()
    facts = {"reported_at": factories.NOW, name: datetime(year, 6, 1, tzinfo=UTC)}
    with pytest.raises(services.ViolationUnusable):
        services.record_violation(
            store=store, facts=facts, source="integration", at=factories.NOW, by=None
        )


@pytest.mark.parametrize("year", [1, 9999])
def test_the_database_refuses_it_too(agency: Agency, year: int) -> None:
    far = datetime(year, 6, 1, tzinfo=UTC)
    store = factories.make_store()
    at = factories.NOW
    rows = [
        Violation(store=store, rule="other", reported_at=at, recorded_at=at, appeal_by=far),
        Enforcement(store=store, kind="warning", starts_at=far, recorded_at=at),
        Reading(store=store, metric="balance", value=1, measured_at=far, recorded_at=at),
        SubAccount(store=store, name="Lan", seen_at=at, last_sign_in_at=far),
        LedgerEntry(store=store, kind="bonus", points=1, occurred_at=far, recorded_at=far),
        PlatformRating(store=store, value=1, observed_at=far, recorded_at=at),
        Remediation(store=store, title="Mend", opened_at=at, due_at=far),
    ]
    for row in rows:
        with (
            pytest.raises(IntegrityError, match="_moments_can_be_meant"),
            transaction.atomic(),
        ):
            row.save(force_insert=True)
