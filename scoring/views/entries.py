"""What people write by hand: an entry of the ledger, and what the marketplace shows."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from scoring.forms import AdjustForm, PlatformRatingForm
from scoring.models import LedgerEntry
from scoring.services import ledger, observations, rating
from stores.access import store_for
from stores.models import Store
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError


@requires("ratings.adjust")
def adjust(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    form = AdjustForm(request.POST or None, store=store)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        kind = form.cleaned_data["kind"]
        try:
            ledger.write_entry(
                store=store,
                kind=kind,
                points=form.cleaned_data["points"],
                counts_as=LedgerEntry.CountsAs.NONE if kind == LedgerEntry.Kind.ADJUSTMENT else "",
                occurred_at=form.cleaned_data["occurred_at"],
                note=form.cleaned_data["note"],
                at=at,
                by=request.member,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            rating.rate(store=store, at=at)
            messages.success(request, _("The entry was written."))
            return redirect("stores:store", pk=store.pk)
    return _page(
        request,
        store,
        form,
        title=_("New ledger entry"),
        lead=_(
            "For points that no notice tells: a passed quiz, or a difference you can explain. "
            "Entries are never edited; a wrong one is mended by another."
        ),
        button=_("Write the entry"),
    )


@requires("readings.record")
def platform_rating(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    form = PlatformRatingForm(request.POST or None, store=store)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        try:
            observations.record_platform_rating(
                store=store,
                value=form.cleaned_data["value"],
                measure=form.cleaned_data["measure"],
                observed_at=form.cleaned_data["observed_at"],
                source="person",
                at=at,
                by=request.member,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Recorded what the marketplace shows."))
            return redirect("stores:store", pk=store.pk)
    return _page(
        request,
        store,
        form,
        title=_("Record what the marketplace shows"),
        lead=_(
            "The marketplace's number is the truth about the store. The first one also tells us "
            "what happened before we knew the store."
        ),
        button=_("Record"),
    )


def _page(request: MemberRequest, store: Store, form: Form, **words: str) -> HttpResponse:
    context = {
        "store": store,
        "form": form,
        "up": {"href": reverse("stores:fleet"), "word": _("Fleet")},
        "back": reverse("stores:store", args=[store.pk]),
        **words,
    }
    return render(request, "scoring/form_page.html", context)
