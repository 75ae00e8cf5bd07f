from django.urls import URLPattern, URLResolver, path

from checklist.views import procedures, today

app_name = "checklist"
urlpatterns: list[URLPattern | URLResolver] = [
    path("today/", today.today_page, name="today"),
    path("today/agreed/", today.tick_agreed, name="tick_agreed"),
    path("rounds/<uuid:pk>/", today.round_page, name="round"),
    path("rounds/<uuid:pk>/assign/", today.assign, name="assign"),
    path("rounds/<uuid:pk>/<uuid:item_pk>/", today.check_page, name="check"),
    path("rounds/<uuid:pk>/<uuid:item_pk>/tick/", today.tick, name="tick"),
    path("ticks/<uuid:pk>/undo/", today.undo, name="undo"),
    path("ticks/<uuid:pk>/remedy/", today.remedy, name="remedy"),
    path("ticks/<uuid:pk>/photo/", today.photo, name="photo"),
    path("stores/<uuid:pk>/rounds/", today.store_rounds, name="store_rounds"),
    path("procedures/", procedures.procedures, name="procedures"),
    path("procedures/new/", procedures.add_procedure, name="add_procedure"),
    path("procedures/<uuid:pk>/", procedures.procedure, name="procedure"),
    path("procedures/<uuid:pk>/edit/", procedures.edit_procedure, name="edit_procedure"),
    path("procedures/<uuid:pk>/items/new/", procedures.add_item, name="add_item"),
    path("procedures/<uuid:pk>/items/<uuid:item_pk>/", procedures.edit_item, name="edit_item"),
    path("procedures/<uuid:pk>/items/<uuid:item_pk>/move/", procedures.move_item, name="move_item"),
    path(
        "procedures/<uuid:pk>/items/<uuid:item_pk>/retire/",
        procedures.retire_item,
        name="retire_item",
    ),
    path("procedures/<uuid:pk>/schedules/new/", procedures.add_schedule, name="add_schedule"),
    path(
        "procedures/<uuid:pk>/schedules/<uuid:schedule_pk>/",
        procedures.edit_schedule,
        name="edit_schedule",
    ),
]
