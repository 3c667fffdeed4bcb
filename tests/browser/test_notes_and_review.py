"""In a real Chromium: notes survive every way of leaving their field, a relabel is on its tile, keys answer."""

import pytest
from pages import WAIT, browser, click, server, settle, until
from test_journey import run_of

from core import actions

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    with server(folder / "home", folder) as address:
        yield folder, address


def test_notes_relabels_and_the_random_sample_by_keyboard(world, monkeypatch):
    folder, address = world
    key = run_of(folder)
    monkeypatch.setenv("CHAFFINCH_HOME", str(folder / "home"))
    run = actions.runs.open_run(key)
    view = actions.scores.score_view(run)

    def said(name):
        return actions.curation.curation_state(run).decisions.get(name)

    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/explore?run={key}&order=row&side=example&example={view.ids[1]}", timeout=WAIT)
        field = page.locator(".st-key-drawer_note_line input")
        field.wait_for(timeout=WAIT)
        ways = (
            ("Enter", lambda: page.keyboard.press("Enter")),
            ("another row", lambda: page.locator(".st-key-move_next button").click()),
            ("Escape", lambda: page.keyboard.press("Escape")),
            ("another pane", lambda: page.locator(".st-key-switch_side button", has_text="Facets").click()),
            ("Back", page.go_back),
        )
        for number, (way, leave) in enumerate(ways):
            name = str(view.ids[number])
            if not field.count():
                page.locator(".st-key-switch_side button", has_text="Example").click()
            page.locator(f".chf-tile[aria-label^='{name},']").click()
            until(page, lambda n=name: n in page.locator(".st-key-drawer_facts").inner_text(), f"{name} is open")
            settle(page)
            page.keyboard.press("n")
            until(page, lambda: page.evaluate("document.activeElement.ariaLabel") == "Note", "n is in the note")
            page.keyboard.type(f"by {way}")
            leave()
            until(page, lambda n=name, w=way: said(n) and said(n).note == f"by {w}", f"the note is saved by {way}")

        name, row = str(view.ids[5]), 5
        other = next(c for c in view.class_names if c != view.class_names[view.labels[row]])
        page.locator(f".chf-tile[aria-label^='{name},']").click()
        until(page, lambda: name in page.locator(".st-key-drawer_facts").inner_text(), f"{name} is open")
        settle(page)
        page.locator(".st-key-drawer_facts").click()
        page.keyboard.press("r")
        until(page, lambda: page.evaluate("document.activeElement.ariaLabel") == "New label", "r is in the labels")
        page.keyboard.type(other)
        page.keyboard.press("Enter")
        page.locator(".st-key-drawer_relabel button:enabled").click(timeout=WAIT)
        until(page, lambda: page.locator(".st-key-drawer_relabel").count() == 0, "the labels are closed")
        facts = page.locator(".st-key-drawer_facts")
        until(page, lambda: "(by you)" in facts.inner_text(), "the facts say whose label")
        tile = page.locator(f".chf-tile[aria-label^='{name},']")
        given = view.class_names[view.labels[row]]
        assert f"label {other}, by you, given {given}" in tile.get_attribute("aria-label")
        assert f"{given} ⟶ {other}" in tile.inner_text()

        page.goto(f"{address}/explore?run={key}&order=sample&tab=All", timeout=WAIT)
        click(page, "Start")
        steps = page.locator(".st-key-review_steps")
        asked = actions.noise.review_sample(view)
        for letter, place in (("v", 2), ("s", 3), ("d", 4), ("ArrowLeft", 3)):
            settle(page)
            page.keyboard.press(letter)
            until(page, lambda at=place: f"{at} of {len(asked)}" in steps.inner_text(timeout=WAIT), f"row {place}")
        assert "Noise sample 3 of" in page.locator(".st-key-review_progress").inner_text()
        found = actions.noise.sample_answers(view, actions.curation.curation_state(run).decisions)
        assert found == {asked[0]: "right", asked[1]: "unsure", asked[2]: "wrong"}
