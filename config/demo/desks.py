"""The demo agency's desks: quizzes, a notice behind a drift, points that are not back yet."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from appeals.services import outcomes
from config.demo import work
from scoring.models import Quiz
from scoring.services import quizzes
from stores.mailin.envelope import read_mail
from stores.mailin.trust import Trust
from stores.models import Enforcement, Store
from stores.services import notices, violations
from tenants.models import Membership

_DAY: Final = timedelta(days=1)
# Two late dispatch rates are known of this store, so that a person says which one it is.
_UNPLACED: Final = """Dear Seller,

Your shop did not meet our fulfilment standard.

Violation type: High late dispatch rate
Status: Enforcement action taken
Points deducted: 4
Enforced on: %s (UTC+0)

TikTok Shop
"""


def offer_quizzes(members: dict[str, Membership], *, at: datetime) -> None:
    """Record two open quizzes and one that was passed a week ago."""
    offers = (
        ("Fernwood Kitchen", "Shipping standards", 6, at - _DAY, at + 3 * _DAY),
        ("Manila Gadget Hub", "Product information", None, at - 2 * _DAY, at + 9 * _DAY),
        ("Chang Noi Toys", "Listing rules", 2, at - 12 * _DAY, at - 4 * _DAY),
    )
    for name, title, worth, offered_at, open_until in offers:
        quizzes.record_quiz(
            store=Store.objects.get(name=name),
            kind=Quiz.Kind.POINTS,
            title=title,
            worth=worth,
            offered_at=offered_at,
            open_until=open_until,
            at=offered_at,
            by=members["linh"],
            via="command",
        )
    quizzes.pass_quiz(
        quiz=Quiz.objects.select_related("store").get(title="Listing rules"),
        at=at - 7 * _DAY,
        by=members["somchai"],
        via="command",
    )


def differ(members: dict[str, Membership], *, at: datetime) -> None:
    """Grant an appeal that the marketplace has not shown yet, and leave a notice unplaced.

    After the marketplace's numbers have been told: nothing has been seen since.
    """
    day, hour = timedelta(days=1), timedelta(hours=1)
    won = work.violation_of("Nhà Mây Decor", "not_as_described")
    violations.record_enforcement(
        store=won.store,
        kind=Enforcement.Kind.LISTING_REMOVED,
        starts_at=won.reported_at,
        violation=won,
        source="person",
        by=members["somchai"],
        at=won.reported_at + day,
        via="command",
    )
    attempt = work.file_appeal(won, members["somchai"], members["linh"], won.reported_at + 5 * day)
    outcomes.record_outcome(
        attempt=attempt, outcome="granted", by=members["linh"], at=at - 2 * hour, via="command"
    )
    _mail(Store.objects.get(name="Fernwood Kitchen"), at - 2 * day - 12 * hour)


def _mail(store: Store, at: datetime) -> None:
    """Take in a mail that names points, and that may be about a violation known already."""
    mail = EmailMessage()
    mail["From"] = "TikTok Shop <no-reply@tiktok.com>"
    mail["To"] = "notices@in.localhost"
    mail["Subject"] = "A violation of your shop has been confirmed"
    mail["Date"] = format_datetime(at)
    mail.set_content(_UNPLACED % f"{at:%Y-%m-%d %H:%M}")
    raw = mail.as_bytes()
    notices.take_mail(
        incoming=notices.Incoming(
            raw=raw, digest=sha256(raw).hexdigest(), store_id=store.pk, received_at=at
        ),
        judged=Trust(level="unverified", reasons=(), notices=(read_mail(raw),)),
        at=at,
    )
