"""Start everything with ``make up``, look at what a visitor would, and see that all ends."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.launcher import processes

FIRST_START_WITHIN = 180.0
SECOND_START_WITHIN = 30.0  # 15 s on a machine that does nothing else
ENDS_WITHIN = 20.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="storewarden-smoke-") as name:
        Path(name).chmod(0o755)
        place = Path(name) / "run"
        _round(place, FIRST_START_WITHIN)
        _round(place, SECOND_START_WITHIN)


def _round(place: Path, patience: float) -> None:
    port = processes.free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}
    }
    started_at = time.monotonic()
    with subprocess.Popen(
        ["make", "up", f"PORT={port}"],
        env={**environment, "RUN_DIR": str(place), "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as up:
        ready_file = place / "ready.json"
        processes.wait_until(
            lambda: ready_file.exists() or up.poll() is not None, patience, pause=0.1
        )
        if not ready_file.exists():
            up.terminate()
            _show_logs(place)
            sys.exit(f"smoke: make up has ended, or is not ready within {patience:.0f} s")
        print(f"smoke: ready after {time.monotonic() - started_at:.1f} s")
        ready = json.loads(ready_file.read_text())
        _expect(len(_still_running(place)) > len(ready), "the programs are found by environment")
        try:
            _visit(ready)
            _look(ready, place, environment)
        finally:
            up.send_signal(signal.SIGTERM)
            _expect_the_end(up, place)
    print("smoke: all processes have ended")


def _visit(ready: dict[str, Any]) -> None:
    public = urlsplit(ready["public_url"])
    agency = urlsplit(ready["demo"]["url"])
    assert public.port is not None

    status, _headers, page = _get(public.port, public.netloc, "/")
    _expect(status == http.client.OK and b"Storewarden" in page, f"the public page: {status}")

    status, headers, _body = _get(public.port, agency.netloc, "/")
    target = headers.get("Location", "")
    _expect(
        status == http.client.FOUND and urlsplit(target).netloc == public.netloc,
        f"the agency's way to sign in: {status} {target}",
    )

    status, _headers, schema = _get(public.port, public.netloc, "/api/schema/")
    _expect(status == http.client.OK and b"/api/v1/stores/" in schema, f"the schema: {status}")

    key = {"Authorization": f"Bearer {ready['demo']['api_key']}"}
    status, _headers, body = _get(public.port, public.netloc, "/api/v1/stores/", key)
    names = [store["name"] for store in json.loads(body)["results"]] if status == 200 else []  # noqa: PLR2004
    _expect(len(names) == 12, f"the demo agency's twelve stores: {status} {names}")  # noqa: PLR2004

    status, _headers, _body = _get(public.port, "unknown.example", "/")
    _expect(status == http.client.NOT_FOUND, f"an unknown host: {status}")
    print("smoke: public page, sign-in, schema, API and unknown host answer as they should")


def _look(ready: dict[str, Any], place: Path, environment: dict[str, str]) -> None:
    """Read the metrics, ask the doctor, and see that what was logged can be read by machines."""
    public = urlsplit(ready["public_url"])
    assert public.port is not None
    token = json.loads((place / "secrets.json").read_text())["metrics_token"]
    _expect(token not in (place / "ready.json").read_text(), "ready.json tells no token")
    status, _headers, body = _get(
        public.port, public.netloc, "/metrics", {"Authorization": f"Bearer {token}"}
    )
    counted = b'storewarden_requests_total{method="GET",route="tenants:home",status="2xx"}' in body
    _expect(status == http.client.OK and counted, f"the metrics: {status}")

    doctor = [sys.executable, "-m", "config.launcher.doctor", "--json"]
    asked = subprocess.run(
        doctor, env={**environment, "RUN_DIR": str(place)}, capture_output=True, check=False
    )
    wrong = [each for each in json.loads(asked.stdout)["findings"] if not each["is_well"]]
    _expect(asked.returncode == 0 and not wrong, f"the doctor finds all well: {wrong}")

    for name in ("web", "worker", "provision", "dispatcher", "mailin"):
        for line in (place / "logs" / f"{name}.log").read_text().splitlines():
            _expect(_is_object(line), f"each line of {name} is one JSON object: {line[:200]}")
    print("smoke: metrics, doctor and logs answer as they should")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _get(
    port: int, host: str, path: str, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    # By the Host header: not every resolver knows names under localhost.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _expect(holds: bool, what: str) -> None:  # noqa: FBT001
    if not holds:
        sys.exit(f"smoke: not as expected: {what}")


def _still_running(place: Path) -> list[str]:
    """Return the command lines of what was started for ``place``, told by its environment."""
    mark, found = f"RUN_DIR={place}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(processes.command_of(int(process.name)))
    return found


def _expect_the_end(up: "subprocess.Popen[bytes]", place: Path) -> None:
    try:
        up.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        up.kill()
        sys.exit(f"smoke: make up does not end within {ENDS_WITHIN:.0f} s")
    left = _still_running(place)
    _expect(not left, f"these still run: {left}")
    ports = json.loads((place / "ports.json").read_text())
    answering = [part for part, port in ports.items() if processes.answers(port)]
    _expect(not answering, f"these still answer: {answering}")
    _expect(not (place / "ready.json").exists(), "ready.json is still there")


def _show_logs(place: Path) -> None:
    for log in sorted((place / "logs").glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-15:]
        print(f"--- {log.name}", *lines, sep="\n")


if __name__ == "__main__":
    main()
