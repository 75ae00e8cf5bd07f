"""What the jump finds in this room."""

from collections.abc import Sequence

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from stores.access import visible_stores
from stores.selectors import fleet
from tenants.models import Membership
from tenants.slots import Hit


def find_stores(member: Membership, words: Sequence[str], most: int) -> list[Hit]:
    """Return stores by name or shop ID, those that begin so first.

    Conditions such as ``rating:<160`` are the fleet's to answer, so they lead there.
    """
    if not member.can("stores.view"):
        return []
    asked = " ".join(words)
    if fleet.parse_search(asked).tokens:
        href = f"{reverse('stores:fleet')}?{urlencode({'q': asked})}"
        return [Hit(_("Fleet"), asked, href)]
    found = visible_stores(member)
    for word in words:
        found = found.filter(Q(name__icontains=word) | Q(external_id__icontains=word))
    begins_so = Case(
        When(name__istartswith=asked, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return [
        Hit(
            title=store.name,
            note=" · ".join(
                filter(None, (store.market, store.get_marketplace_display(), store.external_id))
            ),
            href=reverse("stores:store", args=[store.pk]),
        )
        for store in found.order_by(begins_so, Lower("name"), "pk")[:most]
    ]
