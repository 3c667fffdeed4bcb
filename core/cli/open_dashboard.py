"""The dashboard, started from wherever someone stands; its files come with the package."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path

from core import actions
from core.types import child
from core.types.errors import CurationError

from .flag_types import path_words, whole


def flags(own: argparse.ArgumentParser) -> None:
    """Which run is shown first, where the server answers, and whether a browser is opened."""
    own.add_argument(
        "run", metavar="RUN", type=path_words, nargs="?", help="a run folder, a run id, or the name of a sample"
    )
    own.add_argument("--port", type=whole(1, 65535), help="default: 8501, or the next one that is free")
    own.add_argument("--no-browser", action="store_true", help="only start the server")


def open_dashboard(asked: argparse.Namespace) -> int:
    """Start the server in place of this process, which therefore ends as the server does. Naming a run folder is
    consent to open it.
    """
    shown = {} if asked.run is None else {"CHAFFINCH_RUN": actions.runs.opened_first(asked.run)}
    command = child.python("-m", "streamlit", "run", str(_app()))
    if asked.port is not None:
        command += ["--server.port", str(asked.port)]
    if asked.no_browser:
        command += ["--server.headless", "true"]
    os.execve(command[0], command, child.environment(**shown))


def _app() -> Path:
    """`dashboard/app.py`, found without importing it; raises `CurationError` where only `core` is installed."""
    spec = find_spec("dashboard")
    app = Path(spec.origin).with_name("app.py") if spec is not None and spec.origin else None
    if app is None or not app.is_file():
        raise CurationError("The dashboard is not installed beside core.", "Install the whole of chaffinch.")
    return app
