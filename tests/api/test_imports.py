"""Files brought in by an integration: rows or a file, looked over, confirmed, taken back."""

from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import DjangoAssertNumQueries

from stores.models import Import, Order, Store, Violation
from stores.services import imports
from tenants import scope
from tenants.models import Agency
from tests import work
from tests.api.calls import Api, codes, make_api_key
from tests.factories import make_store
from tests.stores.files.workbooks import workbook

ROW = {"reference": "A1", "rule": "Counterfeit", "points": -12, "reported": "2026-07-14T10:00:00Z"}


def brought(api: Api, *rows: dict[str, object], **values: object) -> tuple[int, dict[str, object]]:
    status, body = api.post("imports/", {"kind": "violations", "rows": list(rows), **values})
    return status, body


def test_rows_are_checked_confirmed_and_taken_back(agency: Agency) -> None:
    # given
    api = Api(make_api_key(agency), agency)
    store = make_store()

    # when
    status, made = brought(api, ROW, store=str(store.pk))
    before = Violation.objects.count()
    confirmed = api.post(f"imports/{made['id']}/confirm/", {})
    undone = api.post(f"imports/{made['id']}/undo/", {})

    # then
    assert (status, before) == (201, 0)
    assert {name: made[name] for name in ("kind", "state", "rows", "missing", "errors")} == {
        "kind": "violations", "state": "preview", "rows": 1, "missing": [], "errors": [],
    }  # fmt: skip
    assert (confirmed[0], confirmed[1]["state"], confirmed[1]["written"]) == (200, "done", 1)
    assert (undone[0], undone[1]["state"]) == (200, "undone")
    assert Violation.objects.get().state == "reversed"
    assert api.post(f"imports/{made['id']}/undo/", {})[1]["errors"][0]["code"] == "import_settled"


def test_row_like_one_that_is_known_is_left_out_unless_it_is_said_to_be_another(
    agency: Agency,
) -> None:
    api, store = Api(make_api_key(agency), agency), str(make_store().pk)
    row = {name: value for name, value in ROW.items() if name != "reference"}
    later = row | {"reported": "2026-07-14T12:00:00Z"}

    def confirmed(said: dict[str, object], **values: object) -> tuple[int, dict[str, object]]:
        _status, made = brought(api, row | values, store=store)
        return api.post(f"imports/{made['id']}/confirm/", said)

    confirmed({})
    left_out = confirmed({}, reported=later["reported"])
    others = confirmed({"likes": "as_others"}, reported=later["reported"])
    odd = confirmed({"likes": "x"}, reported="2026-07-14T13:00:00Z")

    assert [answer[1]["result"]["left_out"] for answer in (left_out, others)] == [1, 0]  # type: ignore[index]
    assert [answer[1]["written"] for answer in (left_out, others)] == [0, 1]
    assert odd[0] == 400
    assert Violation.objects.count() == 2


def test_workbook_is_taken_as_multipart(agency: Agency) -> None:
    api = Api(make_api_key(agency), agency)
    store = make_store(market="US")
    rows = [["Order ID", "Order Status", "Created Time"], ["577", "Shipped", "2026-07-14"]]
    file = SimpleUploadedFile("july.xlsx", workbook(rows))

    answer = api.client.post("/api/v1/imports/", {"file": file, "store": str(store.pk)})
    assert answer.status_code == 201, answer.json()
    api.post(f"imports/{answer.json()['id']}/confirm/", {})

    assert (answer.status_code, answer.json()["file_name"]) == (201, "july.xlsx")
    assert Order.objects.get().external_id == "577"


def test_wrong_rows_are_told_by_line_column_and_value(agency: Agency) -> None:
    api = Api(make_api_key(agency), agency)
    store = make_store()

    _status, made = brought(
        api, ROW, ROW | {"reference": "A2", "points": "many"}, store=str(store.pk)
    )
    refused = api.post(f"imports/{made['id']}/confirm/", {})

    assert made["errors"] == [
        {"line": 3, "column": "points", "value": "many", "detail": "is not a whole number."}
    ]
    assert (refused[0], codes(refused[1])) == (409, [("import_refused", None)])
    assert not Violation.objects.exists()


def test_large_import_tells_how_far_it_is(agency: Agency) -> None:
    api = Api(make_api_key(agency), agency)
    store = make_store()
    rows = [ROW | {"reference": f"A{number}"} for number in range(imports.AT_ONCE + 1)]

    _status, made = brought(api, *rows, store=str(store.pk))
    work.run_due(kind=imports.CHECK_IMPORT)
    checked = api.get(f"imports/{made['id']}/")[1]
    api.post(f"imports/{made['id']}/confirm/", {})
    work.run_due(kind=imports.WRITE_IMPORT)

    assert (made["state"], made["checked"]) == ("checking", 0)
    assert (checked["state"], checked["checked"]) == ("preview", imports.AT_ONCE + 1)
    assert api.get(f"imports/{made['id']}/")[1]["written"] == imports.AT_ONCE + 1


def test_what_cannot_be_a_file_is_refused(agency: Agency) -> None:
    api = Api(make_api_key(agency), agency)
    nested = api.post("imports/", {"kind": "violations", "rows": [{"reference": ["A"]}]})
    neither = api.post("imports/", {"kind": "violations"})
    unknown = api.post("imports/", {"kind": "secrets", "rows": [{"a": 1}]})
    unclear = api.post("imports/", {"rows": [{"colour": "red"}]})
    broken = api.client.post(
        "/api/v1/imports/", {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04broken")}
    )

    assert [each[0] for each in (nested, neither, unknown, unclear)] == [400, 400, 400, 409]
    assert (broken.status_code, broken.json()["errors"][0]["code"]) == (409, "table_unreadable")
    assert not Import.objects.exists()


def test_key_sees_and_writes_only_what_it_reaches(agency: Agency, other_agency: Agency) -> None:
    # given
    own, other = make_store(), make_store()
    whole = Api(make_api_key(agency), agency)
    narrow = Api(make_api_key(agency, store_ids=[own.pk]), agency)
    with scope.agency(other_agency):
        stranger = Api(make_api_key(other_agency), other_agency)

    # when
    made = brought(whole, ROW, store=str(other.pk))[1]

    # then
    assert narrow.get(f"imports/{made['id']}/")[0] == 404
    assert stranger.get(f"imports/{made['id']}/")[0] == 404
    assert stranger.post(f"imports/{made['id']}/confirm/", {})[0] == 404
    assert narrow.post("imports/", {"kind": "violations", "rows": [ROW]})[0] == 400
    assert brought(narrow, ROW, store=str(other.pk))[0] == 400
    stores = {"kind": "stores", "rows": [{"name": "New", "market": "US"}], "store": str(own.pk)}
    assert narrow.post("imports/", stores)[0] == 403
    assert Api(make_api_key(agency, "read"), agency).post("imports/", {})[0] == 403
    assert Store.objects.count() == 2


def test_list_of_imports_has_the_same_queries_for_one_and_three(
    agency: Agency, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    api = Api(make_api_key(agency), agency)
    store = make_store()
    brought(api, ROW, store=str(store.pk))
    api.get("imports/")  # notes that the key is used
    with django_assert_max_num_queries(100) as one:
        api.get("imports/")
    for number in range(2):
        brought(api, ROW | {"reference": f"B{number}"}, store=str(store.pk))
    with django_assert_max_num_queries(100) as three:
        assert len(api.get("imports/")[1]["results"]) == 3
    assert len(one) == len(three)
