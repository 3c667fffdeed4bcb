"""The whole way in a real Chromium: open, lasso, drop, change a weight, export; the files say what the screen said."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from map_probe import counts, until_ready, view_range
from pages import WAIT, browser, click, kept_and_rows, server, settle, until

from core.cli import main

pytestmark = pytest.mark.browser
CARDS = ["digits", "banking", "adult"]


def table_file(folder: Path) -> Path:
    """90 rows, six of them with a wrong label; the first id would run as HTML if it were not text.

    The map's first axis follows x and z, which say nothing about the class: a lasso of its left takes part of each.
    """
    lines = ["id,x,y,z,label,split"]
    for row in range(90):
        truth, x = row % 3, (row * 37 % 90) / 20
        given = (truth + 1) % 3 if row < 6 else truth
        name = "<img src=x onerror=alert(1)>" if row == 0 else f"r{row:02d}"
        split = "test" if row >= 75 else "train"
        lines.append(f"{name},{x},{truth + row % 5 / 10},{x + row % 7 / 50},{'abc'[given]},{split}")
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server with one scored run of one's own."""
    folder = tmp_path_factory.mktemp("journey")
    with server(folder / "home", folder) as address:
        yield folder, address


def run_of(folder: Path) -> Path:
    """The run, made by the command line's own `main`; its home is where the server finds it."""
    out = folder / "run"
    if not (out / "run.json").exists():
        words = ["run", str(table_file(folder)), "--out", str(out), "--epochs", "3", "--no-map", "--quiet"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHAFFINCH_HOME", str(folder / "home"))
            assert main([*words, "--scores", "el2n,aum,label_quality,knn_shapley"]) == 0
    return out


def lasso_left(page) -> None:
    """Draw a lasso around the left of the plot, as a hand would."""
    box = page.locator(".st-key-map .nsewdrag").first.bounding_box()
    left, top = box["x"] + 4, box["y"] + 4
    right, bottom = box["x"] + box["width"] * 0.45, box["y"] + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


def selected(page) -> int:
    return int(page.locator(".st-key-verbs").inner_text().split()[0].replace(",", ""))


def walk(page, out: Path) -> None:
    """From Explore, already open, to the files."""
    until_ready(page)
    before, rows = kept_and_rows(page)
    page.locator(".st-key-map button[aria-label*='oom out']").first.click()
    settle(page)
    zoomed = view_range(page)
    lasso_left(page)
    until(page, lambda: selected(page) > 0, "the lasso selects")
    chosen = selected(page)
    assert chosen < rows
    click(page, "Drop", ".st-key-verbs")
    until(page, lambda: kept_and_rows(page)[0] < before, "the drop is in the bar")
    assert view_range(page) == zoomed
    until(page, lambda: counts(page)["kept"] == kept_and_rows(page)[0], "the map keeps as many rows as the bar says")
    _change_a_weight(page)
    assert view_range(page) == zoomed, "a weight changed and the map lost its zoom"
    page.reload()
    until(page, lambda: "Kept" in page.locator(".st-key-bar").inner_text(), "the reload shows the same run")
    kept, rows = kept_and_rows(page)
    click(page, "Export", ".st-key-bar")
    page.locator("input[aria-label='Folder']").fill(str(out), timeout=WAIT)
    page.keyboard.press("Enter")
    settle(page)
    click(page, "Write files")
    until(
        page, lambda: "Written:" in page.inner_text("body") or page.locator("[role=alert]").count() > 0, "it is written"
    )
    assert "Written:" in page.inner_text("body"), page.locator("[role=alert]").first.inner_text()
    _files_say(out, kept, rows)


def _change_a_weight(page) -> None:
    click(page, "Weights", ".st-key-explore_right")
    slider = page.locator(".st-key-side_pane input[type=range]").nth(1)
    slider.wait_for(timeout=WAIT)
    slider.focus()
    slider.press("Home")
    revision = page.locator(".st-key-summary").inner_text()
    until(
        page,
        lambda: page.locator(".st-key-summary").inner_text() != revision or "revision 2" in revision,
        "the weight is on disk",
    )


def _files_say(out: Path, kept: int, rows: int) -> None:
    with (out / "curated.csv").open(newline="") as file:
        assert sum(1 for _ in csv.reader(file)) - 1 == kept
    with (out / "decisions.csv").open(newline="") as file:
        decisions = list(csv.DictReader(file))
    assert len(decisions) == rows
    assert sum(row["kept"] == "1" for row in decisions) == kept
    assert any(row["decision_source"] == "manual" for row in decisions)
    assert json.loads((out / "manifest.json").read_text())


def test_own_run_from_map_to_files(world):
    folder, address = world
    run = run_of(folder)
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        said: list[str] = []
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.goto(f"{address}/explore?run={run}")
        walk(page, folder / "out")
        assert not said, "text of the dataset ran as code"
    done = subprocess.run(
        [sys.executable, "-m", "core", "verify", str(folder / "out")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("card", CARDS)
def test_sample_card_to_files(world, card, monkeypatch):
    """From the card of a sample to its files, which the command line writes with the same bytes."""
    folder, address = world
    out, again = folder / f"{card}-screen", folder / f"{card}-terminal"
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        strangers: list[str] = []
        page.on("request", lambda request: strangers.append(request.url))
        page.goto(address)
        page.locator(f".st-key-try_{card} button").click(timeout=WAIT)  # by its key: cards may be drawn one by one
        until(page, lambda: page.locator(".st-key-map").count() > 0, "the sample is on the map")
        walk(page, out)
        strangers = [url for url in strangers if "localhost" not in url and not url.startswith(("data:", "blob:"))]
        assert not strangers, f"the page asked the network: {strangers}"
    monkeypatch.setenv("CHAFFINCH_HOME", str(folder / "home"))
    assert main(["export", card, "--out", str(again)]) == 0
    for name in ("curated.csv", "decisions.csv", "manifest.json"):
        assert (out / name).read_bytes() == (again / name).read_bytes(), f"{name} differs from the command line's"


def test_keys_open_what_they_name_and_choices_survive_a_step(world):
    folder, address = world
    run = run_of(folder)
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/explore?run={run}")
        tile = page.locator(".chf-tile").nth(2)
        tile.click(timeout=WAIT)
        page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
        tile.press("r")
        focused = "() => document.activeElement?.getAttribute('aria-label')"
        until(page, lambda: page.evaluate(focused) == "New label", "r opens the labels with the cursor in them")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.locator(".st-key-drawer_facts").click()
        page.keyboard.press("n")
        until(page, lambda: page.evaluate(focused) == "Note", "n opens the note with the cursor in it")
        page.keyboard.press("Escape")

        _choose(page, "sticky_color", "EL2N")
        _choose(page, "sticky_order", "Row order")
        until(page, lambda: "color=score" in page.url and "order=row" in page.url, "the address holds both choices")
        page.locator("[data-testid=stSidebar] a", has_text="Rules").click()
        page.locator(".st-key-rules_left").wait_for(timeout=WAIT)
        page.locator("[data-testid=stSidebar] a", has_text="Explore").click()
        page.locator(".st-key-sticky_color").wait_for(timeout=WAIT)
        for key, said in (("sticky_color", "EL2N"), ("sticky_order", "Row order")):
            until(
                page, lambda key=key, said=said: said in page.locator(f".st-key-{key}").inner_html(), f"{key}: {said}"
            )


def _choose(page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").fill(option, timeout=WAIT)
    page.locator("[role=option]", has_text=re.compile(f"^{re.escape(option)}$")).first.click(timeout=WAIT)
