"""What JavaScript does: the map in a real browser, against what the server computed on its own arrays."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from map_probe import (
    LIVE,
    counts,
    filled_middles,
    inked,
    kept_rows,
    legend_entries,
    legend_overflows,
    point_on_page,
    selected_rows,
    until_ready,
    view_range,
)
from pages import browser, server, settle, until, until_still

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    app = Path(__file__).with_name("map_page.py")
    settings = ("--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false")
    with server(folder / "home", folder, app, *settings) as running:
        yield running


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture
def empty_page(chromium):
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.received = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: page.received.append(len(data))))
    page.on("request", lambda request: assert_local(request.url))
    yield page
    page.close()


@pytest.fixture
def page(empty_page, address):
    empty_page.goto(address)
    until_ready(empty_page)
    return empty_page


def assert_local(url: str) -> None:
    assert url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:")), url


def truth(page) -> dict:
    return json.loads(page.locator(".st-key-truth").inner_text())


def drag(page, fractions, key=None):
    """Draw an outline through points given as fractions of the map, once nothing moves it any more."""
    settle(page)
    box = page.locator(".chf-stage").bounding_box()
    at = [(box["x"] + fx * box["width"], box["y"] + fy * box["height"]) for fx, fy in fractions]
    if key:
        page.keyboard.down(key)
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=5)
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def agreed(page) -> bool:
    return truth(page)["chosen"] == selected_rows(page)


LEFT = [(0.3, 0.1), (0.5, 0.1), (0.5, 0.6), (0.3, 0.6)]
RIGHT = [(0.52, 0.3), (0.8, 0.3), (0.8, 0.8), (0.52, 0.8)]


def test_lasso_names_the_rows_the_server_names_and_modifiers_join(page):
    drag(page, LEFT)
    until(page, lambda: truth(page)["chosen"] and agreed(page), "the lasso arrived")
    first = set(selected_rows(page))
    drag(page, RIGHT, "Shift")
    until(page, lambda: len(truth(page)["chosen"]) > len(first) and agreed(page), "Shift added")
    assert first < set(selected_rows(page))
    drag(page, LEFT, "Alt")
    until(page, lambda: agreed(page) and not first & set(selected_rows(page)), "Alt subtracted")
    page.get_by_label("Box").click()
    drag(page, [(0.3, 0.1), (0.6, 0.6)])
    until(page, lambda: agreed(page) and first & set(selected_rows(page)), "the box replaced the selection")
    page.locator(".chf-stage").focus()
    page.keyboard.press("Escape")
    until(page, lambda: not truth(page)["chosen"] and not selected_rows(page), "Escape cleared")


def test_dragging_repaints_without_the_server_and_release_agrees_to_the_row(page):
    before, runs = counts(page)["kept"], truth(page)["runs"]
    assert before == truth(page)["kept"]
    box = page.locator(".chf-slider input").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.11, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] / 2, steps=8)
    until(page, lambda: counts(page)["kept"] < before - 300, "the map followed the slider")
    assert truth(page)["runs"] == runs, "no rerun while dragging"
    until(page, lambda: page.evaluate(LIVE), "the slider holds the map")
    dragged = kept_rows(page)
    page.received.clear()
    page.mouse.up()
    until(
        page,
        lambda: truth(page)["kept"] == len(dragged) and not page.evaluate(LIVE),
        "the server decided the same",
    )
    assert kept_rows(page) == dragged
    assert sum(page.received) < 10_000  # all of the page, not only the map


@pytest.mark.parametrize("how", ["cap=0.1", "cap=0.35&drop=below", "cap=0"])
def test_a_dragged_slider_is_held_to_what_each_class_may_lose(empty_page, address, how):
    page = empty_page
    page.goto(f"{address}/?{how}")
    until_ready(page)
    assert counts(page)["kept"] == truth(page)["kept"]
    box = page.locator(".chf-slider input").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.11, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2, steps=8)
    until(page, lambda: page.evaluate(LIVE), "the slider holds the map")
    settle(page)
    dragged = kept_rows(page)
    page.mouse.up()
    until(page, lambda: truth(page)["share"] > 0.3 and not page.evaluate(LIVE), "the server decided")
    assert kept_rows(page) == dragged
    assert len(dragged) == truth(page)["kept"]
    by_hand = 20
    allowed = {"cap=0.1": 0.1, "cap=0": 0.0}.get(how, 0.35)
    assert 1500 - len(dragged) <= allowed * 1500 + by_hand, "no class lost more"


def test_zoom_survives_selection_rules_and_reruns_and_columns_travel_once(page):
    box = page.locator(".chf-stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    whole = view_range(page)
    page.mouse.wheel(0, -500)
    until(page, lambda: view_range(page) != whole, "the wheel zoomed")
    zoomed = until_still(page, lambda: view_range(page))
    until_still(page, lambda: len(page.received))
    page.received[:] = []
    page.locator(".chf-slider input").first.focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda: truth(page)["share"] > 0.1, "the rule changed")
    drag(page, LEFT)
    until(page, lambda: truth(page)["chosen"] and agreed(page), "the lasso arrived")
    assert view_range(page) == pytest.approx(zoomed)
    assert max(page.received) < 12_500  # no message carries the columns, the code or plotly.js again
    page.get_by_label("Show all points (Home)").click()
    assert view_range(page) == pytest.approx(whole)


def test_pointing_asks_for_one_card_and_clicking_focuses(page):
    page.mouse.move(*point_on_page(page, 40))
    card = page.locator(".chf-card")
    until(page, lambda: "example" in card.inner_text(), "the card was answered")
    pointed = int(re.search(r"example (\d+)", card.inner_text())[1])
    near = np.subtract(point_on_page(page, pointed), point_on_page(page, 40))
    assert np.hypot(*near) < 8, "the point under the pointer, or one that lies over it"
    assert "<b>as typed</b>" in card.inner_text()
    page.mouse.down()
    page.mouse.up()
    until(page, lambda: truth(page)["focused"] == pointed, "the click arrived")


def test_keyboard_moves_opens_and_selects(page):
    stage = page.locator(".chf-stage")
    assert "1,500 points" in stage.get_attribute("aria-label")
    stage.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, lambda: truth(page)["focused"] is not None, "Enter opened an example")
    until(page, lambda: "example" in page.locator(".chf-voice").inner_text(), "the card was read out")


def test_plotly_is_kept_by_the_browser(page, address):
    until(
        page,
        lambda: page.evaluate("caches.open('chaffinch-plotly').then((c) => c.keys()).then((k) => k.length)") == 1,
        "cached",
    )
    page.received.clear()
    page.reload()
    until_ready(page)
    assert sum(page.received) < 1_000_000


def test_a_share_cuts_sixty_thousand_points_in_the_browser(empty_page, address):
    page = empty_page
    page.goto(f"{address}/?n=60000")
    until_ready(page, 60_000)
    page.evaluate("window.__chaffinch.live('map', {w: {el2n: 0.4, loss: 0.3}, share: 0.2, drop: 'above'})")
    assert counts(page)["kept"] == pytest.approx(48_000, abs=20)  # twenty rows are pinned by hand
    page.evaluate("window.__chaffinch.live('map', null)")


def test_above_the_limit_a_grid_is_drawn_and_zooming_in_loads_the_points_of_the_view(empty_page, address):
    page = empty_page
    page.goto(f"{address}/?n=3000&most=900")
    note = page.locator(".chf-note")
    until(page, lambda: "Density of 3,000 points" in note.inner_text(), "the label says that this is a density")
    until(page, lambda: inked(page) > 300, "the grid is painted")
    page.locator(".chf-stage").focus()
    for _ in range(3):
        page.keyboard.press("+")
    until(page, lambda: "all that lie in this view" in note.inner_text(), "the points of the view were loaded")
    zoomed, loaded = view_range(page), counts(page)["points"]
    assert 0 < loaded <= 900
    drag(page, [(0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95)])
    until(page, lambda: len(truth(page)["chosen"]) > 0, "the lasso arrived")
    # the lasso is tested on all rows of the run, of which the browser holds some: it names rows beyond these
    assert len(truth(page)["chosen"]) <= loaded
    assert max(truth(page)["chosen"]) > loaded
    assert view_range(page) == pytest.approx(zoomed)
    page.keyboard.press("Home")
    until(page, lambda: "Density of 3,000 points" in note.inner_text(), "the density came back")


def test_the_legend_counts_what_does_not_fit_and_brings_a_class_forward(empty_page, address):
    page = empty_page
    page.goto(f"{address}/?n=900&classes=30")
    until_ready(page, 900)
    more, wide = page.locator(".chf-more"), len(legend_entries(page))
    assert more.inner_text() == f"and {20 - wide} more"
    assert not legend_overflows(page)
    words = page.locator(".chf-legend").inner_text()
    assert "other (10)" in words  # the ten smallest, in grey
    assert "dropped" in words
    page.set_viewport_size({"width": 900, "height": 900})
    until(page, lambda: len(legend_entries(page)) < wide, "a narrower map shows fewer")
    assert more.inner_text() == f"and {20 - len(legend_entries(page))} more"
    assert not legend_overflows(page)
    more.click()
    assert len(legend_entries(page)) == 20
    entry = page.locator(".chf-legend button", has_text="class of kind 29")
    drawn = "document.querySelector('.chf-canvas').toDataURL()"
    before = page.evaluate(drawn)
    entry.click()
    assert entry.get_attribute("aria-pressed") == "true"
    assert page.evaluate(drawn) != before
    entry.click()
    assert page.evaluate(drawn) == before


def test_hollow_points_are_open_in_the_middle_and_the_legend_says_why(empty_page, address):
    page = empty_page
    page.goto(f"{address}/?n=900&hollow=1")
    until_ready(page, 900)
    assert "odd rows" in page.locator(".chf-legend").inner_text()
    # a hollow point may lie under a full one
    assert filled_middles(page, hollow=True) < 0.75 < 0.95 < filled_middles(page, hollow=False)
