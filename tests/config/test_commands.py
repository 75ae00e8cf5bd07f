"""The commands of the service's operator, and the demo agency."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from checklist.models import Procedure
from scoring.models import Quiz, Restoration, StoreRating
from scoring.selectors.causes import causes_of
from scoring.selectors.gaps import Reader
from stores.models import Connection, Store
from tenants import scope
from tenants.models import Agency, ApiKey, Membership, User


def _told(*args: str) -> dict[str, object]:
    out = StringIO()
    call_command(*args, stdout=out)
    (line,) = out.getvalue().strip().splitlines()
    return dict(json.loads(line))


@pytest.mark.usefixtures("committed")
def test_create_agency_founds_it_with_an_owner_who_can_sign_in(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("Correct-horse-8-staple\n")
    told = _told(
        "create_agency",
        "--name",
        "Third",
        "--slug",
        "third",
        "--owner-email",
        "Ann@Example.com",
        "--owner-password-file",
        str(password),
    )
    assert told == {"agency": "third", "host": "third.localhost:8000", "email": "ann@example.com"}
    owner = User.objects.get(email="ann@example.com")
    assert owner.check_password("Correct-horse-8-staple")
    member = Membership.objects.select_related("agency", "role").get(user=owner)
    assert (member.role.code, member.agency.state) == ("owner", Agency.State.READY)
    with scope.agency(member.agency):
        assert Procedure.objects.count() == 2


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("slug", ["harbour", "NOT OK"])
def test_create_agency_refuses_an_address_in_words(slug: str) -> None:
    with pytest.raises(CommandError, match=r"address"):
        call_command("create_agency", "--name", "X", "--slug", slug, "--owner-email", "a@b.example")


def test_create_api_key_prints_the_key_once(agency: Agency) -> None:
    with scope.public():
        told = _told("create_api_key", "--agency", "harbour", "--name", "ERP", "--scopes", "read")
    row = ApiKey.objects.get(name="ERP")
    assert (told["scopes"], row.scopes, str(told["key"])[9:17]) == (["read"], ["read"], row.prefix)


@pytest.mark.parametrize(
    ("slug", "scopes"), [("nobody", "read"), ("harbour", "admin"), ("harbour", "")]
)
def test_create_api_key_refuses_in_words(agency: Agency, slug: str, scopes: str) -> None:
    with scope.public(), pytest.raises(CommandError):
        call_command("create_api_key", "--agency", slug, "--name", "X", "--scopes", scopes)


@pytest.mark.usefixtures("committed")
def test_the_demo_agency_shows_every_state_of_a_store(tmp_path: Path, settings: Settings) -> None:
    password = tmp_path / "password"
    password.write_text("Correct-horse-8-staple")
    shop = {"app_key": "k", "app_secret": "s", "service_id": "1"}
    settings.TIKTOK_SHOP = settings.TIKTOK_SHOP | shop
    told = _told("load_demo", "--password-file", str(password))
    agency = Agency.objects.get(slug=told["agency"])
    with scope.agency(agency):
        bands = dict(StoreRating.objects.values_list("store__name", "band"))
        near = set(
            StoreRating.objects.filter(is_near_milestone=True).values_list("store__name", flat=True)
        )
        connections = Counter(Connection.objects.values_list("state", flat=True))
        lost = set(
            Connection.objects.filter(state="revoked").values_list("problem", "access_token")
        )
        inactive = Store.objects.filter(state="inactive").count()
        desks = (
            sorted(Quiz.objects.values_list("state", flat=True)),
            list(Restoration.objects.filter(state="open").values_list("store__name", "points")),
            list(
                StoreRating.objects.filter(drift_since__isnull=False).values_list(
                    "store__name", "drift"
                )
            ),
        )
        (likeliest, *_others) = causes_of(
            Reader(Store.objects.get(name="Fernwood Kitchen"), timezone.now()), None
        )
    assert (len(bands), bands["Lúa Mới Home"], bands["Tindahan ni Luz"]) == (
        12,
        "closed",
        "unknown",
    )
    assert "Manila Gadget Hub" in near
    assert Counter(bands.values())["healthy"] >= 4
    assert (connections, inactive) == ({"connecting": 9, "revoked": 2}, 1)
    assert lost == {("revoked", ""), ("inactive", "")}
    assert desks == (
        ["open", "open", "passed"],
        [("Nhà Mây Decor", 12)],
        [("Fernwood Kitchen", -4)],
    )
    assert (likeliest.kind, likeliest.after, likeliest.notice is None) == (
        "missed_notice",
        0,
        False,
    )
    roles = set(Membership.objects.filter(agency=agency).values_list("role__code", flat=True))
    assert roles == {"owner", "admin", "lead", "specialist", "auditor", "client"}

    # when it is loaded again, as after a run that was killed before it could note the first
    again = _told("load_demo", "--password-file", str(password))

    # then nothing is doubled, and the new key is another
    assert again == told | {"api_key": again["api_key"]}
    assert again["api_key"] != told["api_key"]
    with scope.agency(agency):
        assert Store.objects.count() == 12
