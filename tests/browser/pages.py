"""A server of this checkout on a free port and a Chromium to look at it; skipped, saying why, where there is none."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",  # nothing here needs one, and painting by an emulated one costs a third of the time
    "--process-per-site",  # tabs share a process, which lives as long as the first tab, and its compiled code
]
_FIRST_PORT, _WORKERS, _PORTS = (
    21_000,
    5,
    400,
)  # of the first run; how many workers each has, how many ports each of them
_RUNS = 5  # test runs beside each other that have ports of their own
WAIT = 120_000  # milliseconds; generous, because the machine may be busy: it is only waited for what does not come
LOOK = 50  # milliseconds between two looks at what is waited for
QUIET = (
    300  # milliseconds without a run, after which none follows from the last action: components tell the server sooner
)


def _free_port() -> int:
    """The first free port of this process's own: the servers follow each other at one address, from which Chromium has
    the code compiled, and two workers of one test run never meet at one.
    """
    return next(port for port in _ports() if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the server that was there has just ended
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@cache
def _ports() -> range:
    """Below those that the system gives to whoever asks for any."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    run = zlib.crc32(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())).encode()) % _RUNS
    first = _FIRST_PORT + (run * _WORKERS + worker) * _PORTS
    return range(first, first + _PORTS)


class Server:
    """`streamlit run APP` started from another folder, on a free port."""

    def __init__(self, home: Path, folder: Path, app: Path = ROOT / "dashboard" / "app.py", *settings: str):
        self.port = _free_port()
        self.home, self.folder, self.app, self.settings = home, folder, app, settings
        self.address = f"http://localhost:{self.port}"
        _origins.add(self.address)
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Begin, and return when it answers."""
        settings = ["--server.port", str(self.port), "--server.headless", "true", *self.settings]
        command = [sys.executable, "-m", "streamlit", "run", str(self.app), *settings]
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, "CHAFFINCH_HOME": str(self.home)}, stdout=log, stderr=log
            )
        _until_healthy(f"{self.address}/_stcore/health", self.process)

    def kill(self) -> None:
        """kill -9: nothing can be said goodbye to."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=60)

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


@contextmanager
def server(home: Path, folder: Path, *app: Path | str) -> Iterator[str]:
    """A running dashboard, or another app and its settings; yields its address."""
    one = Server(home, folder, *app)
    try:
        one.start()
        yield one.address
    finally:
        one.stop()


def _until_healthy(address: str, process: subprocess.Popen) -> None:
    for _ in range(960):
        assert process.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not come up")


class Browser:
    """A Chromium with one profile: what was loaded and compiled once, the application's own files, is there again."""

    def __init__(self, context):
        self._context = context
        self._first = context.pages[0]  # Chromium ends with its last page, and a site's process with the site's last
        self._first.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
        self._first.goto("http://localhost/")

    def new_page(self, viewport: dict[str, int] | None = None, color_scheme: str = "light"):
        """An empty page of that size, in that theme."""
        page = self._context.new_page()
        page.set_default_timeout(WAIT)
        page.set_viewport_size(viewport or {"width": 1280, "height": 720})
        page.emulate_media(color_scheme=color_scheme)
        return page

    def close_pages(self) -> None:
        """As a person closes their tabs."""
        for page in self._context.pages:
            if page is not self._first:
                page.close()

    def forget_choices(self) -> None:
        """What the files before left in the profile; the application's files and their compiled code stay."""
        self._context.clear_cookies()
        talk = self._context.new_cdp_session(self._first)
        for origin in _origins:
            talk.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb"})

    def close(self) -> None:
        """With all its pages."""
        self._context.close()


@cache
def _profile() -> tempfile.TemporaryDirectory:
    """A folder for all browsers of this process, which follow each other; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="chaffinch-chromium-", ignore_cleanup_errors=True)


_running = ExitStack()
_origins: set[str] = set()  # of all servers so far
_open: list[Browser] = []  # the one of this process, while a file's tests use it


@contextmanager
def _chromium_of_playwright() -> Iterator:
    """What starts a Chromium; a skip that says what is missing, where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium (apt-get install -y chromium)")
    with api.sync_playwright() as play:
        yield play.chromium


@contextmanager
def browser() -> Iterator[Browser]:
    """The Chromium of this file's tests, started by the first that asks; pages are closed at the end."""
    if not _open:
        kind = _running.enter_context(_chromium_of_playwright())
        context = kind.launch_persistent_context(_profile().name, executable_path=str(CHROMIUM), args=FLAGS)
        _open.append(Browser(context))
        _running.callback(lambda: _open.pop().close())
        _open[0].forget_choices()
    try:
        yield _open[0]
    finally:
        _open[0].close_pages()


@contextmanager
def visitors() -> Iterator:
    """A Chromium without a profile, for contexts that share nothing: each is a visitor who comes for the first time."""
    with _chromium_of_playwright() as kind:
        chromium = kind.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


def close_browser() -> None:
    """After a file: other files in this process want the event loop that Playwright holds."""
    _running.close()


def kept_and_rows(page) -> tuple[int, int]:
    """What the bar says, once it says it."""
    for _ in range(WAIT // LOOK):
        found = re.search(r"Kept ([\d,]+) of ([\d,]+)", page.locator(".st-key-bar").inner_text(timeout=WAIT))
        if found:
            return int(found[1].replace(",", "")), int(found[2].replace(",", ""))
        page.wait_for_timeout(LOOK)
    words = page.locator(".st-key-bar").inner_text()
    raise AssertionError(f"the bar says {words!r}; the page: {page.inner_text('body')[:600]!r}")


def until(page, condition, what: str) -> None:
    """Poll in Python until the condition holds; says what did not happen."""
    for _ in range(WAIT // LOOK):
        if condition():
            return
        page.wait_for_timeout(LOOK)
    raise AssertionError(f"waited in vain until {what}")


def until_still(page, look):
    """Look until three looks in a row see the same; what they saw."""
    seen = [look()]

    def still() -> bool:
        seen.append(look())
        return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]

    until(page, still, "nothing moves any more")
    return seen[-1]


def click(page, name: str, inside: str = "") -> None:
    """Press the button of that name; the name of its icon's glyph may stand before it in the page's text."""
    page.locator(f"{inside} button", has_text=re.compile(f"^[a-z_]*{re.escape(name)}$")).first.click(timeout=WAIT)


_SETTLED = f"""() => {{
    const state = document.querySelector('[data-testid=stApp]')?.dataset.testScriptState
    const busy = state !== 'notRunning' || document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')
    const now = performance.now()
    window.__quiet = busy ? null : window.__quiet ?? now
    return !busy && now - window.__quiet > {QUIET}
}}"""


def settle(page) -> None:
    """Wait until the server has nothing more to say about the last action, and nothing on the page is old."""
    page.evaluate("window.__quiet = null")
    page.wait_for_function(_SETTLED, timeout=WAIT, polling=LOOK)


_HAS_FOCUS = """([name, inside]) => {
    const e = document.activeElement
    const said = `${e.getAttribute('aria-label') ?? ''}|${e.innerText ?? ''}`
    return said.toLowerCase().includes(name) && !!e.closest(inside)
}"""


def tab_to(page, name: str, inside: str = "body", presses: int = 250, back: bool = False) -> None:
    """Press Tab until what has the focus carries that name and lies inside; a mouse is never used."""
    for _ in range(presses):
        if page.evaluate(_HAS_FOCUS, [name.lower(), inside]):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{presses} presses of Tab never reached {name!r} inside {inside}")
