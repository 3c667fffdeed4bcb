"""In a real Chromium: a lasso on the plane of ranks selects rows, and the review queue is walked with the keyboard."""

import re

import pytest
from pages import WAIT, browser, click, server, settle, until, until_still
from test_journey import run_of, selected

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server with one scored run of one's own."""
    folder = tmp_path_factory.mktemp("compare")
    with server(folder / "home", folder) as address:
        yield folder, address


def _open(chromium, address, path):
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{address}/{path}", timeout=WAIT)
    page.wait_for_selector(".st-key-verbs", timeout=WAIT)
    return page


def test_a_lasso_on_the_plane_of_ranks_selects(world):
    folder, address = world
    with browser() as chromium:
        page = _open(chromium, address, f"compare?run={run_of(folder)}&across=el2n&up=aum")
        page.wait_for_selector(".st-key-rank_map .nsewdrag", timeout=WAIT)
        settle(page)  # the chart is drawn anew when its points arrive
        box = page.locator(".st-key-rank_map .nsewdrag").first.bounding_box()
        left, right, top = box["x"] + 4, box["x"] + box["width"] - 4, box["y"] + 4
        bottom = box["y"] + box["height"] / 2
        page.mouse.move(left, top)
        page.mouse.down()
        for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
            page.mouse.move(x, y, steps=8)
        page.mouse.up()
        until(page, lambda: selected(page) > 0, "the lasso selected rows")
        assert 30 <= selected(page) <= 60  # the upper half of 90 ranks, give or take what the margins hide
        assert f"Selected {selected(page)}" in page.locator(".st-key-rows_tools").inner_text()


_LOOK_AT_TILES = """() => [...document.querySelectorAll('.chf-tile')].map((tile) => {
  const boxes = [...tile.querySelectorAll('.chf-chip, .chf-place, .chf-mark')].map((n) => n.getBoundingClientRect())
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
  const style = getComputedStyle(tile)
  return {
    name: tile.getAttribute('aria-label').split(',')[0], chips: boxes.length,
    outlined: style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 3,
    overlap: boxes.some((a, i) => boxes.slice(i + 1).some((b) => !apart(a, b))),
  }
})"""


def _outlined(page) -> list[str]:
    return [tile["name"] for tile in page.evaluate(_LOOK_AT_TILES) if tile["outlined"]]


def test_review_with_the_keyboard(world):
    folder, address = world
    with browser() as chromium:
        page = _open(chromium, address, f"explore?run={run_of(folder)}&order=review")
        progress = page.locator(".st-key-review_progress")
        assert "Reviewed 0 of" in progress.inner_text(timeout=WAIT)
        click(page, "Start reviewing")
        steps = page.locator(".st-key-review_steps")
        outlined = []
        for key, place in (("", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
            if key:
                page.keyboard.press(key)
            until(
                page, lambda at=place: re.search(rf"\b{at} of", steps.inner_text(timeout=WAIT)), f"row {place} is open"
            )
            until(page, lambda: len(_outlined(page)) == 1, "one tile is outlined")
            outlined.append(until_still(page, lambda: _outlined(page)))
        assert outlined[1] == outlined[3], "the same row, the same tile"
        assert len({tuple(names) for names in outlined}) == 3, "each opened row has its own"
        page.keyboard.press("v")
        until(page, lambda: "Reviewed 1 of" in progress.inner_text(), "the mark was saved")
        tiles = page.evaluate(_LOOK_AT_TILES)
        assert max(tile["chips"] for tile in tiles) >= 2, "one tile at least says that it was reviewed beside its label"
        assert not [tile["name"] for tile in tiles if tile["overlap"]], "no chip lies over another"
        page.reload()
        until(page, lambda: "Reviewed 1 of" in progress.inner_text(timeout=WAIT), "the mark is there after a reload")
        click(page, "Go on")
        until(page, lambda: re.search(r"\b1 of", steps.inner_text(timeout=WAIT)), "the first row that was not reviewed")
