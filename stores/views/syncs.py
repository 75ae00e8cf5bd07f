"""What is fetched from a store's marketplace: how fresh each kind of data is, and every run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.http import require_GET

from stores import problems
from stores.access import store_for
from stores.data_kinds import DATA
from stores.models import SyncRun
from stores.selectors import syncs as selectors
from stores.selectors.freshness import data_states
from stores.services import connections
from stores.views import paging
from tenants.access import MemberRequest, requires

PAGE: Final = 50
_TONES: Final = {
    SyncRun.State.DONE: "good",
    SyncRun.State.FAILED: "bad",
    SyncRun.State.RUNNING: "act",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One run as the page shows it."""

    run: SyncRun

    @property
    def label(self) -> Promise | str:
        kind = DATA.get(self.run.data)
        return kind.label if kind else self.run.data

    @property
    def tone(self) -> str:
        return _TONES.get(SyncRun.State(self.run.state), "none")

    @property
    def words(self) -> str:
        """Return what stood in the way, in the reader's language."""
        return str(problems.text(self.run.problem))

    @property
    def took(self) -> timedelta | None:
        ended = self.run.finished_at
        return None if ended is None else ended - self.run.started_at


@requires("stores.view")
@require_GET
def syncs_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    at = timezone.now()
    after = paging.place(request.GET.get("after", ""))
    found = list(selectors.runs_after(store.pk, after)[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    states = data_states(store, at=at)
    running = [Line(run) for run in selectors.running(store.pk)]
    is_live = connections.is_live(store)
    context = {
        "store": store,
        "now": at,
        "states": states,
        "running": running,
        "lines": [Line(run) for run in found[:PAGE]],
        "older": paging.query({}, last.started_at, last.pk) if last else "",
        "is_first": after is None,
        "is_live": is_live,
        "is_moving": is_live and (running or any(state.is_awaited for state in states)),
        "may_connect": request.member.can("stores.connect"),
        "may_sync": is_live and request.member.can("readings.record"),
    }
    is_swap = request.headers.get("HX-Request") == "true"
    return render(request, "stores/_syncs.html" if is_swap else "stores/syncs.html", context)
