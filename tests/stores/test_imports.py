"""Files of violations: whatever saved them, all rows or none, each trouble by line and field."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring.models import LedgerEntry, StoreRating
from stores.models import Import, ImportRow, Store, Violation
from stores.services import imports
from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories, work

ClientFor = Callable[[Membership], HttpClient]

HEADERS = "Violation ID,Violation type,Product,Points,Status,Date,Appeal deadline"
FIRST = "7412345678,Counterfeit,Canvas bag,12,Enforced,2026-07-14 09:30,2026-08-13 09:30"
SECOND = "7412345679,Late dispatch,Order 17,4,Pending,2026-07-15 10:00 (UTC+7),"
CSV = f"{HEADERS}\n{FIRST}\n{SECOND}\n"


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Harbour Home", market="VN", external_id="7495000000000000201")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


@pytest.fixture
def client(lead: Membership, client_for: ClientFor) -> HttpClient:
    return client_for(lead)


def bring(
    client: HttpClient,
    data: bytes | str,
    store: Store | None = None,
    *,
    name: str = "export.csv",
    kind: str = "violations",
) -> str:
    """Upload a file; return the path of its preview."""
    raw = data.encode() if isinstance(data, str) else data
    fields: dict[str, object] = {"upload": SimpleUploadedFile(name, raw), "kind": kind}
    if store is not None:
        fields["store"] = str(store.pk)
    answer = client.post("/imports/", fields)
    assert answer.status_code == 302, errors_of(answer.content)
    return str(answer.headers["location"])


def errors_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


def count() -> tuple[int, int]:
    return Violation.objects.count(), LedgerEntry.objects.count()


# -- the way through --------------------------------------------------------------------------


def test_file_is_previewed_and_written_only_when_confirmed(
    client: HttpClient, store: Store, lead: Membership
) -> None:
    # when
    path = bring(client, CSV, store)
    preview = client.get(path)
    before = count()
    client.post(f"{path}confirm/")

    # then
    assert (preview.context["new"], preview.context["updates"]) == (2, 0)
    assert "1 row has times without a zone" in errors_of(preview.content)
    assert before == (0, 0)
    first, second = Violation.objects.order_by("reference")
    assert (first.rule, first.points, first.state, first.subject, first.source) == (
        "counterfeit", -12, "enforced", "Canvas bag", "file",
    )  # fmt: skip
    assert first.reported_at == datetime(2026, 7, 14, 2, 30, tzinfo=UTC)
    assert (second.rule, second.state) == ("high_late_dispatch_rate", "pending")
    assert second.reported_at == datetime(2026, 7, 15, 3, tzinfo=UTC)
    assert [entry.points for entry in LedgerEntry.objects.all()] == [-12]
    assert StoreRating.objects.get(store=store).rating is not None
    kept = Import.objects.get()
    assert (kept.state, kept.rows, kept.written, kept.made_by) == ("done", 2, 2, lead)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"import.made", "import.done", "violation.recorded"} <= actions
    assert "2 new" in errors_of(client.get(path).content)


def test_rows_are_sealed(client: HttpClient, store: Store) -> None:
    bring(client, CSV, store)
    assert not any("7412345678" in row.cells for row in ImportRow.objects.all())


def test_same_file_again_writes_nothing_new(client: HttpClient, store: Store) -> None:
    nameless = CSV + ",Counterfeit,Bag,3,Enforced,2026-07-16 10:00,\n"
    for _ in range(2):
        client.post(f"{bring(client, nameless, store)}confirm/")

    assert Violation.objects.count() == 3
    page = client.get(bring(client, nameless, store))
    assert (page.context["new"], page.context["updates"], page.context["skipped"]) == (0, 0, 3)


def test_known_reference_is_brought_up_to_date_and_keeps_what_the_file_does_not_say(
    client: HttpClient, store: Store
) -> None:
    factories.make_violation(
        store=store, reference="7412345678", state="reversed", points=-4, subject="Bag"
    )

    path = bring(client, "reference,points,date\n7412345678,6,2026-07-14", store)
    client.post(f"{path}confirm/")

    violation = Violation.objects.get()
    assert (violation.points, violation.state, violation.subject) == (-6, "reversed", "Bag")


def test_confirming_twice_writes_once_and_discarding_deletes_the_rows(
    client: HttpClient, store: Store
) -> None:
    path, other = bring(client, CSV, store), bring(client, CSV, store)
    client.post(f"{path}confirm/")
    again = client.post(f"{path}confirm/", follow=True)
    client.post(f"{other}discard/")
    late = client.post(f"{other}confirm/", follow=True)

    assert "imported or discarded already" in errors_of(again.content)
    assert "imported or discarded already" in errors_of(late.content)
    assert Violation.objects.count() == 2
    assert list(Import.objects.order_by("pk").values_list("state", flat=True)) == [
        "done", "discarded",
    ]  # fmt: skip
    assert not ImportRow.objects.exists()


def test_columns_that_were_not_guessed_are_asked_for_and_can_be_chosen(
    client: HttpClient, store: Store
) -> None:
    # given
    path = bring(client, "Nr,Was,Wann\n7412345678,Counterfeit,2026-07-14\n", store)
    asked = errors_of(client.get(path).content)

    # when
    client.post(path, {"reference": "0", "rule": "1", "reported_at": "2"})
    client.post(f"{path}confirm/")

    # then
    assert "Say below which column holds: Reported" in asked
    assert Violation.objects.get().rule == "counterfeit"


def test_ambiguous_days_wait_for_the_order_to_be_said(client: HttpClient, store: Store) -> None:
    path = bring(client, "reference,date\nA1,03/04/2026\n", store)
    refused = errors_of(client.get(path).content)

    client.post(path, {"reference": "0", "reported_at": "1", "dates": "day"})
    client.post(f"{path}confirm/")

    assert "Line 2, date “03/04/2026”: could be two days" in refused
    assert Violation.objects.get().reported_at == datetime(2026, 4, 2, 17, tzinfo=UTC)


def test_pasted_rows_and_a_column_of_stores(client: HttpClient, store: Store) -> None:
    rows = ["shop\tviolation id\tdate", " harbour  HOME\tA1\t2026-07-14"]
    text = "\n".join([*rows, f"{store.external_id}\tA2\t2026-07-15"])

    answer = client.post("/imports/", {"text": text})
    client.post(f"{answer.headers['location']}confirm/")

    assert Violation.objects.filter(store=store).count() == 2


# -- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode("utf-16"),
        CSV.encode("utf-8-sig"),
        CSV.replace("Canvas bag", "帆布包和其他商品的说明").encode("gbk"),
        CSV.replace(",", ";").encode(),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace(
            HEADERS, "  VIOLATION id ,violation TYPE, Product,points  ,STATUS,date,Appeal Deadline "
        ).encode(),
    ],
    ids=["utf-16", "bom", "gbk", "semicolons", "crlf", "blanks and case in headers"],
)
def test_file_is_read_whatever_saved_it(client: HttpClient, store: Store, data: bytes) -> None:
    client.post(f"{bring(client, data, store)}confirm/")

    references = Violation.objects.order_by("reference").values_list("reference", "points")
    assert list(references) == [("7412345678", -12), ("7412345679", -4)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A1,Counterfeit,x,4.5,Enforced,2026-07-14,", "Line 3, Points “4.5”: is not a whole"),
        ("A1,Counterfeit,x,99999999999,Enforced,2026-07-14,", "Line 3, Points “99999999999”"),
        ("A1,Counterfeit,x,1001,Enforced,2026-07-14,", "Line 3, Points “1001”: is more than 1000"),
        ("A1,Counterfeit,x,+4,Enforced,2026-07-14,", "Line 3, Points “+4”: is a bonus"),
        ("A1,Counterfeit,x,4,Maybe,2026-07-14,", "Line 3, Status “Maybe”: is none of"),
        ("A1,Counterfeit,x,4,Enforced,soon,", "Line 3, Date “soon”: is not a date"),
        ("A1,Counterfeit,x,4,Enforced,2026-02-30,", "Line 3, Date “2026-02-30”: is a date"),
        ("A1,Counterfeit,x,4,Enforced,,", "Line 3, Date “”: is missing" ),
        ("A1,Counterfeit,x,4,Enforced,2099-01-01,", "Line 3: A violation cannot be reported"),
        (",,x,4,Enforced,2026-07-14,", "Line 3, Violation type"),
        (f"{'A' * 65},Counterfeit,x,4,Enforced,2026-07-14,", "is longer than 64 characters"),
        ("A1,Counterfeit,x,4,Enforced,2026-07-14,2026-07-01", "lies before the report"),
        ("A1,Counterfeit,x,4,Enforced,2026-07-14,,more", "more cells than there are headers"),
        ("7412345678,Counterfeit,x,4,Enforced,2026-07-14,", "stands on line 2 as well"),
    ],
)  # fmt: skip
def test_trouble_is_named_by_line_and_field_and_nothing_is_written(
    client: HttpClient, store: Store, row: str, words: str
) -> None:
    path = bring(client, f"{HEADERS}\n{FIRST}\n{row}\n", store)

    page = errors_of(client.get(path).content)
    confirmed = client.post(f"{path}confirm/", follow=True)

    assert words.replace("“", "").replace("”", "") in page.replace("“", "").replace("”", "")
    assert "Nothing was written" in errors_of(confirmed.content)
    assert count() == (0, 0)
    assert Import.objects.get().state == "preview"


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "empty.csv", "is empty"),
        (b"\n\n", "blank.csv", "is empty"),
        (b"PK\x03\x04rest", "x.csv", "is damaged and cannot be read to its end"),
        (b"\x00\x01\x02" * 50, "x.csv", "x.csv is"),
        (b'a,b\n"open,1\n', "x.csv", "quotation mark is not closed"),
        (HEADERS.encode(), "heads.csv", "There is no row below the headers"),
        (
            ("reference,date\n" + "A,2026-07-14\n" * 5001).encode(),
            "x.csv",
            "at most 5,000 rows at once",
        ),
        (b"a" * 600_000, "x.csv", ""),
    ],
    ids=["empty", "blank", "xlsx", "binary", "open quote", "headers only", "too many", "one cell"],
)
def test_unreadable_file_is_refused_with_its_reason(
    client: HttpClient, store: Store, data: bytes, name: str, words: str
) -> None:
    answer = client.post(
        "/imports/", {"upload": SimpleUploadedFile(name, data), "store": str(store.pk)}
    )

    assert answer.status_code == 422
    assert words in errors_of(answer.content)
    assert not Import.objects.exists()


def test_neither_or_both_of_file_and_rows_is_refused(client: HttpClient, store: Store) -> None:
    both = {"upload": SimpleUploadedFile("a.csv", CSV.encode()), "text": CSV}

    assert client.post("/imports/", {}).status_code == 422
    assert client.post("/imports/", both).status_code == 422


def test_body_of_thirty_megabytes_is_refused_before_it_is_read(client: HttpClient) -> None:
    huge = SimpleUploadedFile("huge.csv", b"x" * 30 * 1024 * 1024)

    assert client.post("/imports/", {"upload": huge}).status_code == 413


def test_repeated_rows_count_once(client: HttpClient, store: Store) -> None:
    path = bring(client, f"{CSV}{FIRST}\n", store)

    page = client.get(path)
    client.post(f"{path}confirm/")

    assert (page.context["new"], page.context["skipped"]) == (2, 1)
    assert Violation.objects.count() == 2


def test_html_and_formulas_are_plain_text_in_pages_and_harmless_in_the_download(
    client: HttpClient, store: Store
) -> None:
    # given
    evil = '"<img src=x onerror=alert(1)>"'
    formula = "=HYPERLINK(1)"
    path = bring(client, f"{HEADERS}\nA1,Counterfeit,{evil},4,Enforced,2026-07-14,\n", store)
    wrong = bring(client, f"{HEADERS}\nA1,Counterfeit,{formula},x,Enforced,2026-07-14,\n", store)

    # when
    preview = client.get(path).content.decode()
    download = client.get(f"{wrong}errors.csv").content.decode("utf-8-sig")

    # then
    assert "<img src=x" not in preview
    assert "&lt;img src=x" in preview
    rows = list(csv.reader(io.StringIO(download)))
    assert rows[1][0] == "2"
    assert f"'{formula}" in rows[1]
    assert formula not in rows[1]


def test_rows_to_mend_hold_each_line_once_and_come_back_equal(
    client: HttpClient, store: Store
) -> None:
    # given a line with two errors, and a subject that a spreadsheet would run
    path = bring(client, f"{HEADERS}\nA1,Counterfeit,=CLICK(1),many,Odd,2026-07-14,\n", store)

    # when what is to be mended is downloaded, mended and brought in again
    download = client.get(f"{path}errors.csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(download)))
    again = bring(client, download.replace("many", "4").replace("Odd", "Enforced"), store)
    client.post(f"{again}confirm/")

    # then
    assert [row[0] for row in rows[1:]] == ["2"]
    assert "“many”" in rows[1][1]
    assert "“Odd”" in rows[1][1]
    assert Violation.objects.get().subject == "=CLICK(1)"


NAMELESS = "Violation type,Product,Points,Date\nCounterfeit,Canvas bag,12,2026-07-14 {time}\n"


@pytest.mark.parametrize(
    ("choice", "written", "left_out"),
    [({}, 0, 1), ({"likes": "leave_out"}, 0, 1), ({"likes": "as_others"}, 1, 0)],
)
def test_row_without_a_reference_like_one_known_is_written_only_where_a_person_says_so(
    client: HttpClient, store: Store, choice: dict[str, str], written: int, left_out: int
) -> None:
    # given
    client.post(bring(client, NAMELESS.format(time="09:30"), store) + "confirm/")
    path = bring(client, NAMELESS.format(time="11:00"), store)

    # when
    preview = client.get(path).content.decode()
    client.post(path + "confirm/", choice)

    # then
    done = client.get(path).content.decode()
    assert "0 new, 0 brought up to date" in preview
    assert ("It is left out" in preview, 'name="likes"' in preview) == (True, True)
    result = Import.objects.latest("made_at").result
    assert (result["new"], result["left_out"]) == (written, left_out)
    assert Violation.objects.count() == 1 + written
    assert ("was left out" in done) == bool(left_out)


def test_choice_that_is_none_writes_nothing(client: HttpClient, store: Store) -> None:
    path = bring(client, CSV, store)

    answer = client.post(path + "confirm/", {"likes": "x"}, follow=True)

    assert "Say what becomes of the rows" in answer.content.decode()
    assert not Violation.objects.exists()


def test_reference_of_another_store_is_refused_by_row(client: HttpClient, store: Store) -> None:
    factories.make_violation(store=factories.make_store(), reference="7412345678")

    page = errors_of(client.get(bring(client, CSV, store)).content)

    assert "Line 2, Violation ID “7412345678”: is the reference of a violation of another" in page


def test_stores_out_of_reach_are_refused_by_row(
    store: Store, other_agency: Agency, client_for: ClientFor
) -> None:
    # given
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    factories.make_store(name="Hidden")
    with scope.agency(other_agency):
        factories.make_store(name="Foreign")
    named = ["Harbour Home,A1,2026-07-14", "Hidden,A2,2026-07-14", "Foreign,A3,2026-07-14"]
    rows = "\n".join(["store,reference,date", *named])

    # when
    client = client_for(specialist)
    path = bring(client, rows)
    page = errors_of(client.get(path).content)
    client.post(f"{path}confirm/")

    # then
    assert "Line 3, store “Hidden”: is no store that you see" in page
    assert "Line 4, store “Foreign”: is no store that you see" in page
    assert count() == (0, 0)


def test_row_that_became_wrong_since_the_preview_takes_all_others_with_it(
    client: HttpClient, store: Store
) -> None:
    path = bring(client, CSV, store)
    client.get(path)
    factories.make_violation(store=factories.make_store(), reference="7412345679")

    answer = client.post(f"{path}confirm/", follow=True)

    assert "Nothing was written" in errors_of(answer.content)
    assert not Violation.objects.filter(store=store).exists()


def large(store: Store, *, rows: int = imports.AT_ONCE + 1) -> str:
    lines = [f"R{number},Counterfeit,2026-07-14 10:00" for number in range(rows)]
    return "\n".join(["reference,rule,date", *lines])


def test_large_file_is_written_behind_the_scenes_and_rated_once_a_store(
    client: HttpClient, store: Store
) -> None:
    # given
    path = bring(client, large(store), store)
    checking = client.get(path)
    work.run_due(kind=imports.CHECK_IMPORT)

    # when
    client.post(f"{path}confirm/")
    meanwhile = client.get(path)
    again = client.post(f"{path}confirm/", follow=True)
    before = Violation.objects.count()
    work.run_due(kind=imports.WRITE_IMPORT)
    followed = client.get(path, headers={"hx-request": "true"})

    # then
    assert "are being checked" in errors_of(checking.content)
    assert "are being written" in errors_of(meanwhile.content)
    assert "imported or discarded already" in errors_of(again.content)
    assert (before, Violation.objects.count()) == (0, imports.AT_ONCE + 1)
    assert followed.headers["hx-refresh"] == "true"
    assert Import.objects.get().state == "done"
    assert StoreRating.objects.filter(store=store).count() == 1


@pytest.mark.parametrize("trouble", ["wrong row", "shut out"])
def test_large_file_that_is_refused_waits_again_with_the_reason(
    client: HttpClient, store: Store, lead: Membership, trouble: str
) -> None:
    # given
    path = bring(client, large(store), store)
    work.run_due(kind=imports.CHECK_IMPORT)
    client.post(f"{path}confirm/")
    if trouble == "wrong row":
        factories.make_violation(store=factories.make_store(), reference="R7")
    else:
        Membership.objects.filter(pk=lead.pk).update(is_active=False)
    before = count()

    # when
    work.run_due(kind=imports.WRITE_IMPORT)

    # then
    kept = Import.objects.get()
    assert (kept.state, count()) == ("preview", before)
    assert kept.refused.startswith("Nothing was written")


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (
            "tiktok_orders",
            "Order ID,Order Status,Created Time,Order Amount\n577,Shipped,2026-07-14,USD 35.91\n",
            ("577", "In transit", "35.91 USD", "Tue 14 Jul, 00:00 ICT"),
        ),
        (
            "stores",
            "name,marketplace,market,groups\nNew Shop,shopee,TH,A/B\n",
            ("New Shop", "Shopee", "TH", "A, B"),
        ),
        (
            "readings",
            "metric,value,date\ntwo_step,yes,2026-11-19\n",
            ("Two-step verification", "1", "Thu 19 Nov, 00:00 ICT"),
        ),
        ("ratings", "rating,date\n187,2026-11-19\n", ("187", "Thu 19 Nov, 00:00 ICT")),
        (
            "sub_accounts",
            "name,email,2fa\nAnn Lee,ann@example.com,no\n",
            ("Ann Lee", "ann@example.com", "no"),
        ),
        (
            "tiktok_withdrawals",
            "Reference ID,Type,Amount,Request time,Status\nR1,Withdrawal,5,2026-07-14,Success\n",
            ("R1", "Withdraw", "5", "Tue 14 Jul, 00:00 ICT"),
        ),
    ],
)
def test_preview_shows_each_kind_as_a_person_reads_it(
    client: HttpClient, store: Store, kind: str, text: str, words: tuple[str, ...]
) -> None:
    page = errors_of(client.get(bring(client, text, store, kind=kind)).content)

    row = page.partition("What would be written")[2]
    assert [word for word in words if word not in row] == []


def test_file_is_taken_back_on_its_page_unless_something_was_built_on_it(
    client: HttpClient, store: Store
) -> None:
    # given
    path, other = bring(client, CSV, store), bring(client, CSV.replace("74123", "84123"), store)
    for each in (path, other):
        client.post(f"{each}confirm/")
    factories.make_attempt(violation=Violation.objects.get(reference="8412345678"))

    # when
    undone = client.post(f"{path}undo/", follow=True)
    refused = client.post(f"{other}undo/", follow=True)

    # then
    assert "This file was taken back" in errors_of(undone.content)
    assert "It cannot be taken back: 8412345678 has an appeal" in errors_of(refused.content)
    states = Violation.objects.order_by("reference").values_list("state", flat=True)
    assert list(states) == ["reversed", "reversed", "enforced", "pending"]


def test_file_that_tells_nothing_of_its_kind_is_asked_about(
    client: HttpClient, store: Store
) -> None:
    answer = client.post(
        "/imports/", {"upload": SimpleUploadedFile("x.csv", b"Colour,Size\nred,4\n")}
    )

    assert answer.status_code == 422
    assert "do not tell what it holds" in errors_of(answer.content)


# -- who, and how many queries ----------------------------------------------------------------


def test_who_sees_all_stores_finds_and_takes_back_what_others_brought(
    store: Store, client_for: ClientFor
) -> None:
    # given a specialist's file, and one of hers of a kind that the next may not record
    maker, auditor = factories.make_membership("specialist"), factories.make_membership("auditor")
    factories.make_access(maker, store)
    admin = factories.make_membership("admin")
    path = bring(client_for(maker), CSV, store)
    client_for(maker).post(f"{path}confirm/")

    # when
    listed = client_for(admin).get("/imports/").content.decode()
    shown = client_for(admin).get(path).content.decode()
    refused = client_for(auditor).post(f"{path}undo/")
    client_for(admin).post(f"{path}undo/")

    # then
    assert (path in listed, str(maker) in listed, str(maker) in shown) == (True, True, True)
    assert refused.status_code == 403
    kept = Import.objects.get()
    assert (kept.state, kept.made_by, kept.undone_by) == ("undone", maker, admin)


def test_files_that_others_brought_take_no_more_queries(
    store: Store, client_for: ClientFor
) -> None:
    admin = client_for(factories.make_membership("admin"))
    counts = []
    for number in (1, 2):
        for _ in range(number):
            maker = factories.make_membership("specialist")
            factories.make_access(maker, store)
            bring(client_for(maker), CSV, store)
        admin.get("/imports/")
        with CaptureQueriesContext(connection) as queries:
            page = admin.get("/imports/").content.decode()
        counts.append(len(queries))
    assert page.count('class="rows__words"') == 3
    assert counts[0] == counts[1]


def test_who_sees_some_stores_finds_her_own_files_alone(
    client: HttpClient, store: Store, other_agency: Agency, client_for: ClientFor
) -> None:
    # given
    path = bring(client, CSV, store)
    customer, colleague = (
        factories.make_membership("client"),
        factories.make_membership("specialist"),
    )
    factories.make_access(colleague, store)
    factories.make_access(customer, store)
    with scope.agency(other_agency):
        stranger = factories.make_membership(agency=other_agency)

    # then
    assert client_for(customer).get("/imports/").status_code == 403
    assert client_for(customer).post(f"{path}confirm/").status_code == 403
    for member in (colleague, stranger):
        assert client_for(member).get(path).status_code == 404
        assert client_for(member).post(f"{path}confirm/").status_code == 404
        assert client_for(member).post(f"{path}discard/").status_code == 404
        assert client_for(member).get(f"{path}errors.csv").status_code == 404
    assert client.get(f"/imports/{uuid4()}/").status_code == 404
    assert client.get("/imports/x/").status_code == 404
    assert count() == (0, 0)


def test_preview_has_the_same_queries_for_one_row_and_three(
    client: HttpClient, store: Store
) -> None:
    def queries(rows: str) -> int:
        path = bring(client, f"{HEADERS}\n{rows}", store)
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    nameless = ",Counterfeit,Bag,3,Enforced,2026-07-16 10:00,\n"
    assert queries(f"{FIRST}\n{nameless}") == queries(f"{FIRST}\n{SECOND}\n{nameless}")


def test_mapping_that_points_nowhere_is_ignored(client: HttpClient, store: Store) -> None:
    path = bring(client, CSV, store)

    answer = client.post(path, {"reference": "99", "reported_at": "x"})

    assert answer.status_code == 200
    assert Import.objects.get().mapping["columns"]["reference"] == 0
