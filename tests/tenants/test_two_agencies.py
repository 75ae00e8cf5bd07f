"""Agencies against each other: every address, asked in every way that ``probes/kinds.py`` lists.

``make prove`` makes all of the probes between eight agencies (``tests/prove/test_isolation.py``).
"""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.urls import path

from stores.models import Client
from tenants import scope
from tenants.models import Agency
from tests.tenants.probes import campaign, filling, routes, sides
from tests.tenants.probes.kinds import KINDS, Scene, own
from tests.tenants.probes.routes import AGENCY

SEED = 20261129
COUNT = 1040  # of some 20,000


@pytest.mark.usefixtures("committed")
def test_no_probe_between_agencies_shows_or_changes_a_foreign_row() -> None:
    # given three agencies full of rows, and no transaction around the requests
    rng = sides.dice(SEED)
    everybody = sides.make_sides(3, rng)
    probes = campaign.some_probes(everybody, rng, COUNT)

    # when
    report = campaign.run(probes, everybody, rng)

    # then each route was asked, in each of the ways, and nothing came out
    assert report.found == []
    assert campaign.uncovered(routes.all_routes(), probes) == []
    assert (report.probes, set(report.kinds)) == (COUNT, set(KINDS))


# What the campaign rests on


def test_every_row_carries_its_agencys_canary_in_every_text(agency: Agency) -> None:
    """A table without a row fails here, and a text of which nobody has said why it stays empty."""
    with scope.public():
        side = sides.make_side(agency, sides.dice(SEED))

    assert filling.unmarked(agency, side.canary) == []


def test_no_text_is_excused_that_is_not_there() -> None:
    models = [*filling.agency_models(), *filling.public_models()]
    names = {filling.name_of(field) for model in models for field in filling.texts(model)}

    assert set(filling.LEFT_ALONE) - names == set()


def _novelty(_request: HttpRequest, pk: str = "") -> HttpResponse:
    return HttpResponse(pk)


def test_a_route_without_a_probe_is_found(agency: Agency, other_agency: Agency) -> None:
    # given probes of all that there is
    rng = sides.dice(SEED)
    with scope.public():
        everybody = [sides.make_side(each, rng) for each in (agency, other_agency)]
    probes = campaign.every_probe(everybody, rng, methods=["GET"])

    # when an address comes to it
    new = list(routes.walk([path("novelty/", _novelty)], AGENCY))

    # then
    known = [*routes.all_routes(), *new]
    assert campaign.uncovered(known, probes) == ["agency /novelty/"]


def test_an_address_whose_ids_nobody_knows_is_found(agency: Agency) -> None:
    with scope.public():
        side = sides.make_side(agency, sides.dice(SEED))
    (new,) = routes.walk([path("novelties/<str:pk>/", _novelty)], AGENCY)

    with pytest.raises(routes.UnknownName, match=r"/novelties/{pk}/: pk"):
        new.path(side)


CANARY = "zqinthecoalmine"


def _in_a_cookie(answer: HttpResponse, _ear: campaign.Ear) -> None:
    answer.set_cookie("seen", CANARY)


def _in_a_header(answer: HttpResponse, _ear: campaign.Ear) -> None:
    answer["Location"] = f"/{CANARY.upper()}/"


def _in_a_body(answer: HttpResponse, _ear: campaign.Ear) -> None:
    answer.content = f"<b>{CANARY}</b>".encode()


def _in_a_mail(_answer: HttpResponse, _ear: campaign.Ear) -> None:
    mail.send_mail("Hello", CANARY, None, ["somebody@example.com"])


def _in_a_log_line(_answer: HttpResponse, ear: campaign.Ear) -> None:
    record = logging.makeLogRecord({"msg": "seen", "name": "x", "levelno": 10})
    record.note = CANARY
    ear.emit(record)


@pytest.mark.parametrize(
    "put", [_in_a_cookie, _in_a_header, _in_a_body, _in_a_mail, _in_a_log_line]
)
def test_a_canary_is_seen_wherever_it_stands(
    put: Callable[[HttpResponse, campaign.Ear], None],
) -> None:
    answer: Any = HttpResponse("nothing")
    ear = campaign.Ear()
    assert campaign.seen(answer, ear, {CANARY, "zqelsewhere"}) == set()

    put(answer, ear)

    assert campaign.seen(answer, ear, {CANARY, "zqelsewhere"}) == {CANARY}


@pytest.mark.usefixtures("committed")
def test_a_campaign_tells_of_what_is_shown_and_of_what_is_changed() -> None:
    # given an agency whose own page counts as another's for once, and a row that changes meanwhile
    rng = sides.dice(SEED)
    reader, other = sides.make_sides(2, rng)
    (clients,) = (route for route in routes.all_routes() if str(route) == "agency /clients/")
    call = own(Scene(clients, "GET", reader, other, rng))

    # when
    with campaign.listening() as ear:
        shown = campaign.seen(campaign.send(call, rng), ear, {reader.canary, other.canary})
    with connections["owner"].cursor() as cursor:
        before = sides.digests(cursor, [reader, other])
        with scope.agency(other.agency):
            Client.objects.create(name="New")
        after = sides.digests(cursor, [reader, other])

    # then
    assert shown == {reader.canary}
    assert [name for name in after if after[name] != before[name]] == ["meridian stores_client"]
