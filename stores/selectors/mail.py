"""Whether a store's notices come to us by mail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from stores.models import Notice


def mail_flows(store_ids: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """Return when the last mailed notice of each store came, by whichever address; in one query.

    None: none ever did. What is suspicious proves nothing.
    """
    mails = Notice.objects.filter(store__in=store_ids, channel="mail")
    newest = dict(
        mails.exclude(trust=Notice.Trust.SUSPICIOUS)
        .values_list("store")
        .annotate(Max("received_at"))
        .order_by()
    )
    return {pk: newest.get(pk) for pk in store_ids}
