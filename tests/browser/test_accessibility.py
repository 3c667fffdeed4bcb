"""axe-core over every view in both themes: nothing serious, nothing critical."""

import re

import pytest
from pages import WAIT, browser, server, settle, until

pytestmark = pytest.mark.browser
VIEWS = ("data", "scores", "explore", "compare", "rules", "check", "export", "methods")
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server with the samples."""
    folder = tmp_path_factory.mktemp("axe")
    with server(folder / "home", folder) as running:
        yield running


def grave(page, where: str) -> list[str]:
    """What axe finds there that keeps someone out, one line each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    answer = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response
    assert answer["testEngine"]["name"] == "axe-core"
    return [
        f"{where}: {found['impact']} {found['id']}: {node['html'][:120]} {node['failureSummary'][:160]}"
        for found in answer["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]


def lasting(page, where: str, looks: int = 4) -> list[str]:
    """What axe finds at every one of several looks: a page caught while it is drawn again is pale for a moment."""
    found = []
    for _ in range(looks):
        settle(page)
        found = grave(page, where)
        if not found:
            break
    return found


CAPTION, APP = "[data-testid=stCaptionContainer] p", "[data-testid=stApp]"


def _is_dark(page, words: str = APP) -> bool:
    """Whether words are pale: of the page, or those that this project colors."""
    color = page.evaluate("(words) => getComputedStyle(document.querySelector(words)).color", words)
    return sum(int(part) for part in re.findall(r"\d+", color)[:3]) > 400


def in_both_themes(page, where: str, first: str) -> list[str]:
    """What lasts in the theme in which the page was loaded, and in the other, which the open page follows."""
    found = []
    for theme in (first, {"dark": "light", "light": "dark"}[first]):
        page.emulate_media(color_scheme=theme)
        until(page, lambda dark=theme == "dark": _is_dark(page) == dark, f"{where} follows the system's {theme} theme")
        found += lasting(page, f"{where}, {theme}")
    page.emulate_media(color_scheme=first)
    return found


def test_nothing_serious_in_any_view(address):
    """Every other view is loaded in the dark theme, the ones between them in the light one; each is seen in both."""
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(address)
        page.get_by_role("button", name="Explore it").first.wait_for(timeout=WAIT)
        found = in_both_themes(page, "start", "light")
        for number, view in enumerate(VIEWS):
            theme = ("dark", "light")[number % 2]
            page.emulate_media(color_scheme=theme)
            page.goto(f"{address}/{view}?run=digits")
            page.locator(".st-key-bar").wait_for(timeout=WAIT)
            found += in_both_themes(page, view, theme)
            if view == "explore":
                page.locator(".chf-tile").nth(2).click(timeout=WAIT)
                page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
                found += in_both_themes(page, "drawer", theme)
        assert not found, "\n".join(found)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            until(page, lambda dark=theme == "dark": _is_dark(page, CAPTION) == dark, f"captions are {theme}")


def test_axe_does_see_what_is_wrong(address):
    """A picture without words and pale text, put into the page, are found: the check above can fail."""
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(address)
        page.get_by_role("button", name="Explore it").first.wait_for(timeout=WAIT)
        page.evaluate(
            "() => document.querySelector('[data-testid=stMainBlockContainer]').insertAdjacentHTML('afterbegin',"
            ' \'<img src="data:,"><p style="color:#ccc;background:#fff">pale</p>\')'
        )
        found = " ".join(grave(page, "spoiled"))
        assert "image-alt" in found
        assert "color-contrast" in found
