"""This room's pages on an agency's host."""

from django.urls import URLPattern, URLResolver, include, path

from tenants.views import door, jump, people, public, service, settings, trail, work

_pages: list[URLPattern | URLResolver] = [
    path("handoff/", door.handoff, name="handoff"),
    path("jump/", jump.jump, name="jump"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/invitations/<str:pk>/revoke/", people.revoke_invitation, name="revoke_invitation"),
    path("people/<str:pk>/", people.person, name="person"),
    path("people/<str:pk>/seat/", people.change_seat, name="change_seat"),
    path("people/<str:pk>/active/", people.set_active, name="set_active"),
    path("settings/", settings.settings, name="settings"),
    path("settings/me/", settings.change_person, name="change_person"),
    path("settings/agency/", settings.change_agency, name="change_agency"),
    path("settings/review/", settings.change_review, name="change_review"),
    path("settings/keys/new/", settings.make_key, name="make_key"),
    path("settings/keys/<str:pk>/revoke/", settings.revoke_key, name="revoke_key"),
    path("settings/work/", work.set_aside, name="set_aside"),
    path("settings/work/replay/", work.replay_all, name="replay_all"),
    path("settings/work/<str:pk>/replay/", work.replay, name="replay"),
    path("audit/", trail.audit, name="audit"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_pages, "tenants"))),
    path("sign-out/", door.sign_out, name="sign_out"),
    path("language/", public.choose_language, name="set_language"),
    path("csp-report/", service.csp_report, name="csp_report"),
]
