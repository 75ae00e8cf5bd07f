"""The jump: from a few letters to a store, a case, a person."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tenants.access import ANY_MEMBER, MemberRequest, requires
from tenants.selectors import jump as selectors


@requires(ANY_MEMBER)
@never_cache
@require_GET
def jump(request: MemberRequest) -> HttpResponse:
    """Show what was found, below the box as a fragment; one thing alone is gone to at once."""
    words = selectors.words_of(request.GET.get("q", ""))
    found = selectors.found(request.member, words)
    context = {"found": found, "asked_for": " ".join(words)}
    if getattr(request, "htmx", False):
        return render(request, "tenants/_hits.html", context) if words else HttpResponse()
    hits = [hit for kind in found for hit in kind.hits]
    if len(hits) == 1:
        return redirect(hits[0].href)
    return render(request, "tenants/jump.html", context)
