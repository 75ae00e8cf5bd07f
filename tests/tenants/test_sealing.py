"""Sealing: a secret is read in its own cell and nowhere else."""

from typing import Any

import pytest
from pytest_django import Settings

from tenants import sealing
from tenants.models import Agency

PLACE: dict[str, Any] = {"table": "connection", "column": "access_token", "row": 1}


def test_unseal_returns_what_was_sealed(agency: Agency) -> None:
    sealed = sealing.seal("tok-é-1", **PLACE)
    assert "tok" not in sealed
    assert sealing.unseal(sealed, **PLACE) == "tok-é-1"


@pytest.mark.parametrize(
    "moved",
    [{"table": "other"}, {"column": "refresh_token"}, {"row": 2}],
    ids=["table", "column", "row"],
)
def test_unseal_refuses_a_value_moved_to_another(agency: Agency, moved: dict[str, object]) -> None:
    sealed = sealing.seal("token", **PLACE)
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed, **(PLACE | moved))


def test_unseal_refuses_another_agencys_value(agency: Agency, other_agency: Agency) -> None:
    sealed = sealing.seal("token", **PLACE, agency=other_agency.pk)
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed, **PLACE)


def test_an_old_key_still_unseals_after_rotation(agency: Agency, settings: Settings) -> None:
    sealed = sealing.seal("token", **PLACE)
    settings.SEALING_KEYS = [
        "t2:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=",
        *settings.SEALING_KEYS,
    ]
    assert sealing.unseal(sealed, **PLACE) == "token"
    assert sealing.seal("token", **PLACE).startswith("v1:t2:")
