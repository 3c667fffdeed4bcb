"""The budgets of the dashboard, measured in Chromium against `streamlit run dashboard/app.py`, on made-up scores.

    python -m tests.benchmarks.dashboard                          # all four sizes, and sessions: a table
    python -m tests.benchmarks.dashboard --rows 60000 --json -    # one size, one line of JSON on stdout

Figures are medians of at least five. Times are the page's own clock, from the event (press, release) to the frame that
shows its effect. Server time is from the release to the last of counts, class bars and cut strip, as they pass a relay
between browser and server; the line below it is the same until the page's main thread, busy drawing, has read them.
Traffic is every byte of the websocket, both ways.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tests.benchmarks import measure
from tests.benchmarks.dashboard_load import ANSWERED, measure_load
from tests.benchmarks.dashboard_page import Page, middle
from tests.benchmarks.dashboard_run import make_run
from tests.benchmarks.wire import Wire, wire
from tests.browser.map_probe import MAP, READY, point_on_page
from tests.browser.pages import server, visitors

SIZES = (1_500, 60_000, 200_000, 1_000_000)
REPEATS = 5
START = "document.querySelectorAll('[class*=st-key-try_] button').length >= 3"
SAMPLE = f"{READY} && {MAP}.data.n > 1000 && document.querySelectorAll('.chf-tile').length >= 24"
LASSO = ((0.3, 0.25), (0.6, 0.22), (0.62, 0.6), (0.33, 0.62))
TITLES = {
    "first_paint_s": "first paint of the start page, s",
    "sample_to_explore_s": "sample card → Explore populated, s",
    "drag_script_ms": "repaint while dragging, script, ms",
    "drag_repaint_ms": "repaint while dragging, until the next frame, ms",
    "release_server_ms": "counts, bars, cut strip after release, server, ms",
    "release_page_ms": "the same, until the page has read them, ms",
    "lasso_ms": "lasso → selection shown, ms",
    "bytes_per_change": "bytes per threshold change: map and its sliders",
    "page_bytes_per_change": "bytes per threshold change: the whole Rules page",
    "drawer_ms": "example drawer, ms",
    "release_cpu_ms": "the same release, processor time of the server, ms",
}
ANSWER = (*(name for name in TITLES if name not in ("page_bytes_per_change", "release_cpu_ms", "release_page_ms")),)


def budget(name: str, rows: int) -> float | None:
    """The budget at this size; None where there is none: of dragging and releasing, between 60k and 1M."""
    small, large = rows <= 60_000, rows >= 1_000_000
    return {
        "first_paint_s": 2,
        "sample_to_explore_s": 2,
        "drag_script_ms": 10 if small else 60 if large else None,
        "drag_repaint_ms": 100,
        "release_server_ms": 60 if small else 100 if large else None,
        "lasso_ms": 500 if small else None,
        "bytes_per_change": 5000,
        "drawer_ms": 300,
    }.get(name)


def measure_size(rows: int, chromium: Any, folder: Path) -> dict[str, float]:
    """Every figure at one size, on a server and a workspace of its own."""
    home = folder / f"home_{rows}"
    os.environ["CHAFFINCH_HOME"] = str(home)
    run_id = make_run(home / "bench", rows)
    with server(home, folder) as address:
        figures = _arriving(chromium, address)
        tab = Page.open(chromium)
        tab.go(f"{address}/rules?run={run_id}")
        tab.settle()
        figures |= _dragging(tab)
        tab.close()
        with wire(address) as passed:
            tab = Page.open(chromium)
            tab.go(f"{passed.address}/rules?run={run_id}")
            tab.settle()
            figures |= _releasing(tab, passed)
            tab.close()
        tab = Page.open(chromium)
        tab.go(f"{address}/explore?run={run_id}&side=example")
        tab.settle()
        figures |= {"lasso_ms": _lasso(tab), "drawer_ms": _drawer(tab)}
        tab.close()
    return {"rows": rows, **figures}


def _arriving(chromium: Any, address: str) -> dict[str, float]:
    """New visitors to a warm server: the start page, then from a sample's card to its map and gallery."""
    paints, samples = [], []
    for turn in range(REPEATS + 1):
        tab = Page.open(chromium)
        paints.append(tab.go(f"{address}/", START))
        tab.settle()
        press = tab.page.locator(".st-key-try_digits button")
        samples.append(tab.timed("click", press.click, SAMPLE) / 1000)
        tab.close()
        if turn == 0:  # the server warms up
            paints.clear()
            samples.clear()
    return {"first_paint_s": middle(paints), "sample_to_explore_s": middle(samples)}


def _dragging(tab: Page) -> dict[str, float]:
    """The first weight and the share to drop are dragged to and fro."""
    tab.page.evaluate("() => window.__clock.follow()")
    for number in (0, 1) * 3:
        slider = tab.page.locator(".chf-slider input").nth(number)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        y = box["y"] + box["height"] / 2
        tab.page.mouse.move(box["x"] + box["width"] * 0.3, y)
        tab.page.mouse.down()
        for step in range(8):
            tab.page.mouse.move(box["x"] + box["width"] * (0.3 + 0.04 * step), y)
            tab.page.wait_for_timeout(120)
        tab.page.mouse.up()
        tab.settle()
    frames = tab.page.evaluate("() => window.__clock.frames")
    return {"drag_repaint_ms": middle([f[0] for f in frames]), "drag_script_ms": middle([f[1] for f in frames])}


