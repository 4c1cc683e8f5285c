"""OpenLineage events of a run: what they say, by file and HTTP, and a receiver that is away or hangs."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attr
import jsonschema
import pytest
from inbox_box import HEADER, LOG, ROW, Box
from openlineage.client import event_v2, facet_v2
from openlineage_events import SCHEMA, VALIDATOR, by_name, checked, rows

from lakehouse.errors import ServiceError
from lakehouse.lake import lineage
from lakehouse.lake.runs import new_run_id, newest, recorded


def land(box: Box) -> str:
    """Land what is new as a run does, and return its id."""
    standings, counts, run_id = box.lake.make_tables(), dict[str, Any](), new_run_id()
    with recorded(box.lake, "bronze", run_id, counts):
        box.inbox().land(run_id)
        for name, before in standings.items():
            if new := box.lake.standing(name).rows - before.rows:
                counts[name] = {"new": new, "seconds": 0.1}
    return run_id


@pytest.fixture
def full(box: Box, monkeypatch: pytest.MonkeyPatch) -> Box:
    """An inbox with files, named by the settings."""
    monkeypatch.setenv("LAKEHOUSE_INBOX", str(box.settings.inbox))
    for name, data in (("logs/a.log", LOG * 3), ("logs/b.log", LOG * 4), ("transactions/a.csv", HEADER + ROW * 2)):
        box.put(name, data)
    return box


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that events go to, by the configuration file in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "events"
    Path("openlineage.yml").write_text(f"transport: {{type: file, log_file_path: {path}, append: true}}\n")
    return path


def test_a_run_tells_its_start_and_its_end_with_what_it_read_and_wrote(full: Box, events: Path) -> None:
    run_id = land(full)
    start, end = checked(events.read_text().splitlines())
    assert [event["eventType"] for event in (start, end)] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == end["run"]["runId"]
    assert (start["job"]["namespace"], start["job"]["name"]) == ("lakehouse", "bronze")
    assert {"key": "run_id", "value": run_id, "source": "lakehouse"} in start["run"]["facets"]["tags"]["tags"]
    outputs, inputs = by_name(end["outputs"]), by_name(end["inputs"])
    assert {name: rows(dataset) for name, dataset in outputs.items()} == {"bronze.logs": 7, "bronze.transactions": 2}
    logs = outputs["bronze.logs"]
    assert (logs["namespace"], logs["name"]) == ("file", str(full.folder / "bronze" / "logs"))
    assert logs["facets"]["version"]["datasetVersion"] == str(full.lake.open("bronze.logs").version())
    read = inputs[str(full.inbox_folder / "logs")]["inputFacets"]["inputStatistics"]
    assert (read["rowCount"], read["size"], read["fileCount"]) == (7, len(LOG) * 7, 2)
    assert len(inputs) == 2


def test_a_run_without_news_tells_no_tables(full: Box, events: Path) -> None:
    land(full)
    land(full)
    end = checked(events.read_text().splitlines())[-1]
    assert (end["eventType"], end["inputs"], end["outputs"]) == ("COMPLETE", [], [])


def test_a_run_that_fails_tells_why(full: Box, events: Path) -> None:
    def fail() -> None:
        with recorded(full.lake, "bronze", "r1", {}):
            raise ServiceError("Kafka is away.")

    with pytest.raises(ServiceError):
        fail()
    assert [event["eventType"] for event in checked(events.read_text().splitlines())] == ["START", "FAIL"]
    assert '"message": "Kafka is away."' in events.read_text()


def test_without_a_configuration_nothing_is_told(
    full: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(lineage, "Lineage", None)
    land(full)
    assert not caplog.records


def test_a_configuration_without_a_transport_is_named(
    full: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(tmp_path / "nowhere.yml"))
    land(full)
    assert "no transport is named" in caplog.text


class Receiver(BaseHTTPRequestHandler):
    """Takes events as OpenLineage's backends do."""

    taken: list[str] = []

    def do_POST(self) -> None:
        self.taken.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(201)
        self.end_headers()

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of a receiver."""
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_events_go_by_http_in_their_order(full: Box, receiver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", receiver)
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "shop")
    Receiver.taken.clear()
    land(full)
    told = checked(Receiver.taken)
    assert [(event["eventType"], event["job"]["namespace"]) for event in told] == [
        ("START", "shop"),
        ("COMPLETE", "shop"),
    ]


@pytest.mark.parametrize("is_listening", [True, False], ids=["takes and never answers", "refuses"])
def test_a_receiver_that_is_away_fails_no_run_and_keeps_it_for_a_bounded_time(
    full: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_listening: bool
) -> None:
    monkeypatch.setattr(lineage, "SECONDS", 0.5)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if is_listening:
            server.listen()
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        began = time.monotonic()
        land(full)
        assert time.monotonic() - began < 3
    assert "lineage was not told" in caplog.text
    assert newest(full.lake, 1)["status"].to_pylist() == ["succeeded"]
    assert len(full.bronze("logs")) == 7


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("hdfs://node:8020/lake/gold/sales", ("hdfs://node:8020", "/lake/gold/sales")),
        ("s3a://bucket/lake/gold/sales", ("s3://bucket", "lake/gold/sales")),
        ("file:///data/lake", ("file", "/data/lake")),
        ("/data/inbox", ("file", "/data/inbox")),
    ],
)
def test_places_are_named_as_openlineage_does(address: str, place: tuple[str, str]) -> None:
    assert lineage._place(address) == place


@pytest.mark.parametrize("name", [name for name in SCHEMA["$defs"] if name != "Dataset"])
def test_the_schema_is_that_of_the_library(name: str) -> None:
    """Each property and what is required, as the classes have it that are made from the specification."""
    modules = [event_v2, *(getattr(facet_v2, module) for module in facet_v2.__all__)]
    kind = next(getattr(module, name) for module in modules if hasattr(module, name))
    there = {a.name: a for a in attr.fields(kind) if a.name not in ("_deleted",)}
    definition = SCHEMA["$defs"][name]
    inherited = SCHEMA["$defs"]["Dataset"] if "$ref" in definition else {}
    assert set(there) == {*definition["properties"], *inherited.get("properties", ())}
    required = {*definition.get("required", ()), *inherited.get("required", ())} - {"_producer", "_schemaURL"}
    without_default = {n for n, a in there.items() if a.default is attr.NOTHING}
    assert required - {"producer", "schemaURL"} == without_default
    if "schemaURL" in there or "_schemaURL" in there:
        url = definition["properties"]["schemaURL" if "schemaURL" in there else "_schemaURL"]["const"]
        assert url == kind._get_schema()


def test_the_schema_refuses_what_is_no_event(full: Box, events: Path) -> None:
    land(full)
    event = checked(events.read_text().splitlines())[-1]
    changes: tuple[dict[str, Any], ...] = (
        {"eventType": "DONE"},
        {"eventTime": "yesterday"},
        {"run": {"runId": "r1"}},
        {"job": {}},
        {"x": 1},
    )
    for change in changes:
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(event | change)
