"""Bars select, a selection outlives a reload, Back returns to the view before; a branch keeps its decisions."""

import re

import pytest
from pages import WAIT, browser, click, kept_and_rows, server, until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("branches")
    with server(folder / "home", folder) as found:
        yield found


def _selected(page) -> int:
    return int(page.locator(".st-key-verbs").inner_text(timeout=WAIT).split()[0].replace(",", ""))


def test_a_bar_selects_and_the_selection_comes_back(address):
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{address}/explore?run=banking&bars=select")
        page.locator(".st-key-bars_label button", has_text="card_arrival").first.click(timeout=WAIT)
        until(page, lambda: _selected(page) == 127, "the bar's rows are selected")
        until(page, lambda: "sel=" in page.url, "the address says what is selected")
        page.reload()
        until(page, lambda: _selected(page) == 127, "the reload shows the same selection")
        page.locator(".st-key-switch_tab button", has_text="All").click(timeout=WAIT)
        until(page, lambda: "tab=All" in page.url, "the address says which tab is in front")
        page.go_back()
        until(page, lambda: "tab=All" not in page.url, "Back leaves the tab")
        until(page, lambda: _selected(page) == 127, "and keeps what was selected then")


def _differences(buttons) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"drops: ([\d,]+)", buttons.inner_text())]


def test_a_branch_keeps_its_decisions_to_itself(address):
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{address}/explore?run=banking&f=label:card_arrival")
        page.locator(".st-key-branch_menu button").first.click(timeout=WAIT)
        page.locator(".st-key-branch_name input").fill("strict", timeout=WAIT)
        page.keyboard.press("Enter")
        until(page, lambda: page.locator(".st-key-branch_make button").first.is_enabled(), "the name will do")
        page.locator(".st-key-branch_make button").first.click()
        until(page, lambda: "branch=strict" in page.url, "the page shows the new branch")
        page.keyboard.press("Escape")
        before, _ = kept_and_rows(page)
        click(page, "Select all filtered", ".st-key-verbs")
        until(page, lambda: _selected(page) == 127, "the filtered rows are selected")
        click(page, "Drop", ".st-key-verbs")
        until(page, lambda: kept_and_rows(page)[0] < before, "the drop is in the bar")
        dropped, _ = kept_and_rows(page)
        page.goto(f"{address}/explore?run=banking")
        until(page, lambda: "Kept" in page.locator(".st-key-bar").inner_text(), "the first branch is shown")
        assert kept_and_rows(page)[0] == before > dropped
        page.goto(f"{address}/compare?run=banking&branch=strict&pane=branches")
        buttons = page.locator(".st-key-branch_rows", has_text="“main” keeps")
        buttons.wait_for(timeout=WAIT)
        until(page, lambda: len(_differences(buttons)) == 2, "both directions are counted")
        gained, lost = _differences(buttons)
        assert lost - gained == before - dropped  # a duplicate of a dropped row may stay in its place
        assert lost > 0
