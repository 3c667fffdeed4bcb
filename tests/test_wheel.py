"""What `pip install chaffinch-*.whl` brings: the command line, the dashboard and the scored samples."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from browser.sessions import Session

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120  # seconds, only waited for what does not come
CARDS = {"try_digits", "try_banking", "try_adult"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel of this checkout's files, unpacked as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=60)
    if tracked.returncode:
        pytest.skip("not a git checkout: nothing says which files are the product's")
    for name in tracked.stdout.decode().split("\0"):
        if name.startswith(("core/", "dashboard/", "sample_data/", ".streamlit/")) or "/" not in name != "":
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, folder / "tree" / name, follow_symlinks=False)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=folder / "tree", capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "tree").glob("chaffinch-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "installed")
    return folder / "installed"


def test_an_empty_folder_shows_the_dashboard_with_its_samples(installed, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(installed), "CHAFFINCH_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "core", "open", "--port", str(port), "--no-browser"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=empty, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        page = Session(f"http://127.0.0.1:{port}")
        assert not page.errors
        assert set(page.widgets) >= CARDS
        page.close()
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)
    assert not list(empty.iterdir())


def test_its_command_line_is_its_own(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed), "CHAFFINCH_HOME": str(tmp_path / "home")}
    code = (
        "import core; print(core.__file__); from core.cli import main; "
        "raise SystemExit(main(['rank', 'digits', '--score', 'el2n', '--top', '2']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    (entry,) = installed.glob("*.dist-info/entry_points.txt")
    assert "chaffinch = core.cli:main" in entry.read_text()


def _wait_for(address: str, server: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no answer from {address}; exit code {server.poll()}")
