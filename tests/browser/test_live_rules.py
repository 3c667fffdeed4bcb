"""While a slider is dragged the map shows, row by row, what the server decides on release: floors, caps, duplicates."""

import pytest
from map_probe import LIVE, kept_rows
from pages import browser, server, settle, until

pytestmark = pytest.mark.browser
SLIDER = ".chf-slider input"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with server(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.mark.parametrize(
    ("run", "goal"),
    [("digits", "Keep the hard ones"), ("banking", "Keep a clean core"), ("adult", "Find wrong labels")],
)
def test_what_a_dragged_share_shows_is_what_its_release_decides(chromium, address, run, goal):
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{address}/rules?run={run}")
    page.locator(SLIDER).first.wait_for()
    settle(page)
    page.locator(".st-key-rules_left .stSelectbox input").first.click()
    page.get_by_role("option", name=goal).click()
    settle(page)
    before = kept_rows(page)
    for place in (0.35, 0.8):
        dragged = _drag(page, place)
        assert dragged != before, "the map followed the slider"
        saved = _saved(page)
        page.mouse.up()
        until(page, lambda: _saved(page) != saved and not page.evaluate(LIVE), "the server decided")  # noqa: B023
        settle(page)
        before = kept_rows(page)
        assert before == dragged
    page.close()


def _saved(page) -> str:
    """What the page says is on disk: decisions, and the revision of the rules."""
    return page.locator(".st-key-summary").inner_text()


def _drag(page, place: float) -> list[int]:
    """The rows kept while the first slider is held at that place."""
    slider = page.locator(SLIDER).first
    slider.scroll_into_view_if_needed()
    box, at = slider.bounding_box(), float(slider.input_value()) / float(slider.get_attribute("max"))
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8 + (box["width"] - 16) * at, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * place, y, steps=6)
    until(page, lambda: page.evaluate(LIVE), "the slider holds the map")
    settle(page)
    return kept_rows(page)
