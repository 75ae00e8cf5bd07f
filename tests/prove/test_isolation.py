"""Isolation at length: all probes over HTTP between eight agencies."""

from collections.abc import Callable

import pytest

from tests.tenants.probes import campaign, routes, sides
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
