"""The mails of the corpus, read: nothing wrongly, the spoofed without effect, most by itself."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from scoring.models import LedgerEntry, PlatformRating
from stores.models import Enforcement, Notice, Store, Violation
from stores.services import mail_routes
from tenants.models import Agency
from tests import factories
from tests.corpus import judging, pack_mails
from tests.corpus.judging import EXPECTED, Verdict
from tests.stores import posts

READABLE: Final = [name for name, said in EXPECTED.items() if said["act"]]
SPOOFED: Final = [name for name, said in EXPECTED.items() if said["spoofed"]]
HONEST: Final = [name for name in EXPECTED if name not in SPOOFED]
# What the readers reached; less would be a step back, more is to be written here.
READ_BY_ITSELF: Final = 0.75


def test_no_mail_is_read_wrongly() -> None:
    judged = [judging.judge(name) for name in HONEST]

    assert [one for one in judged if one.verdict is Verdict.WRONG] == []


def test_most_mails_are_read_without_a_person() -> None:
    verdicts = Counter(judging.judge(name).verdict for name in READABLE)

    assert verdicts[Verdict.READ] / len(READABLE) >= READ_BY_ITSELF


@pytest.mark.parametrize("name", SPOOFED)
def test_spoofed_mail_is_shown_and_changes_nothing(
    name: str, agency: Agency, settings: Any, tmp_path: Path
) -> None:
    # given a store that the mail could be about, and a forwarder that the agency trusts
    posts.publish_keys(settings, tmp_path)
    store = factories.make_store(name="Bamboo & Home")
    owner = factories.make_membership("owner")
    mail_routes.add_forwarder(address=posts.FORWARDER, by=owner, at=posts.SENT)

    # when
    posts.post((pack_mails.MAILS / name).read_bytes(), store)

    # then
    notice = Notice.objects.get()
    assert (notice.trust, notice.did) == (Notice.Trust.SUSPICIOUS, [])
    written: list[Any] = [
        *Violation.objects.all(),
        *Enforcement.objects.all(),
        *LedgerEntry.objects.all(),
        *PlatformRating.objects.all(),
    ]
    assert written == []
    assert Store.objects.get().state == store.state
