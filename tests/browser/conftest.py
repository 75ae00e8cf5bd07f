"""The whole product as ``make up`` runs it, and a real browser before it.

Nothing here touches Django's ORM: these tests know what a person, a mail server and the
simulated marketplace know. Everything ends with the last test of this folder, since
Playwright's event loop must not run while other tests use the database.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    expect,
    sync_playwright,
)

from config.launcher import bootstrap, processes, test_programs

ROOT: Final = bootstrap.ROOT
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESK: Final = (1440, 900)
PHONE: Final = (390, 844)
_SEEN_WITHIN: Final = 20_000  # ms: a busy machine may stand still for seconds; a fault never ends
_READY_WITHIN: Final = 150.0  # seconds: a first start loads the demo agency
_KEPT_VARIABLES: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "USER")
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_TELL_REFUSALS: Final = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP refused ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""
_AXE_RUN: Final = """
(only) => axe.run(document, {
  ...(only ? {runOnly: {type: "rule", values: only}} : {}),
  resultTypes: ["violations"],  // of what is well or unclear no lists are made
  preload: false,  // what reads style sheets or sounds is experimental, or less than serious
}).then((found) =>
  found.violations
    .filter((rule) => ["serious", "critical"].includes(rule.impact))
    .flatMap((rule) => rule.nodes.map((node) =>
      `${rule.id}: ${node.target.join(" ")}: ${(node.any[0] || node).message || rule.help}`)))
"""


@dataclass(frozen=True)
class House:
    """Where the running product is to be found."""

    public_url: str
    sandbox_url: str
    mail_server: tuple[str, int]
    demo_url: str
    demo_email: str
    demo_password: str
    run_dir: Path

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).netloc

    def log_lines(self, program: str, words: str) -> list[str]:
        log = self.run_dir / "logs" / f"{program}.log"
        lines = log.read_text().splitlines() if log.exists() else []  # made with the first line
        return [line for line in lines if words in line]


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """Start everything in a folder and on ports of its own; keep the logs when it fails.

    RUNNING=.run takes what ``make up`` runs already, while one works on a page or a test.
    """
    if os.environ.get("RUNNING"):
        yield _house_of(Path(os.environ["RUNNING"]).absolute())
        return
    folder = Path(tempfile.mkdtemp(prefix="storewarden-browser-"))
    folder.chmod(0o755)  # the database runs as a user of its own where we are root
    run_dir = folder / "run"
    run_dir.mkdir()
    free = {part: processes.free_port() for part in ("sandbox", "mailin")}
    (run_dir / "ports.json").write_text(json.dumps(free))
    env = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    env |= {"RUN_DIR": str(run_dir), "PORT": str(processes.free_port()), "WEB_WORKERS": "1"}
    output = folder / "launcher.log"
    with output.open("wb") as log:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "config.launcher"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=processes.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one thread
        )
    try:
        yield _when_ready(launcher, run_dir, output)
    finally:
        launcher.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            launcher.wait(30)
        launcher.kill()
        launcher.wait()
        if not os.environ.get("KEEP_RUN"):
            shutil.rmtree(folder, ignore_errors=True)


def _when_ready(launcher: subprocess.Popen[bytes], run_dir: Path, output: Path) -> House:
    ready_file = run_dir / "ready.json"
    give_up_at = time.monotonic() + _READY_WITHIN
    while not ready_file.exists():
        if launcher.poll() is not None or time.monotonic() > give_up_at:
            pytest.fail(f"make up did not get ready:\n{output.read_text()[-6000:]}")
        time.sleep(0.1)
    return _house_of(run_dir)


def _house_of(run_dir: Path) -> House:
    ready: dict[str, Any] = json.loads((run_dir / "ready.json").read_text())
    return House(
        public_url=ready["public_url"],
        sandbox_url=ready["sandbox_url"],
        mail_server=(ready["mailin"]["host"], ready["mailin"]["port"]),
        demo_url=ready["demo"]["url"],
        demo_email=ready["demo"]["email"],
        demo_password=ready["demo"]["password"],
        run_dir=run_dir,
    )


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = test_programs.CHROMIUM.find()
    if program is None:
        pytest.fail("There is no Chromium: `make test` installs it, or name one by CHROMIUM=.")
    expect.set_options(timeout=_SEEN_WITHIN)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield started
        started.close()


@dataclass
class Troubles:
    """What went wrong in the browser, though nobody may see it on the page."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda told: self._console(page, told.type, told.text))
        page.on("pageerror", lambda error: self.seen.append(f"{page.url}: {error}"))
        page.on("response", self._response)

    def _console(self, page: Page, kind: str, text: str) -> None:
        # What could not be loaded is told with its address by the response.
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource"):
            self.seen.append(f"{page.url}: {text}")

    def _response(self, answer: Response) -> None:
        is_refused_form = answer.status == 422 and answer.request.method == "POST"
        if answer.status >= 400 and not is_refused_form:
            self.seen.append(f"{answer.request.method} {answer.url}: {answer.status}")


@dataclass
class Visitor:
    """One person's browser: cookies of her own, everything watched."""

    context: BrowserContext
    troubles: Troubles

    def new_page(self) -> Page:
        page = self.context.new_page()
        self.troubles.watch(page)
        return page

    def kept_page(self) -> Page:
        """Return the page that is open, or one: a new one would read each script anew."""
        return self.context.pages[0] if self.context.pages else self.new_page()


MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[MakeVisitor]:
    """Return a maker of visitors; their browsers close with the test."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Visitor:
        visitor = open_visitor(browser, **options)
        contexts.append(visitor.context)
        return visitor

    yield make
    for context in contexts:
        context.close()


def open_visitor(browser: Browser, **options: Any) -> Visitor:
    width, height = DESK
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-US",
        timezone_id="Asia/Singapore",
        reduced_motion="reduce",
        **options,
    )
    context.add_init_script(_TELL_REFUSALS)
    return Visitor(context, Troubles())


@pytest.fixture(scope="package")
def owner(house: House, browser: Browser) -> Iterator[Visitor]:
    """The demo agency's owner, signed in."""
    visitor = open_visitor(browser)
    page = visitor.context.new_page()
    page.goto(house.demo_url)
    sign_in(page, house.demo_email, house.demo_password)
    page.wait_for_url(house.demo_url)
    page.close()
    yield visitor
    visitor.context.close()


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Email").or_(page.get_by_label("E-mail")).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def axe_findings(page: Page, *rules: str) -> list[str]:
    """Return what axe-core finds serious or critical, by all its rules or only these."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(_AXE_RUN, list(rules) or None)
    return [f"{urlsplit(page.url).path} {finding}" for finding in found]


def send_notice(house: House, shop: str, address: str, **facts: Any) -> None:
    """Have the simulated marketplace mail a notice over SMTP."""
    form = {"shop": shop, "to": address, **facts}
    asked = urllib.request.Request(  # noqa: S310 - the sandbox's own address
        f"{house.sandbox_url}control/mail",
        data=urlencode(form).encode(),
        headers={"Accept": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
        assert json.load(answer)["ok"] is True


def keep(page: Page, name: str) -> None:
    """Keep a screenshot where SCREENSHOTS names a folder: to be looked at by a person."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
