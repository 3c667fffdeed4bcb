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

from core import actions
from tests.benchmarks import measure
from tests.browser.pages import server

SESSIONS, CYCLES, OPEN_AT_ONCE, RELEASES = (1, 5, 20), 20, 5, 24
ANSWERED = (b"-kept_bar", b"-rule_classes", b"-cut_before")  # what a release is waited for
_SLIDERS = re.compile(rb"\$\$ID-[0-9a-f]+-sliders")


@dataclass(frozen=True)
class Load:
    """Figures by name, with their limits."""

    figures: dict[str, float]

    def table(self) -> str:
        """The figures beside their budgets."""
        words = {
            "session_mb": ("memory of each further session, MB", 1.0),
            "branch_mb": ("memory of each further session in a branch of its own, MB", None),
            "cycles_growth": ("memory after 20 open/close cycles over the plateau of the fifth", 1.2),
            "release_p95_ms_1": ("release of a slider until counts, bars and strip came, p95, one session, ms", 100),
            "release_p95_ms_5": ("the same, five sessions at once, ms", 500),
            "drawn_p95_ms_1": ("release of a slider until the whole page is drawn again, p95, one session, ms", None),
            "drawn_p95_ms_5": ("the same, five sessions at once, ms", None),
        }
        lines = [[title, _cell(self.figures[name], most)] for name, (title, most) in words.items()]
        return measure.markdown_table(["sessions", f"{int(self.figures['rows']):,} rows"], lines)


def _cell(value: float, most: float | None) -> str:
    if most is None:
        return f"{value:,.3g}"
    return f"{value:,.3g} / {most:g}" if value <= most else f"**{value:,.3g}** / {most:g}"


class Session:
    """One open page."""

    def __init__(self, address: str, step: str, **query: str):
        from websockets.sync.client import connect

        self.step, self.query = step, urllib.parse.urlencode(query)
        stream = address.replace("http", "ws") + "/_stcore/stream"
        self.socket = connect(stream, subprotocols=["streamlit"], max_size=None, origin=address)  # type: ignore[arg-type]
        self.sliders = self.page = ""
        self.run()

    def run(self, widgets: Sequence[Any] = ()) -> tuple[float, float]:
        """Ask for a run of the script; seconds until what a release is about has come, and until it has finished."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string, asked.rerun_script.page_script_hash = self.query, self.page
        asked.rerun_script.page_name = "" if self.page else self.step
        asked.rerun_script.widget_states.widgets.extend(widgets)
        began, answered, waiting = time.perf_counter(), 0.0, set(ANSWERED)
        self.socket.send(asked.SerializeToString())
        while True:
            raw = self.socket.recv(timeout=120)
            if waiting:
                waiting -= {word for word in waiting if word in raw}
                answered = time.perf_counter() - began
            if found := _SLIDERS.search(raw):
                self.sliders = found.group().decode()
            told = ForwardMsg.FromString(raw)
            if told.WhichOneof("type") == "navigation":
                self.page = told.navigation.page_script_hash
            if told.WhichOneof("type") == "script_finished":
                return answered, time.perf_counter() - began

    def release(self, weights: dict[str, float], share: float) -> tuple[float, float]:
        """Let go of a slider; seconds until the answer has come, and until the page is drawn again."""
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
    run = actions.runs.open_run(next((home / "bench").glob("run_*")))
    names = [f"load {number}" for number in range(max(SESSIONS))]
    known = {branch.name for branch in actions.branches.list_branches(run)}
    for name in names:
        if name not in known:
            actions.branches.make_branch(run, name, token=f"made {name}")
    with server(home, folder) as address:
        figures = {"rows": float(rows), **_memory(address, str(run.path), names)}
        for many in (1, 5):
            answered, drawn = _releases(address, str(run.path), names[:many])
            figures |= {f"release_p95_ms_{many}": answered, f"drawn_p95_ms_{many}": drawn}
    return Load(figures)


def _memory(address: str, run_id: str, names: Sequence[str]) -> dict[str, float]:
    Session(address, "explore", run=run_id).close()  # the run itself is held once for all
    plateau = []
    for _ in range(CYCLES):
        some = [Session(address, "explore", run=run_id) for _ in range(OPEN_AT_ONCE)]
        for session in some:
            session.close()
        plateau.append(server_bytes())
    shared = _slope(address, [{"run": run_id} for _ in names])
    apart = _slope(address, [{"run": run_id, "branch": name} for name in names])
    return {"session_mb": shared, "branch_mb": apart, "cycles_growth": plateau[-1] / plateau[4]}


def _slope(address: str, queries: Sequence[dict[str, str]]) -> float:
    """MB by which the server grows with each of these sessions, all open at once."""
    held, opened = [], []
    for query in queries:
        opened.append(Session(address, "explore", **query))
        held.append(server_bytes())
    for session in opened:
        session.close()
    return float(np.polyfit(range(len(held)), held, 1)[0]) / 2**20


def _releases(address: str, run_id: str, names: Sequence[str]) -> tuple[float, float]:
    """95th percentiles over sessions that each let go of a weight about once a second: answered, drawn; ms."""
    opened = [Session(address, "rules", run=run_id, branch=name) for name in names]

    def drag(session: Session, number: int) -> list[tuple[float, float]]:
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
    answered, drawn = (1000 * np.percentile(taken, 95, axis=0)).tolist()
    return answered, drawn


def server_bytes() -> int:
    """Resident memory of the server that this process started."""
    return sum(c.memory_info().rss for c in psutil.Process().children() if "streamlit" in " ".join(c.cmdline()))
