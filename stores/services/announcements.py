"""What members have read of the marketplaces' announcements."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext as _

from stores.models import NoticeRead
from tenants.errors import DomainError
from tenants.models import Membership


class NobodyReads(DomainError):
    code: ClassVar[str] = "nobody_reads"


def mark_read(*, keys: Iterable[str], by: Membership | None, at: datetime) -> None:
    """Note that ``by`` has read the announcements of these keys; her own matter, not audited.

    Raises:
        NobodyReads: if it is an integration that no member stands behind.
    """
    if by is None:
        raise NobodyReads(_("This key was made by no member, so nobody has read anything."))
    NoticeRead.objects.bulk_create(
        [NoticeRead(member=by, topic=key, read_at=at) for key in sorted(keys)],
        ignore_conflicts=True,
    )


def mark_unread(*, keys: Iterable[str], by: Membership) -> None:
    NoticeRead.objects.filter(member=by, topic__in=keys).delete()
