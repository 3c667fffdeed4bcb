"""The whole way with the keyboard alone, through a reload, a second tab and a killed server, to files that verify."""

import csv
import re
from dataclasses import dataclass
from typing import Any

import pytest
from pages import WAIT, Server, browser, kept_and_rows, settle, tab_to, until

from core.cli import main

pytestmark = pytest.mark.browser
CARDS = ["digits", "banking", "adult"]


@dataclass(frozen=True)
class Decided:
    """What a page said before the server was killed."""

    page: Any
    counts: tuple[int, int]  # kept, of so many rows
    revision: str
    dropped: set[str]


@pytest.fixture
def mortal(tmp_path):
    """A server that the test may kill."""
    one = Server(tmp_path / "home", tmp_path)
    one.start()
    yield one
    one.stop()


def open_sample(page, address: str, card: str) -> None:
    """From the first screen to Explore: Tab and Enter."""
    page.goto(address)
    page.get_by_role("button", name="Explore it").first.wait_for(timeout=WAIT)
    settle(page)
    tab_to(page, "Explore it", f".st-key-card_{card}")
    page.keyboard.press("Enter")
    page.locator(".st-key-map").wait_for(timeout=WAIT)
    settle(page)


def decisions(page) -> int:
    """How many the page says are on disk."""
    return int(re.search(r"Saved: ([\d,]+) decisions?", page.locator(".st-key-summary").inner_text()).group(1))


def drop_one(page, moves: int) -> str:
    """Focus the gallery, go `moves` examples on, open that one and drop it with the key d; its id."""
    tab_to(page, "", ".chf-tile")
    for _ in range(moves):
        page.keyboard.press("ArrowRight")
    name = page.evaluate("() => document.activeElement.getAttribute('aria-label')").split(",")[0]
    page.keyboard.press("Enter")
    facts = page.locator(".st-key-fact_id")
    until(page, lambda: facts.count() and name in facts.first.inner_text(), f"the drawer shows {name}")
    settle(page)
    before = decisions(page)
    page.keyboard.press("d")
    until(page, lambda: decisions(page) == before + 1, "the page says that one more decision is saved")
    settle(page)
    return name


def change_a_weight(page) -> None:
    """Arrow keys on a slider of the Rules step's weights."""
    before = page.locator(".st-key-summary").inner_text()
    tab_to(page, "", ".st-key-switch_side")
    for _ in range(3):
        if "Weights" in page.evaluate("() => document.activeElement.innerText"):
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".st-key-side_pane input[type=range]").first.wait_for(timeout=WAIT)
    settle(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.matches('.st-key-side_pane input[type=range]')"):
            break
    page.keyboard.press("PageUp")
    until(page, lambda: page.locator(".st-key-summary").inner_text() != before, "the weight is on disk")
    settle(page)


def export(page, out) -> None:
    """The bar's Export, the folder typed, Write files: Tab, Enter and letters."""
    tab_to(page, "Export", ".st-key-bar", back=True)
    page.keyboard.press("Enter")
    page.locator("input[aria-label='Folder']").wait_for(timeout=WAIT)
    settle(page)
    tab_to(page, "Folder", "[data-testid=stTextInput]")
    page.keyboard.press("Control+A")
    page.keyboard.type(str(out))
    page.keyboard.press("Enter")
    settle(page)
    tab_to(page, "Write files")
    page.keyboard.press("Enter")
    until(page, lambda: "Written:" in page.inner_text("body"), "it is written")


def decide_in_two_tabs(chromium, address: str, card: str) -> Decided:
    """One example dropped, the page loaded anew, a second one dropped in another tab, a weight changed."""
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    open_sample(page, address, card)
    first = drop_one(page, 1)
    kept = kept_and_rows(page)[0]

    page.reload()
    until(page, lambda: "Kept" in page.locator(".st-key-bar").inner_text(timeout=WAIT), "the reload shows the run")
    assert kept_and_rows(page)[0] == kept
    settle(page)

    second = chromium.new_page(viewport={"width": 1400, "height": 900})
    second.goto(page.url)
    second.locator(".st-key-map").wait_for(timeout=WAIT)
    settle(second)
    assert kept_and_rows(second)[0] == kept, "the second tab opens on the decisions of the first"
    dropped_there = drop_one(second, 3)
    assert dropped_there != first
    until(page, lambda: decisions(page) == 2, "the first tab shows what the second decided")
    assert kept_and_rows(page) == kept_and_rows(second)
    second.close()
    change_a_weight(page)
    saved = re.search(r"revision (\d+)", page.locator(".st-key-summary").inner_text()).group(1)
    return Decided(page, kept_and_rows(page), saved, {first, dropped_there})


def is_there_after_a_kill(decided: Decided, out) -> None:
    """The page, loaded anew from a new server, says what it said before, and its files say the same."""
    page = decided.page
    page.bring_to_front()
    page.reload()
    until(page, lambda: "Kept" in page.locator(".st-key-bar").inner_text(timeout=WAIT), "the new server shows it")
    assert f"revision {decided.revision}" in page.locator(".st-key-summary").inner_text()
    assert kept_and_rows(page) == decided.counts, "what was saved before the kill is what is there after it"
    settle(page)
    export(page, out)
    _verify(out, decided.counts[0], decided.dropped)


def test_fault_79_nothing_is_lost_on_the_way_nor_with_a_killed_dashboard(mortal, tmp_path):
    """Every sample stands open in a tab of its own when the server is killed."""
    with browser() as chromium:
        decided = {card: decide_in_two_tabs(chromium, mortal.address, card) for card in CARDS}
        mortal.kill()
        mortal.start()
        for card, what in decided.items():
            is_there_after_a_kill(what, tmp_path / card)


def _verify(out, kept: int, dropped: set[str]) -> None:
    with (out / "decisions.csv").open(newline="") as file:
        rows = {row["example_id"]: row for row in csv.DictReader(file)}
    assert sum(row["kept"] == "1" for row in rows.values()) == kept
    assert all(rows[name]["kept"] == "0" and rows[name]["decision_source"] == "manual" for name in dropped)
    assert main(["verify", str(out), "--level", "2"]) == 0
