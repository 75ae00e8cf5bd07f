from django.urls import path

from stores.api import announcements, consents, imports, setup, views

urlpatterns = [
    path("stores/", views.StoresView.as_view()),
    path("stores/<str:pk>/", views.StoreView.as_view()),
    path("announcements/", announcements.AnnouncementsView.as_view()),
    path("announcements/<str:pk>/read/", announcements.AnnouncementReadView.as_view()),
    path("consent-links/", consents.ConsentLinksView.as_view()),
    path("consent-links/<str:pk>/revoke/", consents.ConsentLinkRevokeView.as_view()),
    path("setup/", setup.SetupView.as_view()),
    path("readings/", views.ReadingsView.as_view()),
    path("sync-runs/", views.SyncRunsView.as_view()),
    path("mail-routes/", views.MailRoutesView.as_view()),
    path("orders/", views.OrdersView.as_view()),
    path("packages/", views.PackagesView.as_view()),
    path("after-sales/", views.AfterSalesView.as_view()),
    path("balance-entries/", views.BalanceEntriesView.as_view()),
    path("stock/", views.StockView.as_view()),
    path("notices/", views.NoticesView.as_view()),
    path("pastes/", views.PastesView.as_view()),
    path("imports/", imports.ImportsView.as_view()),
    path("imports/<str:pk>/", imports.ImportView.as_view()),
    path("imports/<str:pk>/confirm/", imports.ImportConfirmView.as_view()),
    path("imports/<str:pk>/discard/", imports.ImportDiscardView.as_view()),
    path("imports/<str:pk>/undo/", imports.ImportUndoView.as_view()),
    path("violations/", views.ViolationsView.as_view()),
    path("violations/<str:pk>/", views.ViolationView.as_view()),
]
