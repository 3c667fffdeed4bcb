"""Many sessions on one large run: memory of each further one, of opening and closing, and how long a release takes.

Sessions are real ones of the server, over its websocket as the browser speaks it, without the browser.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core import actions, curation_actions
from tests.benchmarks import measure
from tests.browser.pages import server

SESSIONS, CYCLES, OPEN_AT_ONCE, RELEASES = (1, 5, 20), 20, 5, 24
_SLIDERS = re.compile(rb"\$\$ID-[0-9a-f]+-sliders")


@dataclass(frozen=True)
class Load:
    """Figures by name, with what RELIABILITY asks."""

    figures: dict[str, float]

    def table(self) -> str:
        """The figures beside their budgets."""
        words = {
            "session_mb": ("memory of each further session, MB", 1.0),
            "cycles_growth": ("memory after 20 open/close cycles over the plateau of the fifth", 1.2),
            "release_p95_ms_1": ("release of a slider, p95, one session, ms", 100),
            "release_p95_ms_5": ("release of a slider, p95, five sessions at once, ms", 500),
        }
        lines = [[title, f"{self.figures[name]:.3g} / {most:g}"] for name, (title, most) in words.items()]
        return measure.markdown_table(["sessions", f"{int(self.figures['rows']):,} rows"], lines)


class Session:
    """One open page."""

    def __init__(self, address: str, step: str, **query: str):
        from websockets.sync.client import connect

        self.step, self.query = step, urllib.parse.urlencode(query)
        stream = address.replace("http", "ws") + "/_stcore/stream"
        self.socket = connect(stream, subprotocols=["streamlit"], max_size=None, origin=address)  # type: ignore[arg-type]
        self.sliders = self.page = ""
        self.run()

    def run(self, widgets: Sequence[Any] = ()) -> float:
        """Ask for a run of the script; seconds until it has finished."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string, asked.rerun_script.page_script_hash = self.query, self.page
        asked.rerun_script.page_name = "" if self.page else self.step
        asked.rerun_script.widget_states.widgets.extend(widgets)
        began = time.perf_counter()
        self.socket.send(asked.SerializeToString())
        while True:
            raw = self.socket.recv(timeout=120)
            if found := _SLIDERS.search(raw):
                self.sliders = found.group().decode()
            told = ForwardMsg.FromString(raw)
            if told.WhichOneof("type") == "navigation":
                self.page = told.navigation.page_script_hash
            if told.WhichOneof("type") == "script_finished":
                return time.perf_counter() - began

    def release(self, weights: dict[str, float], share: float) -> float:
        """Let go of a slider; seconds until the page is drawn again."""
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        value = {"groupWeights": weights, "scoreWeights": {}, "share": share}
        told = json.dumps([{"event": "released", "value": value}])
        return self.run([WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{self.sliders}__events", json_trigger_value=told)])

    def close(self) -> None:
        """As a closed tab."""
        self.socket.close()


def measure_load(rows: int, folder: Path) -> Load:
    """Sessions on the run of that many rows that `dashboard_run.make_run` left in `folder`/home_`rows`."""
    home = folder / f"home_{rows}"
    run = actions.open_run(next((home / "bench").glob("run_*")))
    names = [f"load {number}" for number in range(max(SESSIONS))]
    known = {branch.name for branch in curation_actions.branches(run)}
    for name in names:
        if name not in known:
            curation_actions.make_branch(run, name, token=f"made {name}")
    with server(home, folder) as address:
        figures = {"rows": float(rows), **_memory(address, str(run.path), names)}
        for many in (1, 5):
            figures[f"release_p95_ms_{many}"] = _releases(address, str(run.path), names[:many])
    return Load(figures)


def _memory(address: str, run_id: str, names: Sequence[str]) -> dict[str, float]:
    Session(address, "explore", run=run_id).close()  # the run itself is held once for all
    held, open_now = [], []
    for name in names:
        open_now.append(Session(address, "explore", run=run_id, branch=name))
        held.append(server_bytes())
    slope = float(np.polyfit(range(len(held) // 2), held[len(held) // 2 :][: len(held) // 2], 1)[0]) / 2**20
    for session in open_now:
        session.close()
    plateau = []
    for _ in range(CYCLES):
        some = [Session(address, "explore", run=run_id) for _ in range(OPEN_AT_ONCE)]
        for session in some:
            session.close()
        plateau.append(server_bytes())
    return {"session_mb": slope, "cycles_growth": plateau[-1] / plateau[4]}


def _releases(address: str, run_id: str, names: Sequence[str]) -> float:
    """The 95th percentile over sessions that each let go of a weight about once a second."""
    opened = [Session(address, "rules", run=run_id, branch=name) for name in names]

    def drag(session: Session, number: int) -> list[float]:
        taken = []
        for turn in range(RELEASES):
            weights = {"difficulty": 0.5 + 0.05 * ((turn + number) % 20)}
            taken.append(session.release(weights, 0.05 + 0.002 * turn))
            time.sleep(0.6)
        return taken[2:]

    with ThreadPoolExecutor(len(opened)) as pool:
        taken = [t for times in pool.map(drag, opened, range(len(opened))) for t in times]
    for session in opened:
        session.close()
    return 1000 * float(np.percentile(taken, 95))


def server_bytes() -> int:
    """Resident memory of the server that this process started."""
    return sum(c.memory_info().rss for c in psutil.Process().children() if "streamlit" in " ".join(c.cmdline()))
