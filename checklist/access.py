"""The only way from a name in a URL to a round, tick or procedure this member may use."""

from django.db.models import QuerySet
from django.http import Http404

from checklist.models import Procedure, ProcedureItem, Round, Schedule, Tick
from stores.access import uuid_or_404, visible_stores
from tenants.models import Membership


def visible_rounds(member: Membership) -> QuerySet[Round]:
    return Round.objects.filter(store__in=visible_stores(member))


def round_for(member: Membership, pk: object) -> Round:
    found = (
        visible_rounds(member)
        .select_related("store", "procedure", "member__user", "role")
        .filter(pk=uuid_or_404(pk))
        .first()
    )
    if found is None:
        raise Http404
    return found


def item_for(round_: Round, pk: object) -> ProcedureItem:
    """Return an item that the round asks."""
    item_id = uuid_or_404(pk)
    if item_id not in round_.item_ids:
        raise Http404
    return ProcedureItem.objects.prefetch_related("limits").get(pk=item_id)


def tick_for(member: Membership, pk: object) -> Tick:
    found = (
        Tick.objects.filter(round__in=visible_rounds(member), pk=uuid_or_404(pk))
        .select_related("round__store", "round__procedure", "item", "member__user")
        .first()
    )
    if found is None:
        raise Http404
    return found


def procedure_for(_member: Membership, pk: object) -> Procedure:
    """Return a procedure; procedures are the whole agency's."""
    found = Procedure.objects.filter(pk=uuid_or_404(pk)).first()
    if found is None:
        raise Http404
    return found


def item_in_force_for(procedure: Procedure, pk: object) -> ProcedureItem:
    found = procedure.items.filter(pk=uuid_or_404(pk), is_active=True).first()
    if found is None:
        raise Http404
    return found


def schedule_for(procedure: Procedure, pk: object) -> Schedule:
    found = procedure.schedules.filter(pk=uuid_or_404(pk)).first()
    if found is None:
        raise Http404
    found.procedure = procedure
    return found
