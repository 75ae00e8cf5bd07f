"""What is fetched from a store's marketplace: how fresh each kind of data is, and every run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
    SyncRun.State.WAITING: "warn",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One run as the page shows it."""

    run: SyncRun
    next_at: datetime | None = None  # when one that waits is tried again

    @property
    def is_waiting(self) -> bool:
        return self.run.state == SyncRun.State.WAITING

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
    next_at = {state.kind.code: state.due_at for state in states}
    under_way = [Line(run, next_at.get(run.data)) for run in selectors.under_way(store.pk)]
    is_live = connections.is_live(store)
    is_moving = is_live and any(state.due_at is None or state.due_at <= at for state in states)
    context = {
        "store": store,
        "now": at,
        "states": states,
        "under_way": under_way,
        "lines": [Line(run, next_at.get(run.data)) for run in found[:PAGE]],
        "older": paging.query({}, last.started_at, last.pk) if last else "",
        "is_first": after is None,
        "is_live": is_live,
        "is_moving": is_moving or any(not line.is_waiting for line in under_way),
        "may_connect": request.member.can("stores.connect"),
        "may_sync": is_live and request.member.can("readings.record"),
    }
    is_swap = request.headers.get("HX-Request") == "true"
    return render(request, "stores/_syncs.html" if is_swap else "stores/syncs.html", context)
