"""Removes what a deleted agency held, step by step; each step may be done twice."""

import logging
from typing import Final

from django.apps import apps
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.utils.translation import gettext_lazy as _

from tenants import schemas
from tenants.due import Work
from tenants.models import (
    AccountEvent,
    Agency,
    AgencyDeletion,
    Domain,
    DueWork,
    Membership,
    Role,
    SchemaVersion,
)
from tenants.provisioning import alone
from tenants.selectors.closing import holders
from tenants.services import agencies, closing
from tenants.tasks import due_task

logger = logging.getLogger(__name__)

# Users and memberships are deactivated, never deleted; what they rest on and what says that there
# was an agency stays beside them. A host given up is kept from others for a while.
_KEPT: Final = (Membership, Role, AgencyDeletion, Domain, DueWork)


@due_task(
    closing.REMOVE,
    words=_("Remove the deleted agency"),
    queue="provision",
    seconds=60,
    transactional=False,
    states=(Agency.State.READY, Agency.State.CLOSING, Agency.State.DELETED),
)
def remove_when_due(agency: Agency, work: Work) -> None:
    """Remove an agency whose deletion was confirmed 30 days ago and not called off since."""
    deletion = AgencyDeletion.objects.get(pk=work.subject)
    if deletion.ended_at is not None:
        work.finish()
        return
    if work.at < deletion.removed_at:
        work.finish(again_at=deletion.removed_at)
        return
    with alone(agency):
        if _begin(agency, deletion):
            _remove_files(default_storage, str(agency.pk))
            schemas.drop(agency.schema_name)
            _bury(agency, deletion, work)
        else:
            work.finish()


@transaction.atomic
def _begin(agency: Agency, deletion: AgencyDeletion) -> bool:
    """Pass the point of no return, once; return whether nobody has called it off before."""
    agency_now = Agency.objects.select_for_update().get(pk=agency.pk)
    deletion.refresh_from_db()
    if deletion.ended_at is not None:
        return False
    if agency_now.state == Agency.State.CLOSING:
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.DELETED)
        deletion.owner_ids = [o.user_id for o in holders(agency.pk)] or deletion.owner_ids
        deletion.save(update_fields=["owner_ids"])
        logger.info("agency_removal_begun", extra={"agency_id": str(agency.pk)})
        return True
    return bool(agency_now.state == Agency.State.DELETED)


def _remove_files(storage: Storage, folder: str) -> None:
    """Delete a folder of the media storage with all that is in it; none there is none left."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        storage.delete(f"{folder}/{name}")
    for name in folders:
        _remove_files(storage, f"{folder}/{name}")
    storage.delete(folder)


@transaction.atomic
def _bury(agency: Agency, deletion: AgencyDeletion, work: Work) -> None:
    """Remove the agency's public rows; what is left says only that there was one, and when."""
    agencies.give_up_host(agency, at=work.at)
    agencies.end_sessions_at(agency, agencies.agency_host(agency.slug))
    Membership.objects.filter(agency=agency).update(is_active=False)
    for rows in _rows_of(agency):
        rows.delete()
    DueWork.objects.filter(agency=agency).exclude(pk=work.id).delete()
    SchemaVersion.objects.filter(agency=agency).delete()
    Agency.objects.filter(pk=agency.pk).update(name="", slug=f"deleted-{agency.pk.hex}"[:40])
    AgencyDeletion.objects.filter(pk=deletion.pk).update(
        ended_at=work.at, outcome=AgencyDeletion.Outcome.DONE
    )
    for seat in {deletion.asked_by, deletion.confirmed_by} - {None}:
        assert seat is not None
        AccountEvent.objects.create(
            user_id=seat.user_id,
            kind="agency.deleted",
            at=work.at,
            detail={"agency": str(agency.pk)},
        )
    for user_id in deletion.owner_ids:
        closing.ask_mail(deletion, "done", user_id, work.at)
    work.finish()
    logger.info("agency_removed", extra={"agency_id": str(agency.pk)})


def _rows_of(agency: Agency) -> list[QuerySet[Model]]:
    """Return the agency's rows of every public table that names it, but those that are kept."""
    found = []
    for model in apps.get_models():
        if model in _KEPT or model._meta.app_label in schemas.tenant_labels():  # noqa: SLF001 - public
            continue
        found += [
            model._default_manager.filter(**{field.name: agency})  # noqa: SLF001 - Django's own way
            for field in model._meta.get_fields()  # noqa: SLF001 - public
            if isinstance(field, ForeignKey) and field.related_model is Agency
        ]
    return found
