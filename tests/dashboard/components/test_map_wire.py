"""What the map sends: exact, small, and the same sum as the browser's."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_script import MapScript

from core.composite.normalise import normalise
from dashboard.components import map_wire
from dashboard.components.map_values import MapRanks, MapRule
from dashboard.components.map_wire import browser_composite, browser_kept, encode_ranks, pack_rows
from dashboard.components.row_lists import row_list


@pytest.fixture(scope="module")
def script():
    return MapScript()


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_row_lists_survive_the_way(script, case):
    total, rows = case
    packed = pack_rows(np.array(sorted(rows), dtype=np.int64), total)
    assert script.ask("[...unpackRows(packed)]", packed=packed) == sorted(rows)
    assert len(packed) <= total / 8 + 2


@pytest.mark.parametrize(
    ("rows", "total", "packed"),
    [
        ([], 100, "00"),
        ([0], 100, "00 00"),
        ([3, 4, 131, 260], 10_000, "00 03 00 7e 80 01"),  # gaps 3, 0, 126 and 128, the last one in two bytes
        ([20_000], 1_000_000, "00 a0 9c 01"),  # 20000 = 0x20 + (0x1c << 7) + (1 << 14)
        ([0, 1, 2, 8], 10, "01 07 01"),  # shorter as one bit a row, the first row lowest
    ],
)
def test_packed_bytes_are_those_worked_out_by_hand(rows, total, packed):
    assert pack_rows(np.array(rows, dtype=np.int64), total).hex(" ") == packed


def test_a_few_rows_of_a_million_are_a_few_bytes():
    assert len(pack_rows(np.array([5, 70_000, 999_999]), 1_000_000)) < 10


def test_ranks_keep_order_ties_and_holes():
    values = np.array([3.0, np.nan, 1.0, 3.0, 2.0], dtype=np.float32)
    ranks = encode_ranks(normalise(values))
    assert ranks.dtype == np.uint16
    assert ranks[1] == map_wire.MISSING
    assert ranks[0] == ranks[3] > ranks[4] > ranks[2] >= 1
    # the middle of the shares (rank - 0.5) / n is the middle of the code, to the half step of rounding
    assert abs(ranks[[0, 2, 3, 4]].astype(float).mean() - map_wire.MIDDLE) <= 0.5


def test_composite_equals_the_formula_on_ranks():
    rng = np.random.default_rng(0)
    raw = {"a": rng.normal(size=500), "b": rng.normal(size=500)}
    shares = {m: (np.argsort(np.argsort(v)) + 0.5) / 500 for m, v in raw.items()}
    got = browser_composite({m: encode_ranks(normalise(v)) for m, v in raw.items()}, {"a": 0.7, "b": -0.3})
    expected = 0.7 * (shares["a"] - 0.5) - 0.3 * (shares["b"] - 0.5)
    # a rank is rounded to one of 65,534 steps: at most half a step per column
    np.testing.assert_allclose(got, expected, atol=1.0 / 65533)


def test_a_missing_rank_leaves_the_other_scores_to_decide():
    columns = {"a": np.array([0, 65534, 1], np.uint16), "b": np.array([65534, 65534, 0], np.uint16)}
    got = browser_composite(columns, {"a": 0.5, "b": 0.5})
    assert got == pytest.approx([0.5, 0.5, -0.5])
    assert np.isnan(browser_composite({"a": np.array([0], np.uint16)}, {"a": 1.0})[0])


def test_rows_on_the_cut_stay_and_unscored_rows_stay():
    ranks = MapRanks("k", {"a": np.array([1, 30000, 65534, 0], np.uint16)})
    cut = float(browser_composite(ranks.columns, {"a": 1.0})[1])
    assert browser_kept(ranks, MapRule({"a": 1.0}, cut, "above"), 4).tolist() == [True, True, False, True]
    assert browser_kept(ranks, MapRule({"a": 1.0}, cut, "below"), 4).tolist() == [False, True, True, True]
    assert browser_kept(ranks, MapRule({"a": 1.0}, None), 4).all()


def test_a_class_that_is_held_back_has_a_cut_of_its_own():
    ranks = MapRanks("k", {"a": np.array([10000, 40000, 50000, 60000], np.uint16)}, np.array([0, 1, 2, 2], np.uint16))
    middle = float(browser_composite(ranks.columns, {"a": 1.0})[2])
    held = np.array([np.nan, middle], np.float32)
    assert browser_kept(ranks, MapRule({"a": 1.0}, 0.0, "above", held), 4).tolist() == [True, False, True, False]
    all_stay = np.array([np.inf, np.nan], np.float32)
    assert browser_kept(ranks, MapRule({"a": 1.0}, 0.0, "above", all_stay), 4).tolist() == [True, True, False, False]
    assert map_wire.held_text(np.full(2, np.nan)) is None


def test_blobs_are_aligned_named_and_large_enough_to_be_cached():
    blob = map_wire.make_blob(
        "k", {"type": "coords"}, [("x", np.arange(3, dtype="<f4")), ("y", np.arange(3, dtype="<u2"))]
    )
    length = int.from_bytes(blob[:4], "little")
    header = json.loads(blob[4 : 4 + length])
    assert header["key"] == "k"
    assert [c["kind"] for c in header["columns"]] == ["f4", "u2"]
    assert all((4 + length + c["at"]) % 8 == 0 for c in header["columns"])
    at = 4 + length + header["columns"][1]["at"]
    assert np.frombuffer(blob[at : at + 6], "<u2").tolist() == [0, 1, 2]
    assert len(blob) >= map_wire.CACHED_FROM


def test_long_row_lists_leave_the_message():
    inline, blob = row_list("kept", np.arange(0, 100, 7), 60_000, {})
    assert blob is None
    assert len(json.dumps(inline)) < 100
    named, blob = row_list("kept", np.arange(0, 60_000, 2), 60_000, {})
    assert blob is not None
    assert len(json.dumps(named)) < 60
    assert named == row_list("kept", np.arange(0, 60_000, 2), 60_000, {})[0]


def test_a_list_that_changes_a_little_travels_as_its_change(script):
    """Over many changes the browser, which holds blobs and adds changes to them, has the server's list."""
    rng, total, bases, keys = np.random.default_rng(0), 60_000, {}, set()
    rows = set(rng.choice(total, 4_000, replace=False).tolist())
    sizes = []
    for step in range(30):
        rows ^= set(rng.choice(total, 5_000 if step == 20 else 40, replace=False).tolist())
        how, blob = row_list("kept", np.array(sorted(rows)), total, bases)
        if blob is not None:
            script.ask("{ home.put(blob); return true }", blob=blob)
        keys |= {how["b"]} if "b" in how else set()
        seen = set(script.ask("[...rowList(how)]", how=how))
        assert seen == rows
        sizes.append(len(json.dumps(how)))
    assert len(keys) == 2, "the base is replaced only when the list has become another one"
    assert max(sizes) < 2_100
