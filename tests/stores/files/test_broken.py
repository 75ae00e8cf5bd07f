"""Broken files: none ends a process of ours, each is answered with where and what is wrong."""

import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from stores.models import Order, Store
from stores.services import imports
from stores.services.imports import staging
from stores.sheets import limits
from stores.sheets.door import Effort
from tenants.errors import DomainError
from tenants.models import Agency, Membership
from tests import factories
from tests.stores.files.broken import broken_files

SEED = 20261130
COUNT = 58  # each way twice
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@dataclass
class Judged:
    """What became of broken files, by how each was answered."""

    ends: Counter[str] = field(default_factory=Counter)
    unnamed: list[str] = field(default_factory=list)  # refused rows that name no line or column
    peak: int = 0  # KiB, of the reading processes


def judge(seed: int, count: int, store: Store, by: Membership) -> Judged:
    """Bring each file in as a person would, and look at what she is told."""
    found = Judged()
    stores = Store.objects.all()
    for name, data in broken_files(seed, count):
        effort = Effort()
        try:
            kept = staging.make_import(
                file=io.BytesIO(data), file_name=name, kind="tiktok_orders", store=store, by=by,
                at=AT, effort=effort,
            )  # fmt: skip
            imports.begin(kept, stores=stores, by=by, at=AT)
        except DomainError as refusal:
            found.ends["refused"] += 1
            if name not in str(refusal) and "headers" not in str(refusal):
                found.unnamed.append(f"{name}: {refusal}")
        else:
            troubles = [
                error
                for row in kept.staged.filter(what="wrong")
                for error in imports.troubles_of(row, kept)
            ]
            missing = imports.missing(kept)
            end = "columns asked for" if missing else "rows named" if troubles else "read"
            found.ends[end] += 1
            found.unnamed += [
                f"{name}: {error}"
                for error in troubles
                if f"ine {error.line}" not in str(error)
                or (error.field == "" and "more cells" not in str(error))
            ]
        found.peak = max(found.peak, effort.peak)
    return found


def test_broken_files_are_answered_with_where_and_what(agency: Agency) -> None:
    store, by = factories.make_store(market="US"), factories.make_membership()

    found = judge(SEED, COUNT, store, by)

    assert (sum(found.ends.values()), found.unnamed) == (COUNT, [])
    assert found.ends["refused"] + found.ends["rows named"] > COUNT // 2
    assert found.peak * 1024 <= limits.MEMORY
    assert not Order.objects.exists()


@pytest.mark.parametrize("name", ["broken.xlsx", "broken.csv"])
def test_file_of_thirty_megabytes_is_refused_by_its_size(agency: Agency, name: str) -> None:
    data = io.BytesIO(b"PK\x03\x04" * (30 * limits.MEBIBYTE // 4))

    with pytest.raises(DomainError, match=f"{name} is larger than 25 MB"):
        imports.bring(
            file=data, file_name=name, stores=Store.objects.all(), by=factories.make_membership(),
            at=AT,
        )  # fmt: skip
