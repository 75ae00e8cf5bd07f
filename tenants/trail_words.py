"""What people, invitations, keys and the agency itself are called in the audit trail."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tenants import due, scope
from tenants.models import Membership, Role
from tenants.trail import words
from tenants.trail.words import Asked, Field


def members(asked: Collection[Asked], _at: datetime) -> Mapping[Asked, str]:
    """Return the names of the agency's members by their ids, in one query."""
    ids = {value: pk for _store, value in asked if (pk := words.uuid_of(value))}
    found = Membership.objects.filter(agency_id=scope.current_id(), pk__in=ids.values())
    names = {member.pk: str(member) for member in found.select_related("user")}
    return {
        (store, value): names[pk]
        for store, value in asked
        if (pk := ids.get(value)) is not None and pk in names
    }


def roles(asked: Collection[Asked], _at: datetime) -> Mapping[Asked, str]:
    """Return what the agency's roles are called by their codes, in one query."""
    codes = {value for _store, value in asked}
    found = Role.objects.filter(agency_id=scope.current_id(), code__in=codes)
    names = {role.code: str(role) for role in found}
    return {(store, value): names[value] for store, value in asked if value in names}


def kinds_of_work(asked: Collection[Asked], _at: datetime) -> Mapping[Asked, str]:
    """Return what kinds of due work are called by their codes."""
    known = due.kinds()
    return {(store, code): str(known[code].words) for store, code in asked if code in known}


_MEMBER = Field(_("member"), look_up=members)
_OWNER = Field(_("owner"), look_up=members)
_SCOPE = Field(
    pgettext_lazy("field of a change", "reach"), choices=dict(Membership.StoreScope.choices)
)


def say() -> None:
    words.say_fields(
        {
            "name": Field(_("name")),
            "role": Field(_("role"), look_up=roles),
            "store_scope": _SCOPE,
            "stores": Field(_("stores")),
            "review_required": Field(_("appeals need a second person")),
            "scopes": Field(pgettext_lazy("field of a change", "may"), is_list=True),
            "every_store": Field(_("every store")),
            "member": _MEMBER,
            "owner": _OWNER,
            "note": Field(_("note")),
            "reason": Field(_("reason")),
            "work": Field(_("work"), look_up=kinds_of_work, is_list=True),
            "count": Field(pgettext_lazy("field of a change", "number")),
        }
    )
