"""A server of this checkout on a free port and a Chromium to look at it; skipped, saying why, where there is none."""

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
WAIT = 60_000  # milliseconds; generous, because the machine may be busy: it is only waited for what does not come


@contextmanager
def server(home: Path, folder: Path) -> Iterator[str]:
    """`streamlit run dashboard/app.py` started from another folder; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "streamlit",
        "run",
        str(ROOT / "dashboard" / "app.py"),
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "CHAFFINCH_HOME": str(home)}, stdout=log, stderr=log
        )
        try:
            _until_healthy(f"http://localhost:{port}/_stcore/health", process)
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _until_healthy(address: str, process: subprocess.Popen) -> None:
    for _ in range(240):
        assert process.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not come up")


@contextmanager
def browser() -> Iterator:
    """A Chromium, or a skip that says what is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium (apt-get install -y chromium)")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


def kept_and_rows(page) -> tuple[int, int]:
    """What the bar says."""
    words = page.locator(".st-key-bar").inner_text()
    kept, rows = re.search(r"Kept ([\d,]+) of ([\d,]+)", words).groups()
    return int(kept.replace(",", "")), int(rows.replace(",", ""))


def until(page, condition, what: str) -> None:
    """Poll in Python until the condition holds; says what did not happen."""
    for _ in range(WAIT // 200):
        if condition():
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"waited in vain until {what}")


def click(page, name: str, inside: str = "") -> None:
    """Press the button of that name; the name of its icon's glyph may stand before it in the page's text."""
    page.locator(f"{inside} button", has_text=re.compile(f"^[a-z_]*{re.escape(name)}$")).first.click(timeout=WAIT)
