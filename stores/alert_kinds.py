"""The kinds of alerts: what each says, and what to do about it.

Higher rooms register theirs in ``AppConfig.ready()``. Titles and instructions are message ids
with placeholders, translated for each reader and filled from the alert's ``detail``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext, gettext_noop

from stores.models import Alert

CRITICAL, WARNING, INFO = Alert.Severity.CRITICAL, Alert.Severity.WARNING, Alert.Severity.INFO


class Texts(NamedTuple):
    """What an alert says; both are msgids."""

    title: str
    instruction: str


@dataclass(frozen=True, slots=True)
class AlertKind:
    code: str
    title: str  # a msgid
    instruction: str  # a msgid
    severity: Alert.Severity
    page: str = ""  # the url name of the store's page where it is dealt with
    of_points: Texts | None = None  # in place of both where its measure is points deducted
    replaced_by: str = ""  # the later alert about the same; ``detail["about"]`` of both names it

    def texts(self, detail: Mapping[str, Any]) -> Texts:
        """Return what the alert says of ``detail["measure"]``, where it tells one."""
        is_points = detail.get("measure") == "points_deducted"
        return (self.of_points if is_points else None) or Texts(self.title, self.instruction)


_kinds: dict[str, AlertKind] = {}


def register(kind: AlertKind) -> None:
    assert kind.code not in _kinds, f"The alert {kind.code} is registered twice."
    _kinds[kind.code] = kind


def kind(code: str) -> AlertKind:
    return _kinds[code]


def replaced_by(code: str) -> list[str]:
    """Return the codes of the alerts that ``code`` takes the place of."""
    return [kind.code for kind in _kinds.values() if kind.replaced_by == code]


def page(code: str) -> str:
    """Return the url name of the store's page where an alert is dealt with; "" for none."""
    return _kinds[code].page if code in _kinds else ""


def title(code: str, detail: Mapping[str, Any], stored: str = "") -> str:
    """Return an alert's title in the reader's language."""
    msgid = _kinds[code].texts(detail).title if code in _kinds else stored
    return _filled(msgid, detail)


def instruction(code: str, detail: Mapping[str, Any]) -> str:
    return _filled(_kinds[code].texts(detail).instruction, detail) if code in _kinds else ""


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


def _filled(msgid: str, detail: Mapping[str, Any]) -> str:
    # An older row may lack what a newer text asks for: a dash is better than a broken page.
    return gettext(msgid) % _Forgiving(detail) if msgid else ""


_TABLE = (
    (
        "connection.revoked",
        gettext_noop("The marketplace no longer lets us in"),
        gettext_noop("Connect the store again; until then nothing is fetched from it."),
        CRITICAL,
    ),
    (
        "store.inactive",
        gettext_noop("The marketplace holds the store to be inactive"),
        gettext_noop(
            "Sign in to the seller centre, read its notices and make the store active again."
        ),
        CRITICAL,
    ),
    (
        "mail.quiet",
        gettext_noop("No mail has come since %(since)s"),
        gettext_noop(
            "Look whether the mailbox still forwards, and send a test mail from the mail settings."
        ),
        WARNING,
    ),
    (
        "reading.overdue_orders",
        gettext_noop("Orders past dispatch: %(value)s"),
        gettext_noop(
            "Ship them now, oldest first; each one counts towards the late dispatch rate."
        ),
        CRITICAL,
    ),
    (
        "reading.late_dispatch_rate",
        gettext_noop("Late dispatch rate %(value)s %%, limit %(limit)s %%"),
        gettext_noop("Find out which orders were late and why, and clear what is still waiting."),
        WARNING,
    ),
    (
        "reading.cancel_requests",
        gettext_noop("Cancellation requests waiting: %(value)s"),
        gettext_noop("Answer each before its deadline; unanswered ones are decided for the buyer."),
        WARNING,
    ),
    (
        "reading.seller_cancel_rate",
        gettext_noop("Seller-fault cancellations %(value)s %%, limit %(limit)s %%"),
        gettext_noop("Correct stock and prices of the listings whose orders were cancelled."),
        WARNING,
    ),
    (
        "reading.days_inactive",
        gettext_noop("No activity for %(value)s days"),
        gettext_noop("Edit a product, answer a buyer or sign in, before listings are taken down."),
        WARNING,
    ),
    (
        "reading.authorization_days",
        gettext_noop("The authorization ends in %(value)s days"),
        gettext_noop("Connect the store again before it ends."),
        WARNING,
    ),
    (
        "reading.balance",
        gettext_noop("The balance is %(value)s"),
        gettext_noop("Pay what is owed before the marketplace holds withdrawals or settlements."),
        CRITICAL,
    ),
    (
        "reading.policy_deductions",
        gettext_noop("Deductions for policy reasons in 30 days: %(value)s"),
        gettext_noop("Look up in the balance what was deducted and why, and appeal what is wrong."),
        WARNING,
    ),
)
for _code, _title, _instruction, _severity in _TABLE:
    register(AlertKind(_code, _title, _instruction, _severity))
