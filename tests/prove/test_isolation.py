"""Isolation at length, between eight agencies: over HTTP, and in the database itself."""

from collections.abc import Callable
from itertools import permutations

import pytest

from tenants.models import Agency
from tests import factories
from tests.tenants.probes import campaign, routes, sides, tables
from tests.tenants.probes.kinds import KINDS

AGENCIES = 8
PROBES = 10_000
SEED = 20261129
Figure = Callable[[str, str, int], None]


@pytest.mark.usefixtures("committed")
def test_no_probe_between_agencies_shows_or_changes_a_foreign_row(figure: Figure) -> None:
    rng = sides.dice(SEED)
    everybody = sides.make_sides(AGENCIES, rng)
    known = routes.all_routes()

    report = campaign.run(campaign.every_probe(everybody, rng), everybody, rng)

    assert report.found == []
    assert (report.routes, set(report.kinds)) == ({str(route) for route in known}, set(KINDS))
    assert report.probes >= PROBES
    covered = f"{len(report.routes)} of {len(known)} routes, {len(KINDS)} kinds of attack"
    probes = f"0 leaks in {report.probes} probes between {AGENCIES} agencies, {covered}"
    figure("I1: probes over HTTP, a canary in every row", probes, SEED)


@pytest.mark.usefixtures("committed")
def test_no_agencys_role_reaches_a_row_of_another(figure: Figure) -> None:
    # given rows of each in every public table, and each schema's own tables
    for number in range(AGENCIES - 2):
        factories.make_agency(slug=f"bystander-{number}")
    slugs = list(Agency.objects.values_list("slug", flat=True))
    tried = tables.Tried()
    with tables.connect() as psql:
        everybody = [tables.Side.of(psql, slug) for slug in slugs]
        tables.fill(psql, *everybody)
        places = {len(tables.tables_in(psql, side.schema)) for side in everybody}

        # when each role tries everything on each other's rows
        pairs = list(permutations(everybody, 2))
        for reader, other in pairs:
            tables.try_everything(psql, reader, other, tried)
        psql.rollback()

    # then
    assert tried.got_through == {}
    assert (len(pairs), len(places)) == (AGENCIES * (AGENCIES - 1), 1)
    what = f"0 of {tried.attempts} acts got through, {len(pairs)} pairs of {AGENCIES} agencies"
    figure("I3: every table by every other agency's role", what, SEED)


@tables.two_roles
@pytest.mark.usefixtures("committed")
def test_the_login_role_alone_reads_none(figure: Figure) -> None:
    for number in range(AGENCIES - 2):
        factories.make_agency(slug=f"bystander-{number}")
    tried = tables.Tried()
    with tables.connect() as psql:
        for slug in Agency.objects.values_list("slug", flat=True):
            schema = tables.Side.of(psql, slug).schema
            inside = tables.tables_in(psql, schema)
            tried.add(psql, {table: tables.acts_on_any_row(table) for table in inside})
        psql.rollback()

    assert tried.got_through == {}
    figure("I3: every table by the login role alone", f"0 of {tried.attempts} acts", SEED)
