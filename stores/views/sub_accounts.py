"""The seats of a store: listed, judged, added one by one or pasted."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores.access import store_for, sub_account_for
from stores.forms.sub_accounts import PasteForm, SubAccountForm
from stores.models import SubAccount
from stores.selectors import sub_accounts as selectors
from stores.services import sub_accounts as services
from stores.views import seat_lines as shown
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError


@requires("people.view")
@require_GET
def seats(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    at = timezone.now()
    found = selectors.seats_of([store.pk], at=at)
    return render(
        request,
        "stores/sub_accounts.html",
        {
            "store": store,
            "seats": found,
            "marked_count": sum(seat.marks.count > 0 for seat in found),
            "now": at,
            "may_edit": request.member.can("subaccounts.edit"),
        },
    )


@requires("subaccounts.edit")
@require_http_methods(["GET", "POST"])
def add_seat(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    form = SubAccountForm(request.POST or None, store=store, at=timezone.now())
    return _saved(request, form, SubAccount(store=store))


@requires("subaccounts.edit")
@require_http_methods(["GET", "POST"])
def edit_seat(request: MemberRequest, pk: str, seat: str) -> HttpResponse:
    account = sub_account_for(request.member, pk, seat)
    two_step = {None: "", True: "1", False: "0"}[account.two_step]
    form = SubAccountForm(
        request.POST or None,
        store=account.store,
        at=timezone.now(),
        extra_role=account.platform_role,
        initial={
            "name": account.name,
            "email": account.email,
            "platform_role": account.platform_role,
            "permissions": account.permissions,
            "two_step": two_step,
            "last_sign_in_at": account.last_sign_in_at,
        },
    )
    return _saved(request, form, account)


@requires("subaccounts.edit")
@require_POST
def remove_seat(request: MemberRequest, pk: str, seat: str) -> HttpResponse:
    account = sub_account_for(request.member, pk, seat)
    services.remove_sub_account(account=account, by=request.member, at=timezone.now())
    messages.success(request, _("Taken off the list. Remove the seat at the marketplace as well."))
    return redirect("stores:sub_accounts", pk=account.store_id)


@requires("subaccounts.edit")
@require_http_methods(["GET", "POST"])
def paste_seats(request: MemberRequest, pk: str) -> HttpResponse:
    """Show what a pasted list would do; write it only when no row is wrong, and then whole."""
    store = store_for(request.member, pk)
    at = timezone.now()
    form = PasteForm(request.POST or None, zone=store.time_zone, at=at)
    if request.method != "POST" or not form.is_valid():
        return render(request, "stores/paste_sub_accounts.html", {"store": store, "form": form})
    pasted, is_whole = form.cleaned_data["rows"], form.cleaned_data["is_whole"]
    told = [row.values for row in pasted.rows if row.values is not None]
    plan = selectors.plan_list(store, told, is_whole=is_whole)
    lines = shown.seat_lines(pasted.rows, plan, zone=store.time_zone)
    wrong = sum(bool(line.errors) for line in lines)
    if not wrong and request.POST.get("step") == "save":
        try:
            done = services.save_list(
                store=store, seats=told, is_whole=is_whole, by=request.member, at=at
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("stores:paste_sub_accounts", pk=store.pk)
        words = _("%(added)s added, %(changed)s changed, %(removed)s removed.")
        messages.success(
            request,
            words % {"added": done.added, "changed": done.changed, "removed": done.removed},
        )
        return redirect("stores:sub_accounts", pk=store.pk)
    context = {
        "store": store,
        "form": form,
        "rows": lines,
        "wrong": wrong,
        "not_taken": pasted.not_taken,
        "removed": () if wrong else plan.removed,
    }
    return render(request, "stores/paste_sub_accounts.html", context)


def _saved(request: MemberRequest, form: SubAccountForm, account: SubAccount) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            services.save_sub_account(
                account=account, values=form.values(), by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:sub_accounts", pk=account.store_id)
    is_new = account._state.adding  # noqa: SLF001 - Django's documented flag
    context = {"store": account.store, "form": form, "account": None if is_new else account}
    return render(request, "stores/sub_account.html", context)
