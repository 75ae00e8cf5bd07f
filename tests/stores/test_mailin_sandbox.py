"""Every text of the sandbox, posted from its control page: read rightly or left to a person."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scoring.models import LedgerEntry, PlatformRating
from stores.models import Notice, Store, Violation
from stores.sandbox import mail as sandbox
from stores.sandbox.settings import MAIL_DOMAIN
from stores.sandbox.shops import BY_ID
from stores.services import mail_routes
from tenants.models import Agency
from tests import factories, work
from tests.stores import posts
from tests.stores.sandbox.bench import SEN_VANG, make_bench

REFERENCE = "7412345678"
WISHES = [
    (kind, variant, language)
    for kind in sandbox.kinds()
    for language in ("en", "zh")
    for variant in sandbox.variants(kind, language)
]
KINDS = {
    "enforcement": "milestone",
    "health": "health_report",
    "inactive": "inactivity",
    "pending": "violation",
    "reversal": "appeal_result",
    "violation": "violation",
}
RATING_SEEN = {"did": "rating_seen", "value": 188, "measure": "rating"}


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name=BY_ID[SEN_VANG].name, market="VN", external_id=SEN_VANG)


@pytest.mark.parametrize(("kind", "variant", "language"), WISHES)
@pytest.mark.parametrize(("to", "form"), [("store", "both"), ("agency", "html")])
def test_notice_of_the_control_page_is_never_read_wrongly(
    store: Store,
    settings: Any,
    tmp_path: Path,
    kind: str,
    variant: str,
    language: str,
    form: str,
    to: str,
) -> None:
    # given
    bench = make_bench()
    key = bench.app.state.key_for_mail(lambda: posts.KEY)  # to make one takes long
    bench.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    address = mail_routes.address_of(posts.route_to(store if to == "store" else None))
    sent = bench.act(
        "mail", shop=SEN_VANG, to=address, kind=kind, variant=variant, language=language,
        form=form, points=12, rating=188, reference=REFERENCE,
    )  # fmt: skip
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(sandbox.dns_records(key)))
    settings.MAIL_KEYS_FILE = str(path)
    settings.MARKETPLACE_MAIL_DOMAINS = ["tiktok.com", MAIL_DOMAIN]
    if kind == "reversal":
        factories.make_violation(store=store, reference=REFERENCE, points=-12)
    known = Violation.objects.count()

    # when
    ((recipient, raw),) = bench.mails
    route = mail_routes.route_of(recipient)
    assert route is not None
    mail_routes.keep_mail(route=route, raw=raw, at=bench.now + timedelta(minutes=1))
    work.run_due(kind=mail_routes.READ_NOTICE)

    # then
    notice = Notice.objects.get()
    assert (sent["status"], notice.trust) == (200, "proven")
    written = [
        (row.state, row.points, row.reference, row.rule, row.store_id)
        for row in Violation.objects.all()[known:]
    ]
    ratings = list(PlatformRating.objects.values_list("value", "store_id"))
    points = sum(LedgerEntry.objects.values_list("points", flat=True))
    assert (notice.state, notice.kind) == ("acted", KINDS[kind])
    state = {"violation": "enforced", "pending": "pending"}.get(kind)
    # One text says only where the points can be looked up.
    stated = None if (kind, variant, language) == ("violation", "4", "en") else -12
    told = [(state, stated, REFERENCE, "high_late_dispatch_rate", store.pk)] if state else []
    assert written == told
    assert set(ratings) <= {(188, store.pk)}
    assert bool(ratings) == (kind in {"health", "reversal"} or notice.did[-1:] == [RATING_SEEN])
    if stated is not None:
        assert points == (stated if kind == "violation" else 0)
