"""The distribution of a score is drawn whatever its values are."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest


def page(values, mode):
    import numpy as np

    from core.store.index import build_index
    from dashboard.components.distribution import Distribution, HistogramOptions, histogram

    index = build_index(np.array(values, np.float32), np.zeros(len(values), int), 1)
    histogram(Distribution("el2n", index.counts, index.edges()), HistogramOptions(mode, cut=2.0), key="d")


@pytest.mark.parametrize("mode", ["histogram", "ecdf", "table"])
@pytest.mark.parametrize("values", [[2.0] * 50, [0.0] * 3, [1e30], [2.0] * 9 + [np.nan]], ids=str)
def test_fault_39_constant_scores_draw(values, mode):
    at = AppTest.from_function(page, args=(values, mode), default_timeout=600).run()
    assert not at.exception
    assert mode == "table" or len(at.get("plotly_chart")) == 1
