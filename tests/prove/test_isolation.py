"""Isolation at length, between eight agencies: over HTTP, in the database, in the workers."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from tenants.models import Agency
from tests import factories
from tests.tenants.probes import campaign, jobs, routes, sides, tables
from tests.tenants.probes.kinds import KINDS

AGENCIES = 8
PROBES = 10_000
JOBS, BAD_JOBS = 1_000, 200
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


@pytest.mark.usefixtures("committed")
def test_workers_do_each_job_in_its_own_agency(figure: Figure, tmp_path: Path) -> None:
    crowd = jobs.make_crowd(AGENCIES)

    outcome = jobs.run(crowd, tmp_path, good=JOBS, bad=BAD_JOBS)

    assert outcome == jobs.Outcome(right=JOBS, refused=BAD_JOBS)
    assert outcome.processes < JOBS / 100  # so that each did work of all agencies
    what = f"0 of {JOBS} in a wrong schema, {BAD_JOBS} of {BAD_JOBS} bad ones refused and logged"
    place = f"{AGENCIES} agencies, two workers at once, {outcome.processes} processes"
    figure(f"I6: jobs of {place}", what, SEED)
