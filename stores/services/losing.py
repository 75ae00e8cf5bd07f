"""How a connection ends: by the marketplace, or by a member."""

from datetime import datetime

from stores.models import Connection, SyncRun
from stores.services import alerts
from tenants.models import StoreRoute


def lose(
    connection: Connection,
    *,
    state: Connection.State,
    problem: str,
    at: datetime,
    alert: bool = True,
) -> None:
    """Forget the tokens, free the shop for other agencies, and raise the alert.

    Its shop stays named: whoever connects again must mean the same one.
    """
    connection.state = state
    connection.problem = problem
    connection.access_token = connection.refresh_token = ""
    connection.shop_cipher = connection.offered = ""
    connection.access_expires_at = connection.refresh_started_at = None
    connection.pushes_at, connection.pushes_problem = None, ""
    connection.changed_at = at
    connection.save(
        update_fields=[
            "state",
            "problem",
            "access_token",
            "refresh_token",
            "shop_cipher",
            "offered",
            "access_expires_at",
            "refresh_started_at",
            "pushes_at",
            "pushes_problem",
            "changed_at",
        ]
    )
    StoreRoute.objects.filter(
        agency_id=connection.agency_id, store_id=connection.store_id, is_live=True
    ).update(is_live=False)
    SyncRun.objects.filter(store=connection.store_id, state__in=SyncRun.UNDER_WAY).update(
        state=SyncRun.State.FAILED, finished_at=at, problem=problem
    )
    if alert:
        alerts.open_alert(store=connection.store, code="connection.revoked", at=at)
