"""What this room's acts, fields and objects are called in the audit trail."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from stores import alert_kinds, problems, rules
from stores.markets import MARKETS
from stores.metrics import METRICS
from stores.models import (
    Alert,
    Client,
    Enforcement,
    Notice,
    Reading,
    Store,
    Violation,
)
from stores.views.shown import written
from tenants.templatetags import ui
from tenants.trail import words
from tenants.trail.words import Asked, Field

WORDS: Final = {
    "access.changed": _("Stores within reach changed"),
    "alert.acknowledged": _("Alert taken over"),
    "alert.resolved": _("Alert resolved"),
    "alert.snoozed": _("Alert snoozed"),
    "client.created": _("Client added"),
    "client.edited": _("Client changed"),
    "client.deleted": _("Client deleted"),
    "connection.begun": _("Connecting begun"),
    "connection.agreed": _("Seller agreed to connect"),
    "connection.refused": _("Seller refused to connect"),
    "connection.made": _("Store connected"),
    "connection.not_made": _("Store not connected"),
    "connection.ended": _("Store disconnected"),
    "consent.made": _("Link for the owner made"),
    "consent.mailed": _("Link for the owner mailed"),
    "consent.revoked": _("Link for the owner taken back"),
    "consent.refused": _("Owner refused to connect"),
    "enforcement.changed": _("Enforcement changed"),
    "enforcement.recorded": _("Enforcement recorded"),
    "enforcement.ended": _("Enforcement ended"),
    "enforcement.withdrawn": _("Enforcement withdrawn"),
    "group.created": _("Group added"),
    "group.edited": _("Group changed"),
    "group.deleted": _("Group deleted"),
    "import.made": _("File brought in"),
    "import.done": _("File imported"),
    "import.discarded": _("File discarded"),
    "mail.code_shown": _("Forwarding code shown"),
    "mail.forwarding_asked": _("Forwarding asked for by a mailbox provider"),
    "mail.forwarding_confirmed": _("Forwarding confirmed by a mail that came"),
    "mail.forwarding_suspected": _("Suspicious forwarding mail kept"),
    "mail.test_asked": _("Test mail asked for"),
    "mail.test_came": _("Test mail came back"),
    "import.undone": _("Imported file taken back"),
    "mail.forwarder_added": _("Forwarding address added"),
    "mail.forwarder_removed": _("Forwarding address removed"),
    "notice.acted": _("Notice acted on"),
    "notice.received": _("Notice received"),
    "notice.pasted": _("Notice pasted"),
    "notice.taught": _("Notice taught"),
    "notice.forgotten": _("Taught notice forgotten"),
    "notice.undone": _("Notice undone"),
    "notice.set_aside": _("Notice set aside"),
    "reading.recorded": _("Reading recorded"),
    "reading.withdrawn": _("Reading withdrawn"),
    "store.archived": _("Store archived"),
    "store.created": _("Store added"),
    "store.edited": _("Store changed"),
    "store.taken_over": _("Changed by the marketplace's word"),
    "store.owner_assigned": _("Owner assigned"),
    "sub_account.added": _("Sub-account added"),
    "sub_account.edited": _("Sub-account changed"),
    "sub_account.listed": _("Sub-accounts listed"),
    "sub_account.removed": _("Sub-account removed"),
    "sync.asked": _("Sync asked for"),
    "violation.changed": _("Violation changed"),
    "violation.recorded": _("Violation recorded"),
}


def rule_labels(asked: Collection[Asked], at: datetime) -> Mapping[Asked, str]:
    """Return what rules are called by the books of their stores, in one query."""
    stores = Store.objects.in_bulk({store for store, _code in asked if store})
    labels = {store.pk: rules.rules_of(store, at=at) for store in stores.values()}
    return {
        (store, code): labels.get(store, {}).get(code) or words.as_words(code)
        for store, code in asked
        if store is not None
    }


def client_names(asked: Collection[Asked], _at: datetime) -> Mapping[Asked, str]:
    """Return the names of clients by their ids, in one query."""
    ids = {value: pk for _store, value in asked if (pk := words.uuid_of(value))}
    names = dict(Client.objects.filter(pk__in=ids.values()).values_list("pk", "name"))
    return {
        (store, value): names[ids[value]]
        for store, value in asked
        if value in ids and ids[value] in names
    }


def violation_words(violations: Iterable[Violation]) -> dict[UUID, str]:
    """Return "rule, reference" of violations whose stores are at hand, by their ids."""
    return {
        one.pk: gettext("%(rule)s, %(reference)s")
        % {"rule": rules.label_of(one), "reference": one.reference}
        if one.reference
        else rules.label_of(one)
        for one in violations
    }


def _violations(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = Violation.objects.filter(pk__in=ids).select_related("store")
    return violation_words(found.defer("note"))


def _enforcements(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = Enforcement.objects.filter(pk__in=ids).only("kind")
    return {one.pk: one.get_kind_display() for one in found}


def _alerts(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = Alert.objects.filter(pk__in=ids)
    return {one.pk: alert_kinds.title(one.code, one.detail, one.title) for one in found}


def _readings(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = dict(Reading.objects.filter(pk__in=ids).values_list("pk", "metric"))
    return {pk: str(METRICS[code].label) for pk, code in found.items() if code in METRICS}


def _value(value: Any, changes: Mapping[str, Any]) -> str:
    metric = METRICS.get(changes.get("metric", ""))
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return written(metric, number) if metric else f"{number.normalize():f}"


def _points(value: Any, _changes: Mapping[str, Any]) -> str:
    return ui.signed(value) if isinstance(value, int) else str(value)


SOURCES: Final = dict(Reading.Source.choices)
POINTS: Final = Field(_("points"), say=_points)
_VIOLATION: Final = {
    "reference": Field(_("reference")),
    "rule": Field(_("rule"), look_up=rule_labels),
    "subject": Field(_("what it is about")),
    "points": POINTS,
    "points_low": Field(_("points, at least")),
    "points_high": Field(_("points, at most")),
    "state": Field(_("state"), choices=dict(Violation.State.choices)),
    "reported_at": Field(_("reported")),
    "enforced_at": Field(_("points taken")),
    "correct_by": Field(_("correct by")),
    "appeal_by": Field(_("appeal by")),
    "expires_at": Field(_("points return")),
    "note": Field(_("internal note")),
}
_ENFORCEMENT: Final = {
    "kind": Field(choices=dict(Enforcement.Kind.choices)),
    "starts_at": Field(pgettext_lazy("field of a change", "from")),
    "ends_at": Field(pgettext_lazy("field of a change", "until")),
    "violation": Field(_("violation")),
}
_ALERT: Final = {
    "state": Field(_("state"), choices=dict(Alert.State.choices)),
    "resolved_at": Field(is_hidden=True),  # the moment of the row itself
    "snoozed_until": Field(pgettext_lazy("field of a change", "until")),
}
_STORE: Final = {
    "marketplace": Field(_("marketplace"), choices=dict(Store.Marketplace.choices)),
    "market": Field(_("market"), choices=MARKETS),
    "seller_type": Field(_("seller type"), choices=dict(Store.SellerType.choices)),
    "time_zone": Field(_("time zone")),
    "external_id": Field(_("shop ID")),
    "shop_id": Field(_("shop ID")),
    "client": Field(_("client"), look_up=client_names),
    "groups": Field(_("groups"), is_list=True),
    "added": Field(_("added")),
    "changed": Field(_("changed")),
    "removed": Field(_("removed")),
    "problem": Field(_("reason"), choices=problems.TEXTS),
}
_READING: Final = {
    "metric": Field(is_hidden=True),  # the row is named for it
    "value": Field(say=_value),
    "source": Field(_("source"), choices=SOURCES),
}
_IMPORT: Final = {
    "rows": Field(_("rows")),
    "kind": Field(_("kind of file")),
    "new": Field(_("new")),
    "update": Field(_("brought up to date")),
    "same": Field(_("known already")),
    "repeated": Field(_("repeated in the file")),
}


def say() -> None:
    words.say(WORDS)
    words.say_fields({"address": Field(_("address"))})
    words.say_fields({"provider": Field(_("provider"))}, of=["stores.forwarding"])
    words.say_fields({"trust": Field(choices=dict(Notice.Trust.choices))}, of=["stores.notice"])
    words.say_fields(_VIOLATION, of=["stores.violation"])
    words.say_fields(_ENFORCEMENT, of=["stores.enforcement"])
    words.say_fields(_ALERT, of=["stores.alert"])
    words.say_fields(_STORE, of=["stores.store", "tenants.membership"])
    words.say_fields(_READING, of=["stores.reading"])
    words.say_fields(_IMPORT, of=["stores.import"])
    words.name_with(
        {
            "stores.violation": _violations,
            "stores.enforcement": _enforcements,
            "stores.alert": _alerts,
            "stores.reading": _readings,
        }
    )
