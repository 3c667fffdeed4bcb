"""The browser's own reader of packed row lists, on what the server packs."""

import base64

import numpy as np
import pytest
from pages import ROOT, browser

from dashboard.components.map_wire import pack_rows

pytestmark = pytest.mark.browser
ROWS = ROOT / "dashboard" / "components" / "assets" / "map" / "rows.js"
TOTAL = 200_000


def row_lists() -> list[np.ndarray]:
    """None, one, all; few far apart, whose gaps take two and three bytes; many; and neighbors."""
    rng = np.random.default_rng(0)
    sizes = (1, 2, 30, 700, 20_000, 150_000)
    some = [np.sort(rng.choice(TOTAL, size, replace=False)) for size in sizes]
    edges = [127, 128, 129, 16_510, 16_511, 16_512, TOTAL - 1]
    return [np.array([], int), np.arange(TOTAL), np.array(edges), np.arange(500, 900), *some]


def test_the_browser_reads_what_the_server_packs_and_joins_a_list_with_its_change():
    lists = row_lists()
    packed = [base64.b64encode(pack_rows(rows, TOTAL)).decode() for rows in lists]
    with browser() as chromium:
        page = chromium.new_page()
        page.add_script_tag(content=ROWS.read_text(encoding="utf-8"))
        seen = page.evaluate("(lists) => lists.map((i) => [...rowList({ i })])", packed)
        toggled = page.evaluate(
            "([base, change]) => [...toggled(rowList({ i: base }), rowList({ i: change }))]", [packed[6], packed[8]]
        )
    for rows, read in zip(lists, seen, strict=True):
        beyond = [row for row in read if row < TOTAL]  # the last byte of one bit a row has bits of no row
        assert beyond == rows.tolist()
    assert toggled == sorted(set(lists[6].tolist()) ^ set(lists[8].tolist()))
