"""The work that a failed check leads to."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.utils.translation import gettext as _

from appeals.models import Remediation
from appeals.services import remediations
from checklist.models import Tick
from tenants.errors import DomainError
from tenants.models import Membership

TIME_TO_MEND: Final = timedelta(days=1)


class NotFailed(DomainError):
    code: ClassVar[str] = "not_failed"


def open_remediation(*, tick: Tick, by: Membership, at: datetime, via: str = "page") -> Remediation:
    """Open the work on a failed check, due a day later; the store's owner's, else ``by``'s.

    Asked for twice it is the same work.

    Raises:
        NotFailed: if the answer is no fail, or not in force.
    """
    if tick.result != Tick.Result.FAIL or tick.superseded_at is not None:
        raise NotFailed(_("Only a failed check leads to a remediation."))
    store = tick.round.store
    title = _("%(item)s at %(store)s") % {"item": str(tick.item), "store": store.name}
    return remediations.open_remediation(
        store=store,
        title=title[: remediations.TITLE_LENGTH],
        origin_kind=Remediation.Origin.TICK,
        origin_id=tick.pk,
        origin_text=tick.note[: remediations.TEXT_LENGTH],
        owner=store.owner or by,
        due_at=at + TIME_TO_MEND,
        by=by,
        at=at,
        via=via,
    )