def _releasing(tab: Page, passed: Wire) -> dict[str, float]:
    """A weight and the share move by a step each; every key press is a release."""
    server_ms, page_ms, cpu, narrow, whole = [], [], [], [], []
    for turn in range(2 * REPEATS + 2):
        slider = tab.page.locator(".chf-slider input").nth(turn % 2)
        slider.focus()
        tab.settle()
        first, before, began = len(tab.frames), server_seconds(), time.monotonic()
        tab.page.keyboard.press("ArrowRight" if turn % 4 < 2 else "ArrowLeft")
        tab.settle()
        if turn < 2:
            continue
        cpu.append(1000 * (server_seconds() - before))
        server_ms.append(passed.answer(began, *ANSWERED))
        page_ms.append(tab.answer(first, *ANSWERED))
        narrow.append(_for_the_map(tab, first))
        whole.append(tab.traffic(first))
    return {
        "release_server_ms": middle(server_ms),
        "release_page_ms": middle(page_ms),
        "release_cpu_ms": middle(cpu),
        "bytes_per_change": middle(narrow),
        "page_bytes_per_change": middle(whole),
    }


def _for_the_map(tab: Page, first: int) -> float:
    """Bytes of what the page sent, and of what came back for the map and its sliders."""
    ours = (b"chaffinch_map\x1a", b"chaffinch_column\x1a", b"chaffinch_sliders_line\x1a", b"chaffinch_shared_code\x1a")
    asked = next(len(f.data) for f in tab.frames[first:] if f.sent)  # later ones are the watch for other tabs
    return asked + float(sum(len(f.data) for f in tab.frames[first:] if any(name in f.data for name in ours)))


def _lasso(tab: Page) -> float:
    """From letting go of the mouse to the count of selected rows that the server shows."""
    taken = []
    for turn in range(REPEATS + 1):
        box = tab.box(".chf-stage")
        at = [(box["x"] + (fx + 0.01 * turn) * box["width"], box["y"] + fy * box["height"]) for fx, fy in LASSO]
        tab.page.mouse.move(*at[0])
        tab.page.mouse.down()
        for point in (*at[1:], at[0]):
            tab.page.mouse.move(*point, steps=4)
        words = "document.querySelector('.st-key-rows_tools')?.innerText.match(/Selected ([0-9,]+)/)?.[1]"
        tab.page.evaluate(f"() => {{ window.__before = {words} }}")
        taken.append(tab.timed("pointerup", tab.page.mouse.up, f"{words} && {words} !== window.__before"))
        tab.settle()
    return middle(taken[1:])


def _drawer(tab: Page) -> float:
    """From the press on a point of the map to the drawer with that example."""
    taken, facts = [], "document.querySelector('.st-key-fact_id')?.innerText"
    rows = range(5, tab.page.evaluate(f"{MAP}.data.n"), 97)
    spots = list(islice(filter(None, (point_on_page(tab.page, row) for row in rows)), 60))
    for x, y in spots[:: len(spots) // (REPEATS + 2)][: REPEATS + 2]:
        tab.page.mouse.move(x + 40, y)
        tab.settle()
        tab.page.evaluate(f"() => {{ window.__before = {facts} }}")
        tab.page.mouse.move(x, y)
        tab.settle()
        shown = f"{facts} && {facts} !== window.__before"
        taken.append(tab.timed("pointerup", partial(tab.page.mouse.click, x, y), shown))
        tab.settle()
    return middle(taken[1:])


def server_seconds() -> float:
    """Processor time of the server that this process started."""
    import psutil

    times = [child.cpu_times() for child in psutil.Process().children() if "streamlit" in " ".join(child.cmdline())]
    return sum(t.user + t.system for t in times)


def table(found: Sequence[dict[str, float]]) -> str:
    """Figures with the budgets beside them; what is over its budget is bold."""
    lines = []
    for name, title in TITLES.items():
        cells = [_cell(name, figures) for figures in found]
        lines.append([title, *cells])
    return measure.markdown_table(["", *(f"{int(figures['rows']):,} rows" for figures in found)], lines)


def _cell(name: str, figures: dict[str, float]) -> str:
    allowed, value = budget(name, int(figures["rows"])), figures[name]
    if allowed is None:
        return f"{value:,.4g}"
    return f"{value:,.4g} / {allowed:,}" if value <= allowed else f"**{value:,.4g}** / {allowed:,}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the results of a whole round."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dashboard", description=__doc__)
    parser.add_argument("--rows", type=int, help="one size; without it all four, and sessions")
    parser.add_argument("--json", metavar="FILE", help="only the figures as JSON; - is stdout")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr), visitors() as chromium:
        found = [measure_size(rows, chromium, Path(folder)) for rows in ([asked.rows] if asked.rows else SIZES)]
        load = None if asked.rows else measure_load(SIZES[-1], Path(folder))
    if asked.json:
        plain = [{"rows": f["rows"], **{name: f[name] for name in ANSWER}} for f in found]
        text = json.dumps(plain[0] if asked.rows else plain)
        print(text) if asked.json == "-" else Path(asked.json).write_text(text + "\n", encoding="utf-8")
        return 0
    print(words := "Figure / budget; Chromium with --disable-gpu\n\n" + table(found))
    if load is not None:
        print(more := "\n" + load.table())
        figures = {"sizes": found, "load": load.figures, "environment": measure.environment(("streamlit", "plotly"))}
        measure.keep("dashboard", figures, words + more)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
