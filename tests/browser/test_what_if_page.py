"""What-ifs in a real Chromium: words and blocks by mouse and by keys, before and after, and nothing of it kept."""

import re

import pytest
from pages import WAIT, browser, server, settle, until

from core import actions

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server on the bundled samples."""
    folder = tmp_path_factory.mktemp("what_if")
    with server(folder / "home", folder) as address:
        yield address


def opened(page, address, sample):
    """The drawer on an example of the sample, with "What if" open; returns that part of the page."""
    example = str(actions.runs.open_run(sample).examples.ids[7])
    page.goto(f"{address}/explore?run={sample}&side=example&example={example}")
    page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
    part = page.locator("[data-testid=stExpander]", has_text="What if").first
    part.locator("summary").click(timeout=WAIT)
    part.locator(".chf-toggles button").first.wait_for(timeout=WAIT)
    until(page, lambda: "Nothing changed yet" in part.inner_text(), "the judgement as it is")
    return part


def column(part, title):
    """(before, after) of one line of the comparison."""
    line = part.locator(".whatif tbody tr", has_text=title).first
    cells = line.locator("td").all_inner_texts()
    return cells[0], cells[1]


def test_words_are_left_out_by_key_and_put_back(world):
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        part = opened(page, world, "banking")
        first = part.locator(".chf-words button").first
        first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        until(page, lambda: re.search(r"without “\w+”: the run's network", part.inner_text()), "the word is left out")
        assert part.locator(".chf-words button").nth(1).get_attribute("aria-pressed") == "true"
        before, after = column(part, "Its probability")
        assert before != after
        assert "changes no data and is not kept" in part.inner_text()
        assert (
            f"example={actions.runs.open_run('banking').examples.ids[7]}" in page.url
        )  # the arrow moved among words alone
        part.get_by_role("button", name="Put all back").click()
        until(page, lambda: "Nothing changed yet" in part.inner_text(), "all words are back")
        assert "revision 0" in page.locator(".st-key-summary").inner_text()
        page.reload()
        page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
        assert page.locator(".chf-words button[aria-pressed=true]").count() == 0


def test_blocks_are_covered_by_drag_and_by_key(world):
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        part = opened(page, world, "digits")
        settle(page)  # a picture that still moves is not where it was measured
        part.locator(".chf-blocks").scroll_into_view_if_needed()
        one, other = (part.locator(f".chf-blocks [data-at='{at}']").bounding_box() for at in (26, 29))
        page.mouse.move(one["x"] + 5, one["y"] + 5)
        page.mouse.down()
        page.mouse.move(other["x"] + 5, other["y"] + 5, steps=12)
        page.mouse.up()
        until(page, lambda: "4 blocks of the image covered" in part.inner_text(), "the drag covered four blocks")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        until(page, lambda: "5 blocks of the image covered" in part.inner_text(), "a block by key")
        before, after = column(part, "EL2N")
        assert before != after
        part.locator(".chf-blocks [data-at='27']").click()
        until(page, lambda: "4 blocks of the image covered" in part.inner_text(), "pressed again it is back")


def test_keys_of_the_drawer(world):
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        ids = actions.runs.open_run("adult").examples.ids
        page.goto(f"{world}/explore?run=adult&side=example&order=row&example={ids[7]}")
        page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
        settle(page)
        page.keyboard.press("ArrowRight")
        until(page, lambda: str(ids[8]) in page.locator(".st-key-drawer_facts").inner_text(), "the next row")
        page.keyboard.press("d")
        until(page, lambda: "revision 1" in page.locator(".st-key-summary").inner_text(), "the drop is on disk")
        settle(page)  # the button that "u" presses is drawn after the words
        page.keyboard.press("u")
        until(page, lambda: "0 decisions" in page.locator(".st-key-summary").inner_text(), "u takes it back")
        page.keyboard.press("?")
        page.get_by_role("dialog").get_by_text("undo the last saved change").wait_for(timeout=WAIT)
