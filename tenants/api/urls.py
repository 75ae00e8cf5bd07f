from django.urls import path

from tenants.api import work

urlpatterns = [
    path("due-work/", work.DueWorksView.as_view()),
    path("due-work/<str:pk>/replay/", work.ReplayView.as_view()),
]
