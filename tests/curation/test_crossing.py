import numpy as np
import pandas as pd
import pytest
from oracles.small_views import random_view, view_of

from core.curation import ScoreColumn, label_suggested, zones
from core.curation.crossing import (
    count_cells,
    count_words,
    cross_zones,
    data_map,
    describe_clusters,
    suspected_share_of,
    telling_words,
)
from core.types.comparisons import REGIONS


def test_crossing_is_a_count_of_each_cell():
    view = random_view(np.random.default_rng(0))
    found = cross_zones(view, view.labels, view.class_names)
    for c in range(len(view.class_names)):
        for z in range(4):
            assert found.counts[c, z] == sum((view.labels[r], zones(view)[r]) == (c, z) for r in range(len(view)))
    assert found.counts.sum() == (view.labels >= 0).sum()


def test_suspected_share_counts_labeled_training_rows():
    view = random_view(np.random.default_rng(0))
    codes = np.where(np.arange(len(view)) < 30, 0, 2)
    shares = suspected_share_of(view, codes, 3)
    rows = [r for r in range(30) if view.labels[r] >= 0 and not view.held_out[r]]
    assert shares[0] == pytest.approx(np.mean([label_suggested(view)[r] >= 0 for r in rows]))
    assert np.isnan(shares[1])  # nobody is in it
    assert suspected_share_of(view_of({"el2n": np.arange(3.0)}), np.zeros(3, int), 1) is None


def _dynamics(confidence, variability):
    names = {"confidence": confidence, "variability": variability}
    return view_of({n: ScoreColumn(n, v, "typical", "dynamics", {}) for n, v in names.items()})


def test_data_map_divides_every_row_that_has_both():
    confidence = np.array([0.9, 0.8, 0.1, 0.2, 0.5, np.nan])
    variability = np.array([0.1, 0.0, 0.1, 0.2, 0.9, 0.1])
    coords, region = data_map(_dynamics(confidence, variability))
    assert [REGIONS[r] for r in region[:3]] == ["easy to learn", "easy to learn", "hard to learn"]
    assert REGIONS[region[4]] == "ambiguous"
    assert region[5] == -1
    np.testing.assert_array_equal(coords[:5, 1], confidence[:5].astype(np.float32))
    assert data_map(view_of({"el2n": confidence})) is None


def test_words_that_tell_a_cluster_apart():
    texts = ["my card is lost", "the card was stolen", "a lost card", "my transfer", "the transfer", "no transfer"]
    codes = np.array([0, 0, 0, 1, 1, 1])
    words = count_words(texts, codes)
    assert words[0]["card"] == 3
    assert words[0][""] == 3
    assert telling_words(words, 0)[0] == "card"
    assert telling_words(words, 1)[0] == "transfer"
    assert "my" not in telling_words(words, 0)  # one row is no habit


def test_cells_that_tell_a_cluster_apart():
    frame = pd.DataFrame({"x": np.arange(40.0), "kind": ["p"] * 20 + ["q"] * 20, "same": 1.0, "gap": [None] * 40})
    words = count_cells(frame, np.arange(40) // 20)
    assert set(telling_words(words, 0)) == {"x: low", "kind = p"}
    assert set(telling_words(words, 1)) == {"x: high", "kind = q"}


def test_members_lie_near_and_far():
    vectors = np.array([[0.0], [1.0], [5.0], [100.0], [101.0]], np.float32)
    view = view_of({"el2n": np.arange(5.0)})
    first, second, rest = describe_clusters(view, np.array([0, 0, 0, 1, -1]), vectors)
    assert (rest.number, rest.size, len(rest.typical)) == (-1, 1, 0)
    assert first.size + second.size + rest.size == 5
    assert first.typical.tolist() == [1, 0, 2]  # their mean is 2
    assert first.odd.tolist() == [2, 0, 1]
    assert first.labels == (("class 0", 1.0),)
    assert (second.size, second.suspected, second.keywords) == (1, None, ())
    (rest,) = describe_clusters(view, np.full(5, -1), vectors)
    assert (rest.number, rest.size) == (-1, 5)
