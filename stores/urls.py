"""This room's pages on an agency's host."""

from django.urls import URLPattern, URLResolver, path

from stores.views import (
    alerts,
    clients,
    connect,
    enforcements,
    fetched,
    fleet,
    imports,
    mail_settings,
    notices,
    pushes,
    store,
    sub_accounts,
    syncs,
    violations,
)

app_name = "stores"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", fleet.fleet_page, name="fleet"),
    path("stores/act/", fleet.act_on_many, name="act_on_many"),
    path("stores/new/", store.add_store, name="add_store"),
    path("stores/<str:pk>/", store.store_page, name="store"),
    path("stores/<str:pk>/edit/", store.edit_store, name="edit_store"),
    path("stores/<str:pk>/archive/", store.archive_store, name="archive_store"),
    path("stores/<str:pk>/readings/new/", store.record_reading, name="record_reading"),
    path("stores/<str:pk>/enforcements/new/", enforcements.record, name="enforcement_new"),
    path("stores/<str:pk>/connect/", connect.connect, name="connect"),
    path("stores/<str:pk>/connect/shop/", connect.choose_shop, name="choose_shop"),
    path("stores/<str:pk>/disconnect/", connect.disconnect, name="disconnect"),
    path("stores/<str:pk>/sync/", connect.sync_now, name="sync_now"),
    path("stores/<str:pk>/syncs/", syncs.syncs_page, name="syncs"),
    path("stores/<str:pk>/progress/", connect.progress, name="progress"),
    path("stores/<str:pk>/pushes/", pushes.pushes_page, name="pushes"),
    path("stores/<str:pk>/after-sales/", fetched.after_sales_page, name="after_sales"),
    path("stores/<str:pk>/stock/", fetched.stock_page, name="stock"),
    path("stores/<str:pk>/balance/", fetched.balance_page, name="balance"),
    path("stores/<str:pk>/sub-accounts/", sub_accounts.seats, name="sub_accounts"),
    path("stores/<str:pk>/sub-accounts/new/", sub_accounts.add_seat, name="add_sub_account"),
    path(
        "stores/<str:pk>/sub-accounts/paste/", sub_accounts.paste_seats, name="paste_sub_accounts"
    ),
    path(
        "stores/<str:pk>/sub-accounts/<str:seat>/", sub_accounts.edit_seat, name="edit_sub_account"
    ),
    path(
        "stores/<str:pk>/sub-accounts/<str:seat>/remove/",
        sub_accounts.remove_seat,
        name="remove_sub_account",
    ),
    path("alerts/", alerts.alerts_page, name="alerts"),
    path("alerts/<str:pk>/", alerts.handle, name="handle_alert"),
    path("clients/", clients.clients_page, name="clients"),
    path("clients/new/", clients.add_client, name="add_client"),
    path("clients/<str:pk>/", clients.edit_client, name="edit_client"),
    path("clients/<str:pk>/delete/", clients.delete_client, name="delete_client"),
    path("groups/new/", clients.add_group, name="add_group"),
    path("groups/<str:pk>/", clients.edit_group, name="edit_group"),
    path("groups/<str:pk>/delete/", clients.delete_group, name="delete_group"),
    path("violations/", violations.violations_page, name="violations"),
    path("violations/new/", violations.record, name="violation_new"),
    path("violations/<str:pk>/", violations.violation_page, name="violation"),
    path("violations/<str:pk>/edit/", violations.edit, name="violation_edit"),
    path("enforcements/<str:pk>/", enforcements.edit, name="enforcement"),
    path("enforcements/<str:pk>/end/", enforcements.end, name="enforcement_end"),
    path("imports/", imports.new, name="import_new"),
    path("imports/<str:pk>/", imports.import_page, name="import"),
    path("imports/<str:pk>/confirm/", imports.confirm, name="import_confirm"),
    path("imports/<str:pk>/discard/", imports.discard, name="import_discard"),
    path("imports/<str:pk>/undo/", imports.undo, name="import_undo"),
    path("imports/<str:pk>/errors.csv", imports.errors, name="import_errors"),
    path("notices/", notices.notices_page, name="notices"),
    path("notices/<str:pk>/", notices.notice_page, name="notice"),
    path("notices/<str:pk>/undo/", notices.undo, name="notice_undo"),
    path("notices/<str:pk>/set-aside/", notices.set_aside, name="notice_set_aside"),
    path("settings/mail/", mail_settings.mail_settings, name="mail_settings"),
    path("settings/mail/forwarders/", mail_settings.add_forwarder, name="add_forwarder"),
    path(
        "settings/mail/forwarders/remove/",
        mail_settings.remove_forwarder,
        name="remove_forwarder",
    ),
    path("people/<str:pk>/stores/", clients.access, name="access"),
]
