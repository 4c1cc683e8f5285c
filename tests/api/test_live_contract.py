"""What a client may rely on, asked of the real server: the same promises as elsewhere, through all its layers."""

import csv
import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
import sample_lake as maker
from api_live import Reply, Server
from personal_values import READ, all_personal_values

METRIC, QUERY, PAGE = (
    "/api/total-sales-per-product/",
    "/api/query-table/?table=silver.logs",
    "https://charts.example.org",
)
ROWS, NAMES = 300, ("produit", "total_ventes")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('contract')}/lake"
    maker.build(url, ROWS)
    return url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lake: str) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), lake, API_CORS_ORIGINS=PAGE, API_LOGIN_RATE="5") as running:
        yield running


@pytest.fixture(scope="module")
def engineer(server: Server) -> str:
    return server.log_in("ada", "--groups", "engineer")["access"]


@pytest.fixture(scope="module")
def user(server: Server) -> str:
    return server.log_in("bob")["access"]


def ask(server: Server, path: str, token: str, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.request("GET", path, headers={"Authorization": f"Bearer {token}", **names})


def refresh(server: Server, token: str) -> Reply:
    return server.request("POST", "/api/token/refresh/", {"refresh": token})


def test_no_answer_tells_a_personal_value_without_the_permission(server: Server, engineer: str, lake: str) -> None:
    values, answers = all_personal_values(lake), {path: server.get(path, engineer) for path in READ}
    told = {path: [value for value in values if value in answer.body] for path, answer in answers.items()}
    assert {path: found for path, found in told.items() if found} == {}
    assert sum(answer.status == 200 for answer in answers.values()) > len(READ) // 2


def test_a_refresh_token_that_is_used_twice_ends_its_session(server: Server) -> None:
    first = server.log_in("carol")
    second = refresh(server, first["refresh"]).json()
    assert server.get(METRIC, second["access"]).status == 200
    assert refresh(server, first["refresh"]).status == 401
    assert refresh(server, second["refresh"]).status == 401
    assert server.get(METRIC, second["access"]).status == 401


def test_a_logout_ends_the_access_token_on_all_workers(server: Server) -> None:
    pair = server.log_in("dave")
    assert server.request("POST", "/api/token/logout/", {"refresh": pair["refresh"]}).status == 200
    assert {server.get(METRIC, pair["access"]).status for _ in range(8)} == {401}


def test_wrong_logins_shut_a_user_out_from_their_address_alone(server: Server) -> None:
    server.log_in("erin")
    wrong = [server.request("POST", "/api/token/", {"username": "erin", "password": "x"}) for _ in range(6)]
    assert [answer.status for answer in wrong] == [401] * 5 + [429]
    assert 0 < int(wrong[-1].headers["Retry-After"]) <= 60
    # Another user at the same address is let in.
    assert "access" in server.log_in("frank")


def test_rights_come_before_parameters(server: Server, user: str) -> None:
    answer = server.get(f"{QUERY}&columns=nothing&filter=nothing", user)
    assert answer.status == 403
    assert b"status_code" not in answer.body


@pytest.mark.parametrize("path", [METRIC, QUERY, "/api/tables/", "/api/runs/"])
@pytest.mark.parametrize("query", ["nothing=1", "limit=1&limit=1", "page=1&page=1"])
def test_a_parameter_is_known_and_given_once(path: str, query: str, server: Server, engineer: str) -> None:
    answer = server.get(f"{path}{'&' if '?' in path else '?'}{query}", engineer)
    assert (answer.status, answer.json()["error"]) == (400, "bad_request")


@pytest.mark.parametrize("path", [METRIC, "/api/query-table/?table=gold.total_sales_per_product"])
def test_the_oldest_version_is_the_empty_table_on_both_routes(path: str, server: Server, user: str) -> None:
    joint = "&" if "?" in path else "?"
    oldest, empty = server.get(f"{path}{joint}as_of=0", user), server.get(f"{path}{joint}as_of=", user)
    assert (oldest.status, oldest.headers["X-Table-Version"]) == (200, "0")
    assert oldest.json() in ([], {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": n} for n in NAMES]}]}})
    assert empty.status == 400


def test_a_metric_comes_as_csv_with_the_same_numbers(server: Server, user: str) -> None:
    rows = json.loads(server.get(METRIC, user).body, parse_float=str)
    lines = csv.reader(ask(server, METRIC, user, Accept="text/csv").body.decode().splitlines())
    assert list(lines) == [list(NAMES), *(list(row.values()) for row in rows)]


def test_what_is_large_is_sent_in_a_tenth_to_who_takes_gzip(server: Server, engineer: str) -> None:
    plain = server.get(f"{QUERY}&limit=1000", engineer)
    packed = ask(server, f"{QUERY}&limit=1000", engineer, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 10


def test_the_next_page_is_a_link_and_all_pages_are_all_rows(server: Server, engineer: str) -> None:
    path, found = f"{QUERY}&limit=120&columns=path", []
    while path:
        answer = ask(server, path, engineer, Accept="application/vnd.apache.arrow.stream")
        found += pa.ipc.open_stream(answer.body).read_all()["path"].to_pylist()
        link = answer.headers.get("Link", "")
        assert (link != "") == ("X-Next-Page" in answer.headers)
        path = link.partition(">")[0].removeprefix("<")
    everything = ask(server, f"{QUERY}&limit=1000&columns=path", engineer)
    assert len(found) == len(everything.json()["ResultSet"]["Rows"]) - 1 > 240


def test_only_a_page_that_is_named_may_read(server: Server, user: str) -> None:
    named, other = (ask(server, METRIC, user, Origin=origin) for origin in (PAGE, "https://elsewhere.example.org"))
    assert named.headers["Access-Control-Allow-Origin"] == PAGE
    assert "ETag" in named.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in other.headers


def test_generated_clients_get_a_plain_text_for_the_table(server: Server) -> None:
    operation = json.loads(server.get("/api/schema/").body)["paths"]["/api/query-table/"]["get"]
    table = next(item for item in operation["parameters"] if item["name"] == "table")
    assert table["schema"] == {"type": "string"}


def test_many_who_ask_for_too_much_are_told_when_to_come_back(server: Server, engineer: str) -> None:
    """A healthy lake is never said to be away: what one user may ask for at a time is."""
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: server.get(f"/api/runs/?limit={n + 1}", engineer), range(40)))
    assert {answer.status for answer in answers} <= {200, 429}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status == 429)
