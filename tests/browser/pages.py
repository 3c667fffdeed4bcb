"""A server of this checkout on a free port and a Chromium to look at it; skipped, saying why, where there is none."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
]
WAIT = 120_000  # milliseconds; generous, because the machine may be busy: it is only waited for what does not come
LOOK = 50  # milliseconds between two looks at what is waited for
QUIET = (
    300  # milliseconds without a run, after which none follows from the last action: components tell the server sooner
)


class Server:
    """`streamlit run dashboard/app.py` started from another folder, on a free port of its own."""

    def __init__(self, home: Path, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home, self.folder = home, folder
        self.address = f"http://localhost:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Begin, and return when it answers."""
        app = str(ROOT / "dashboard" / "app.py")
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            app,
            "--server.port",
            str(self.port),
            "--server.headless",
            "true",
        ]
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
def server(home: Path, folder: Path) -> Iterator[str]:
    """A running dashboard; yields its address."""
    one = Server(home, folder)
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
    """A Chromium whose pages of one kind share what was loaded once: the application's own files, and Plotly's."""

    def __init__(self, chromium):
        self._chromium, self._contexts = chromium, {}

    def new_page(self, **options):
        """An empty page; options (viewport, color_scheme) as Playwright takes them."""
        kind = repr(sorted(options.items()))
        if kind not in self._contexts:
            self._contexts[kind] = self._chromium.new_context(**options)
        return self._contexts[kind].new_page()

    def close_pages(self) -> None:
        """As a person closes their tabs."""
        for context in self._contexts.values():
            for page in context.pages:
                page.close()

    def close(self) -> None:
        """With all its pages."""
        self._chromium.close()


_running = ExitStack()
_open: list[Browser] = []  # the one of this process, while a file's tests use it


@contextmanager
def browser() -> Iterator[Browser]:
    """The Chromium of this file's tests, started by the first that asks; pages are closed at the end.

    A skip that says what is missing, where there is none.
    """
    if not _open:
        api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
        if not CHROMIUM.exists():
            pytest.skip("there is no /usr/bin/chromium (apt-get install -y chromium)")
        play = _running.enter_context(api.sync_playwright())
        _open.append(Browser(play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)))
        _running.callback(lambda: _open.pop().close())
    try:
        yield _open[0]
    finally:
        _open[0].close_pages()


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
    page.wait_for_function(_SETTLED, timeout=WAIT)


FOCUSED = """() => { const e = document.activeElement;
    return `${e.getAttribute('aria-label') ?? ''}|${e.innerText ?? ''}`; }"""


def tab_to(page, name: str, inside: str = "body", presses: int = 250, back: bool = False) -> None:
    """Press Tab until what has the focus carries that name and lies inside; a mouse is never used."""
    within = f"() => !!document.activeElement.closest({inside!r})"
    for _ in range(presses):
        if name.lower() in page.evaluate(FOCUSED).lower() and page.evaluate(within):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{presses} presses of Tab never reached {name!r} inside {inside}")
