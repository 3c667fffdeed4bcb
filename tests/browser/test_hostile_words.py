"""Texts of a stranger on every step: drawn as what they are, at most 2,000 letters of them, and the page goes on."""

import csv

import pytest
from pages import WAIT, browser, click, server, settle, until

from core.cli import main

pytestmark = pytest.mark.browser
PAYLOADS = {
    73: "<script>window.__ran = 1</script><img src=x onerror='window.__ran = 1'>",
    74: "![x](http://127.0.0.1:9/beacon.png)",
    75: "[press](javascript:window.__ran=1)",
    76: "$\\href{javascript:window.__ran=1}{press}$",
    77: "\u202egnp.exe " + "m" * 1_000_000,
}
STEPS = ("explore", "explore?form=table", "compare", "rules", "check", "export", "data")
LOOK = """() => ({
  ran: window.__ran ?? 0,
  formulas: document.querySelectorAll('.katex').length,
  links: [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')),
  longest: [...document.querySelectorAll('*')].flatMap((e) => [...e.childNodes]).reduce(
    (most, n) => n.nodeType === 3 && !['SCRIPT', 'STYLE'].includes(n.parentElement.tagName)
      ? Math.max(most, n.data.length) : most, 0),
})"""


def hostile_file(folder):
    """60 rows; ids, classes and cells of the first ones hold each payload, the cell of row 5 a million letters."""
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "x", "y", "note", "label", "split"])
        words = list(PAYLOADS.values())
        for row in range(60):
            kind = row % 3
            name = words[row][:60] if row < 5 else f"r{row:02d}"
            given = ("ant", words[0], words[1])[kind]
            split = "test" if row >= 48 else "train"
            writer.writerow([name, kind + row / 99, -kind, words[row % 4] if row != 5 else words[4], given, split])
    return path


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    """What stood on each step of a run of such a file, and every address that the page asked for."""
    folder = tmp_path_factory.mktemp("hostile")
    home, out = folder / "home", folder / "home" / "runs" / "hostile"
    command = ["run", str(hostile_file(folder)), "--out", str(out), "--epochs", "2", "--no-map", "--scores", "el2n,aum"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(home))
        assert main([*command, "--quiet"]) == 0
    found, asked = {}, []
    with server(home, folder) as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.on("dialog", lambda dialog: (asked.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        for step in STEPS:
            sep = "&" if "?" in step else "?"
            more = f"&source={folder / 'rows.csv'}" if step == "data" else ""
            page.goto(f"{address}/{step}{sep}run={out}&order=row&tab=All{more}", timeout=WAIT)
            until(page, lambda: "Kept" in page.locator(".st-key-bar").inner_text(timeout=WAIT), f"{step} is drawn")
            if step == "data":
                click(page, "Look at it")
                page.get_by_text("What Chaffinch sees").wait_for(timeout=WAIT)
            if step == "explore":
                page.locator(".chf-tile").nth(5).click(timeout=WAIT)
                page.locator(".st-key-drawer_facts").wait_for(timeout=WAIT)
            settle(page)
            found[step] = page.evaluate(LOOK)  # a page that lays out a million letters does not answer this
    return found, [url for url in asked if not url.startswith((address, "data:", "blob:"))]


@pytest.mark.parametrize("number", PAYLOADS, ids=[f"fault-{number}" for number in PAYLOADS])
def test_a_text_of_a_stranger_is_inert_on_every_step(looks, number):
    found, asked = looks
    assert set(found) == set(STEPS)
    for step, look in found.items():
        if number == 73:
            assert look["ran"] == 0, step
        elif number == 74:
            assert not asked, (step, asked)
        elif number == 75:
            assert not [href for href in look["links"] if href.strip().lower().startswith("javascript")], step
        elif number == 76:
            assert look["formulas"] == 0, step
        else:
            assert look["longest"] <= 2_000, step
