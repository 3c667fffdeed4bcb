"""What the bars of a facet say."""

import numpy as np
import pytest

from core.types.facets import Facet, Filters
from dashboard.session.slots import slot


@pytest.mark.parametrize(
    ("bars", "chosen", "promised"),
    [
        ("filter", {}, "click to filter"),
        ("filter", {"split": ["train"]}, "click to filter, or to let the filter go"),
        ("select", {}, "click to select those that pass"),
    ],
)
def test_facet_bars_say_what_they_count_and_what_a_click_does(monkeypatch, bars, chosen, promised):
    from dashboard.components import class_bars
    from dashboard.panels import facet_cards
    from dashboard.session import navigation

    drawn = []
    monkeypatch.setattr(navigation, "pane", lambda *_: bars)
    monkeypatch.setattr(class_bars, "press_nodes", lambda tree, slot: drawn.append(tree))
    facet = Facet("split", "Split", ("train",), np.zeros(4, int))
    act = facet_cards._act(facet, Filters(chosen, {}))
    content = facet_cards.ClassBars(
        facet.options,
        np.array([1204]),
        np.array([120]),
        words=facet_cards._bar_words,
        label="",
        act=act,
    )
    facet_cards.class_bars(content, slot=slot("x"))
    button, bar, _ = drawn[0][2:]
    assert button[1]["title"] == button[1]["label"] == f"train: 120 of 1,204 pass the filters; {promised}"
    assert bar[1]["label"] == "train: 120 of 1,204 pass the filters"
