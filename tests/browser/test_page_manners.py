"""What a browser does around the page: Back, keys on every step, a lasso that closes, frames, the console."""

import re

import pytest
from map_probe import point_on_page, view_range
from pages import WAIT, browser, kept_and_rows, server, settle, until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manners")
    with server(folder / "home", folder) as found:
        yield found


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def _open(chromium, address, path):
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{address}/{path}", timeout=WAIT)
    until(page, lambda: "Kept" in page.locator(".st-key-bar").inner_text(timeout=WAIT), "the run is drawn")
    settle(page)
    return page


def _length(page) -> int:
    return page.evaluate("() => history.length")


def _decisions(page) -> int:
    words = page.locator(".st-key-summary").inner_text()
    return int(re.search(r"Saved: ([\d,]+) decisions?", words).group(1).replace(",", ""))


def test_one_step_and_one_example_are_one_entry_of_the_history_each(chromium, address):
    page = _open(chromium, address, "explore?run=digits")
    before = _length(page)
    page.locator(".chf-tile").nth(2).click(timeout=WAIT)
    until(page, lambda: "example=" in page.url and "side=example" in page.url, "the address names the example")
    settle(page)
    opened = page.url
    assert _length(page) == before + 1
    page.locator("[data-testid=stSidebar] a", has_text="Rules").click()
    until(page, lambda: "/rules" in page.url, "the step Rules")
    page.locator(".st-key-rules_left").wait_for(timeout=WAIT)
    settle(page)
    assert "example=" in page.url
    assert _length(page) == before + 2
    page.go_back()
    until(page, lambda: page.url == opened, "one press of Back is one step back")
    page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
    page.close()


def test_keys_of_the_page_work_on_every_step_and_after_a_slider(chromium, address):
    page = _open(chromium, address, "explore?run=digits&side=weights&f=split:train")
    kept = kept_and_rows(page)[0]
    page.locator(".st-key-verbs button", has_text="Select all filtered").click()
    until(page, lambda: "0 selected" not in page.locator(".st-key-verbs").inner_text()[:11], "rows are selected")
    settle(page)
    slider = page.locator(".st-key-side_pane input[type=range]").first
    slider.focus()
    page.keyboard.press("d")  # the slider has the focus
    until(page, lambda: kept_and_rows(page)[0] < kept, "d drops what is selected")
    settle(page)
    page.keyboard.press("4")
    until(page, lambda: "/rules" in page.url, "4 is the step Rules")
    page.locator(".st-key-rules_left").wait_for(timeout=WAIT)
    settle(page)
    page.keyboard.press("Control+z")
    until(page, lambda: kept_and_rows(page)[0] == kept, "Ctrl+Z takes it back, on Rules, too")
    settle(page)
    page.keyboard.press("Control+Shift+Z")
    until(page, lambda: kept_and_rows(page)[0] < kept, "and Shift brings it again")
    settle(page)
    page.keyboard.press("u")
    until(page, lambda: _decisions(page) == 0, "u takes it back")
    settle(page)
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("undo the last saved change").wait_for(timeout=WAIT)
    page.close()


def test_a_lasso_that_closes_where_it_began_opens_no_example(chromium, address):
    page = _open(chromium, address, "explore?run=digits")
    until(page, lambda: page.locator(".st-key-map .nsewdrag").count() > 0, "the map stands")
    settle(page)
    at = point_on_page(page, 17)
    page.mouse.move(*at)
    page.mouse.down()
    for dx, dy in ((60, 0), (60, 60), (0, 60), (0, 0)):
        page.mouse.move(at[0] + dx, at[1] + dy, steps=6)
    page.mouse.up()
    until(page, lambda: not page.locator(".st-key-verbs").inner_text().startswith("0 selected"), "it selects rows")
    settle(page)
    assert "example=" not in page.url
    zoomed = view_range(page)
    page.locator(".st-key-map button[aria-label*='oom in']").first.click()
    settle(page)
    closer = view_range(page)
    assert closer != zoomed
    box = page.locator(".st-key-map .chf-stage").bounding_box()
    page.mouse.dblclick(box["x"] + 3, box["y"] + 3)
    settle(page)
    assert view_range(page) == closer
    page.close()


def test_no_other_page_may_frame_this_one(chromium, address):
    page = chromium.new_page()
    answer = page.goto(address)
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    page.set_content(f"<p>stranger</p><iframe name=inner src='{address}/explore?run=digits'></iframe>")
    until(page, lambda: page.frame("inner").url.startswith("chrome-error:"), "the browser refuses to show it")
    page.close()


def test_start_has_its_name_and_deep_links_leave_the_console_clean(chromium, address):
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/start")
    page.get_by_role("button", name="Explore it").first.wait_for(timeout=WAIT)
    assert page.get_by_role("dialog").count() == 0
    page.goto(f"{address}/explore?run=digits")
    page.locator(".st-key-map").wait_for(timeout=WAIT)
    settle(page)
    assert said == []
    page.close()
