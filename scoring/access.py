"""The only way from a name in a URL to a quiz this member or key may use; else a 404."""

from django.http import Http404

from scoring.models import Quiz
from stores.access import stores_of_key, uuid_or_404, visible_stores
from tenants.models import ApiKey, Membership


def quiz_for(member: Membership, pk: object) -> Quiz:
    """Return a quiz of a store the member sees."""
    found = Quiz.objects.filter(pk=uuid_or_404(pk), store__in=visible_stores(member))
    return _one(found.select_related("store").first())


def quiz_of_key(key: ApiKey, pk: object) -> Quiz:
    found = Quiz.objects.filter(pk=uuid_or_404(pk), store__in=stores_of_key(key))
    return _one(found.select_related("store").first())


def _one(found: Quiz | None) -> Quiz:
    if found is None:
        raise Http404
    return found
