"""What a reader is told by each component: its words, its shapes, its links."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.html import strip_tags

from tenants.templatetags import ui

NOW = datetime(2026, 11, 22, 1, 40, tzinfo=UTC)


def rendered(component: str, **inputs: Any) -> str:
    return render_to_string(f"components/{component}.html", inputs)


def words(html: str) -> str:
    """Return what a screen reader would say: text without what is hidden from it."""
    spoken = re.sub(r'<(span|svg)[^>]*aria-hidden="true".*?</\1>', " ", html, flags=re.DOTALL)
    return " ".join(strip_tags(spoken).split())


def icons(html: str) -> list[str]:
    return re.findall(r"icons\.svg#([a-z0-9-]+)", html)


class StoreForm(forms.Form):
    name = forms.CharField(help_text="As your staff call it.")
    kind = forms.ChoiceField(choices=[("a", "Own"), ("b", "Client's")], widget=forms.RadioSelect)
    market = forms.ChoiceField(choices=[("us", "United States")])
    sure = forms.BooleanField(label="I have the client's consent")
    report = forms.FileField(label="Health report")


@pytest.mark.parametrize(
    ("band", "told", "tone"),
    [
        ("healthy", "212 Healthy", "good"),
        ("watch", "212 Watch", "warn"),
        ("critical", "212 At risk", "bad"),
        ("closed", "212 Closed", "closed"),
        ("unknown", "– Unknown", "none"),
    ],
)
def test_band_says_number_and_word_beside_shape_and_colour(band: str, told: str, tone: str) -> None:
    html = rendered("band", band=band, number=212, shown=True)

    assert (words(html), f"tone--{tone}" in html, ui.glyph(tone) in html) == (told, True, True)


def test_band_takes_the_rulebooks_own_label() -> None:
    assert words(rendered("band", band="critical", word="Violation")) == "Violation"


@pytest.mark.parametrize(
    ("standing", "is_grey"),
    [("stale", True), ("incomplete", True), ("computed", False), ("confirmed", False)],
)
def test_band_of_a_rating_that_cannot_be_trusted_is_grey(standing: str, *, is_grey: bool) -> None:
    assert ("band--stale" in rendered("band", band="healthy", standing=standing)) is is_grey


def test_pill_says_its_text_with_its_icon() -> None:
    html = rendered("pill", text="Missing", tone="bad", icon_name="alert-triangle")

    assert (words(html), icons(html)) == ("Missing", ["alert-triangle"])


def test_strip_leads_on_and_escapes_what_it_was_given() -> None:
    html = rendered(
        "strip", tone="bad", title="In force.", text="<b>x</b>", href="/cases/1/", link="Case"
    )

    assert words(html) == "In force. &lt;b&gt;x&lt;/b&gt; Case"
    assert 'href="/cases/1/"' in html


def test_clock_tells_the_stores_time_and_the_readers_beside_it() -> None:
    html = rendered(
        "clock",
        due=NOW + timedelta(hours=3, minutes=5),
        now=NOW,
        zone="America/Los_Angeles",
        reader_zone="Asia/Singapore",
    )

    assert words(html) == "3 h 05 min Sat 21 Nov, 20:45 PST (Sun 22 Nov, 12:45 SGT)"
    assert 'data-due="2026-11-22T04:45:00Z"' in html


def test_clock_without_a_due_time_is_a_dash() -> None:
    assert words(rendered("clock", due=None, now=NOW, zone="UTC", reader_zone="Asia/Tokyo")) == "–"


def test_counter_counts_in_words() -> None:
    html = rendered("counter", band="watch", number=1034, change=-3, href="?band=watch")

    assert words(html) == "Watch 1,034 −3 today"


@pytest.mark.parametrize(
    ("done", "late", "told", "tone"),
    [
        (3, 0, "3 of 8 done", "none"),
        (8, 0, "8 of 8 done", "good"),
        (7, 1, "7 of 8 done 1 late", "bad"),
    ],
)
def test_ring_is_green_when_whole_and_red_when_late(
    done: int, late: int, told: str, tone: str
) -> None:
    html = rendered("ring", done=done, total=8, late=late)

    assert (words(html), f"ringed tone--{tone}" in html) == (told, True)


def test_spark_says_in_words_what_it_draws() -> None:
    html = rendered("spark", points=[200, None, 190], band="watch", milestone=150, label="down 10")

    assert 'aria-label="down 10"' in html
    assert re.findall(r'class="(spark__\w+)"', html) == [
        "spark__milestone",
        "spark__gap",
        "spark__line",
        "spark__line",
        "spark__end",
    ]


def test_keyfacts_pair_a_value_with_its_consequence() -> None:
    facts = [
        {"label": "Rating", "hero": 0, "value": ""},
        {"label": "In force", "value": "No new listings", "note": "to 26 Nov", "tone": "bad"},
    ]

    assert words(rendered("keyfacts", facts=facts)) == (
        "Rating 0 In force No new listings to 26 Nov"
    )


def test_sum_adds_up_in_the_open() -> None:
    terms = [{"value": 200, "label": "start"}, {"value": 4, "label": "1 reversal", "signed": True}]

    assert words(rendered("sum", terms=terms, total=204)) == (
        "200 start +4 1 reversal 204 rating now"
    )


def test_reading_shows_zero_as_zero() -> None:
    html = rendered("reading", name="Open disputes", value=0, source="TikTok, 9 min ago")

    assert words(html) == "Open disputes 0 TikTok, 9 min ago"
    assert "reading--unknown" not in html


def test_reading_that_is_not_known_says_so_and_how_to_mend_it() -> None:
    html = rendered("reading", name="Tracking", value=None, href="/up/", link="Upload", why="old")

    assert words(html) == "Tracking Unknown Upload old"
    assert "reading--unknown" in html


@pytest.mark.parametrize(
    ("state", "told", "drawn"),
    [
        ("open", "open", []),
        ("half", "data did its part, the rest is yours", []),
        ("stale", "open, data cannot prove it", []),
        ("reopened", "reopened by data", ["arrow-back-up"]),
        ("pending", "waits to be sent", ["check"]),
        ("done", "passed", ["check"]),
        ("failed", "failed", ["x"]),
        ("skipped", "skipped", ["minus"]),
    ],
)
def test_tick_says_its_state(state: str, told: str, drawn: list[str]) -> None:
    html = rendered("tick", state=state, name="Balance")

    assert (words(html), icons(html)) == (told, drawn)


def test_tick_that_can_be_pressed_names_its_item() -> None:
    html = rendered("tick", state="open", name="Balance", press="7")

    assert 'name="tick"' in html
    assert 'value="7"' in html
    assert 'aria-label="Balance: open"' in html


@pytest.mark.parametrize(
    ("kind", "told"),
    [("data", "Data · 6 orders"), ("person", "Person · 6 orders"), ("mixed", "Mixed · 6 orders")],
)
def test_proof_says_who_saw_what(kind: str, told: str) -> None:
    assert words(rendered("proof", kind=kind, text="6 orders")) == told


def test_level_that_differs_says_so() -> None:
    told = [
        words(rendered("level", level=level, differs=differs))
        for level, differs in [("read", False), ("sign-off", True), ("none", False)]
    ]

    assert told == ["Read", "Sign off, differs from the role", "–"]


def test_steps_line_marks_where_the_attempt_stands() -> None:
    html = rendered(
        "steps_line",
        steps=[
            {"label": "Drafted", "state": "done"},
            {"label": "In review", "note": "14 h", "state": "now"},
            {"label": "Filed", "state": "later"},
        ],
    )

    assert words(html) == "done Drafted In review 14 h Filed"
    assert re.findall(r"<li ?([^>]*)>", html) == ['class="is-done"', 'aria-current="step"', ""]


def test_stepper_numbers_what_is_not_done() -> None:
    html = rendered(
        "stepper",
        steps=[
            {"title": "Create the agency", "state": "done"},
            {"title": "Connect a store", "note": "2 minutes", "state": "open"},
        ],
    )

    assert words(html) == "done Create the agency 2 Connect a store 2 minutes"


def test_timeline_list_tells_the_time_in_the_given_zone() -> None:
    html = rendered(
        "timeline_list",
        entries=[{"at": NOW, "text": "Refused,", "href": "/n/1/", "link": "mail", "note": "-24"}],
        zone="Asia/Ho_Chi_Minh",
    )

    assert words(html) == "22 Nov 08:40 Refused, mail -24"


def test_empty_state_says_what_to_do_next() -> None:
    html = rendered("empty_state", title="No store yet", text="Connect one.", href="/c/", link="Go")

    assert words(html) == "No store yet Connect one. Go"


@pytest.mark.parametrize(
    ("total", "told", "has_value"),
    [
        (12400, "180 days of orders 33 % 4,120 of 12,400 · about 2 min", True),
        (0, "180 days of orders about 2 min", False),
    ],
)
def test_progress_says_done_of_total_or_that_it_does_not_know(
    total: int, told: str, *, has_value: bool
) -> None:
    html = rendered(
        "progress", label="180 days of orders", done=4120, total=total, note="about 2 min"
    )

    assert (words(html), "value=" in html) == (told, has_value)


def test_pagination_keeps_the_filter() -> None:
    page = Paginator(range(45), 20).page(2)

    html = rendered("pagination", page=page, query="market=vn")

    assert words(html) == "21 to 40 of 45 Previous Next"
    assert re.findall(r'href="(\?[^"]+)"', html) == [
        "?page=1&amp;market=vn",
        "?page=3&amp;market=vn",
    ]


def test_pagination_of_one_page_is_nothing() -> None:
    assert words(rendered("pagination", page=Paginator([1], 20).page(1))) == ""


def test_form_field_ties_label_help_and_errors_to_the_input() -> None:
    form = StoreForm({"market": "us"})

    html = rendered("form_field", field=form["name"])

    assert words(html) == "Name As your staff call it. This field is required."
    assert 'for="id_name"' in html
    assert 'class="form-control"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


@pytest.mark.parametrize(
    ("name", "css"),
    [("market", "form-select"), ("sure", "form-check-input"), ("report", "form-control")],
)
def test_form_field_gives_each_kind_of_input_its_class(name: str, css: str) -> None:
    assert f'class="{css}"' in rendered("form_field", field=StoreForm()[name])


def test_form_field_of_choices_is_a_group_with_a_legend() -> None:
    html = rendered("form_field", field=StoreForm({"kind": "b"})["kind"])

    assert words(html) == "Kind Own Client&#x27;s"
    assert re.findall(r'value="(\w)"[^>]*?( checked)?(?: required)?>', html) == [
        ("a", ""),
        ("b", " checked"),
    ]


def test_form_says_what_is_wrong_as_a_whole_first() -> None:
    form = StoreForm({"name": "x", "kind": "a", "market": "us", "sure": "on"})
    form.add_error(None, "This store is already here.")

    assert words(rendered("form", form=form)).startswith("This store is already here. Name")


def test_file_drop_is_a_label_of_its_input() -> None:
    html = rendered("file_drop", field=StoreForm()["report"], what="Drop it here")

    assert words(html) == "Drop it here"
    assert '<label class="drop" for="id_report">' in html


def test_confirm_posts_with_the_csrf_field_though_included_alone() -> None:
    request = RequestFactory().get("/")
    page = Template(
        '{% include "components/confirm.html" with key="sure" title="File it?" text="Final." '
        'action="/file/" verb="File" final=True only %}'
    )

    html = page.render(RequestContext(request))

    assert words(html) == "File it? Final. Cancel File"
    assert 'method="post"' in html
    assert 'action="/file/"' in html
    assert re.search(r'name="csrfmiddlewaretoken" value="\w{64}"', html)


def test_panel_wraps_what_is_inside() -> None:
    page = Template(
        '{% panel title="Ledger" note="US" foot="all" %}<p>{{ text }}</p>{% endpanel %}'
    )

    html = page.render(Context({"text": "<b>"}))

    assert words(html) == "Ledger US &lt;b&gt; all"


def test_rail_marks_the_place_and_counts() -> None:
    navigation = [
        {"key": "fleet", "label": "Fleet", "url": "/", "icon": "home", "count": 7, "tone": "bad"},
        {"key": "today", "label": "Today", "url": "/today/", "icon": "list-check"},
    ]

    html = rendered("rail", navigation=navigation, active="today")

    assert words(html) == "Storewarden Fleet 7 Today More"
    assert re.findall(r'href="([^"]+)" aria-current="page"', html) == ["/today/"]


def test_face_of_nobody_says_so() -> None:
    told = [
        words(rendered("face", person=person))
        for person in (None, _Person(initials="MC", name="Maya Chen"))
    ]

    assert told == ["nobody", "Maya Chen"]


def test_chart_carries_its_data_as_a_block_and_its_summary_in_words() -> None:
    table = {"head": [{"label": "Day"}], "rows": [[{"text": "1 Nov"}]]}
    chart = {"kind": "history", "data": {"now": "</script>"}, "table": table}
    html = rendered("chart", key="rating", chart=chart, summary="Down by 24.")

    assert '<script id="rating-data" type="application/json">' in html
    assert html.count("</script>") == 1
    assert html.count("Down by 24.") == 3


class _Person(SimpleNamespace):
    def __str__(self) -> str:
        return str(self.name)
