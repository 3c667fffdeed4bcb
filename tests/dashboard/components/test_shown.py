"""A text of any length is shown with at most 2,000 letters, wherever it stands."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.display_text import MOST, shown, shown_frame
from dashboard.components.gallery import Tile, plain_tile

LONG = "m" * 1_000_000


def test_a_text_is_cut_and_says_so():
    assert shown("short") == "short"
    assert len(shown(LONG)) == MOST == 2_000
    assert shown(LONG).endswith("…")


@pytest.mark.parametrize("cell", [LONG, LONG.encode(), [LONG], {"a": LONG}], ids=["text", "bytes", "list", "mapping"])
def test_fault_77_a_cell_of_a_table_is_cut(cell):
    frame = pd.DataFrame({"a": pd.Series([cell, None, "b"], dtype=object), "n": [1.0, 2.0, 3.0], LONG: [1, 2, 3]})
    cut = shown_frame(frame)
    assert len(cut["a"][0]) <= MOST
    assert cut["a"][2] == "b"
    assert all(len(name) <= MOST for name in cut)
    assert len(frame["a"][0]) == len(cell), "the table itself keeps its cells"


def test_fault_77_a_tile_is_cut():
    tile = plain_tile(Tile(0, LONG, LONG, suggested=LONG, text=LONG, cells=((LONG, LONG),), problem=LONG), 84)
    assert max(len(word) for word in (*tile["cells"][0], tile["text"], tile["name"], tile["label"])) <= MOST


def test_fault_77_a_panel_and_words_that_can_be_left_out_are_cut():
    def script():
        from dashboard.components.nodes import node, show_nodes
        from dashboard.components.toggle_parts import toggle_words
        from dashboard.session.slots import slot

        show_nodes(node("b", "", "m" * 1_000_000, title="m" * 1_000_000), key="nodes")
        text = "word " * 100_000
        toggle_words(text, [("word", at, at + 4) for at in range(0, len(text), 5)], slot=slot("words"), about="it")

    at = AppTest.from_function(script).run()
    assert not at.exception
    sent = [len(part.proto.json or part.proto.mixed.json) for part in at.get("bidi_component")]
    assert len(sent) == 2
    assert max(sent) < 50_000
