"""The shelf of rulebooks: what each says, which stores go by it, and its switches."""

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.forms import (
    DifferenceForm,
    ShelfForm,
    SwitchForm,
)
from scoring.selectors import rulebooks as shelf
from scoring.selectors.facts import difference, figure_words, sections_of
from scoring.selectors.figures import switched_on
from scoring.selectors.ratings import current_ratings
from scoring.selectors.replay import replay
from scoring.services import figures
from stores.access import store_for, visible_stores
from stores.models import Store
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_STORES_A_PAGE: Final = 50


@requires("ratings.view")
@require_GET
def rulebooks(request: MemberRequest) -> HttpResponse:
    form = ShelfForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    shown = shelf.listed(visible_stores(request.member), timezone.now(), **asked)
    return render(request, "scoring/rulebooks.html", {"form": form, "books": shown})


@requires("ratings.view")
@require_GET
def rulebook(request: MemberRequest, name: str) -> HttpResponse:
    return _rulebook_page(request, _book(name))


@requires("ratings.view")
@require_GET
def rulebook_stores(request: MemberRequest, name: str) -> HttpResponse:
    """Show the member's stores of the book's kind, whose rating goes by it while it is in force."""
    book = _book(name)
    stores = shelf.stores_of_kind(visible_stores(request.member), book)
    page = Paginator(stores.order_by("name", "pk"), _STORES_A_PAGE).get_page(
        request.GET.get("page")
    )
    ratings = {
        row.store_id: row for row in current_ratings([store.pk for store in page.object_list])
    }
    context = {
        **_place(request, book),
        "page": page,
        "rows": [(store, ratings.get(store.pk)) for store in page.object_list],
    }
    return render(request, "scoring/rulebook_stores.html", context)


@requires("ratings.view")
@require_GET
def rulebook_store(request: MemberRequest, name: str, pk: str) -> HttpResponse:
    """Show what a store's rating would be had the book always been in force, beside what it is."""
    book, store = _book(name), store_for(request.member, pk)
    if store not in shelf.stores_of_kind(visible_stores(request.member), book):
        raise Http404
    replayed = replay(store, book, at=timezone.now())
    context = {**_place(request, book), "store": store, "replayed": replayed}
    return render(request, "scoring/rulebook_store.html", context)


@requires("ratings.view")
@require_GET
def rulebook_difference(request: MemberRequest, name: str) -> HttpResponse:
    """Show two books beside each other: by default the one before, as it comes, and this one."""
    book = _book(name)
    before, after = shelf.neighbours(book, books.library_of(book))
    other = before or after or shelf.comparable(book)[0]
    form = DifferenceForm(request.GET if "to" in request.GET else {"to": other.name}, book=book)
    left, right = book, book
    if form.is_valid():
        chosen = books.named(form.cleaned_data["to"]) or other
        left, right = sorted((book, chosen), key=lambda each: each.effective_from)
    context = {
        **_place(request, book),
        "form": form,
        "left": left,
        "right": right,
        "titles": [shelf.title_of(left), shelf.title_of(right)],
        "compared": difference(left, right),
        "shows_all": "all" in request.GET,
    }
    return render(request, "scoring/rulebook_difference.html", context)


@requires("settings.agency")
@require_POST
def switch_figures(request: MemberRequest, name: str) -> HttpResponse:
    book = _book(name)
    form = SwitchForm(request.POST, book=book)
    if not form.is_valid():
        return _rulebook_page(request, book, form=form, status=422)
    try:
        moved = figures.switch(
            book=book,
            figures=form.cleaned_data["figures"],
            is_on=form.cleaned_data["is_on"] == "on",
            at=timezone.now(),
            by=request.member,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        words = ngettext(
            "Done. %(count)d store is rated anew.", "Done. %(count)d stores are rated anew.", moved
        )
        messages.success(request, words % {"count": moved})
    return redirect("scoring:rulebook", name=book.name)


def _book(name: str) -> Rulebook:
    found = books.named(name)
    if found is None:
        raise Http404
    return found


def _place(request: MemberRequest, book: Rulebook) -> dict[str, Any]:
    """Return which book it is, where it stands in time, and how many stores the member sees."""
    visible = shelf.stores_of_kind(visible_stores(request.member), book)
    before, after = shelf.neighbours(book, books.library_of(book))
    return {
        "book": book,
        "listed": shelf.listed_one(book, timezone.now(), shelf.counts_by_kind(visible)),
        "before": before,
        "after": after,
    }


def _rulebook_page(
    request: MemberRequest, book: Rulebook, *, form: SwitchForm | None = None, status: int = 200
) -> HttpResponse:
    on = switched_on(books.library_of(book))
    sections = sections_of(book)
    may_switch = request.member.can("settings.agency") and bool(book.third_party)
    context = {
        **_place(request, book),
        "sections": sections,
        "switches": [
            {
                "words": f"{section.title}: {figure_words(book, fact)}",
                "fact": fact,
                "is_on": book.qualified(fact.figure) in on,
            }
            for section in sections
            for fact in section.facts
            if fact.figure
        ],
        "on": {figure for figure in book.third_party if book.qualified(figure) in on},
        "fires_nothing": bool(book.milestones) and not book.settled(on).milestones,
        "may_switch": may_switch,
        # What is switched counts for all stores of the kind, also those she does not see.
        "moved": shelf.stores_of_kind(Store.objects.all(), book).count() if may_switch else 0,
        "form": form,
    }
    return render(request, "scoring/rulebook.html", context, status=status)
