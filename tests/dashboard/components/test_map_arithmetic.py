"""The cut, the ranks, row lists and the lasso as the browser computes them: to the row what the server computes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from map_script import MapScript

from core.composite import coefficients
from core.types.curation import Rules, Side
from dashboard.components.map_values import MapRanks, MapRule
from dashboard.components.map_wire import MIDDLE, STEPS, browser_composite, browser_kept, held_text
from dashboard.components.polygon import rows_in_polygon

ROWS = 400
RANKS = st.lists(st.integers(0, 65534), min_size=1, max_size=40)
_MAP = """
const data = { n: first.length, ranks: 'r', locked: null, rule: { ...rule, w: weights } }
const map = { data, rows: newRows(), decision: newDecision(), made: new Map() }
Object.assign(map.rows, { pinKept: kept, pinDropped: dropped, locked, pinned: new Uint8Array(first.length) })
for (const i of [...kept, ...dropped]) map.rows.pinned[i] = 1
"""


@pytest.fixture(scope="module")
def script():
    return MapScript()


def decided(script, columns, weights, rule, locked=None, kept=(), dropped=(), live=None):
    """(composite, kept rows, cut) after the browser decided; live: the rule that a dragged slider holds."""
    holes = [name for name, column in columns.items() if not column.all()]
    script.column("r", columns, holes=holes)
    first = next(iter(columns.values()))
    names = ("first", "weights", "rule", "locked", "kept", "dropped", "live")
    values = (first, weights, rule, locked, list(kept), list(dropped), live)
    run = "decide(map); if (live) { map.decision.live = live; decide(map) }"
    run += "; const { composite, kept: keeps, cut, keptCount } = map.decision;"
    run += " return [[...composite], [...keeps], cut, keptCount]"
    composite, keeps, cut, count = script.ask(f"{{ {_MAP}\n{run} }}", **dict(zip(names, values, strict=True)))
    assert count == sum(keeps)
    return np.array(composite, dtype=float), np.array(keeps, dtype=bool), cut


def random_ranks(seed, holes):
    rng = np.random.default_rng(seed)
    columns = {name: rng.integers(1, 65535, ROWS).astype(np.uint16) for name in ("a", "b", "c")}
    if holes:
        for column in columns.values():
            column[rng.random(ROWS) < 0.2] = 0
    return columns


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("drop", list(Side))
def test_composite_and_cut_are_the_servers_to_the_row(script, holes, drop):
    columns, weights = random_ranks(3, holes), {"a": 0.6, "b": -0.25, "c": 0.15}
    expected = browser_composite(columns, weights)
    cut = float(np.nanquantile(expected, 0.8 if drop == Side.ABOVE else 0.2))
    composite, kept, _ = decided(script, columns, weights, {"cut": cut, "drop": drop.value, "held": None})
    assert np.array_equal(composite, expected, equal_nan=True)
    assert kept.tolist() == browser_kept(MapRanks("k", columns), MapRule(weights, cut, drop), ROWS).tolist()
    assert 0 < kept.sum() < ROWS


def test_locked_and_pinned_rows_are_no_rules_to_decide(script):
    columns, weights = random_ranks(5, False), {"a": 1.0}
    locked = (np.arange(ROWS) % 7 == 0).astype(np.uint8)
    gone = np.flatnonzero(browser_composite(columns, weights) > 0)
    stay = np.setdiff1d(np.arange(ROWS), gone)
    rule = {"cut": 0.0, "drop": "above", "held": None}
    _, kept, _ = decided(script, columns, weights, rule, locked, kept=gone[:3].tolist(), dropped=stay[:2].tolist())
    assert kept[gone[:3]].all()
    assert not kept[stay[:2]].any()
    others = np.setdiff1d(np.arange(ROWS), [*gone[:3], *stay[:2]])
    assert kept[others].tolist() == ((locked[others] == 1) | ~np.isin(others, gone)).tolist()


def test_a_class_that_is_held_back_has_a_cut_of_its_own(script):
    columns = {"a": np.array([10000, 40000, 50000, 60000], np.uint16), "*classes": np.array([0, 1, 2, 2], np.uint16)}
    middle = float(browser_composite({"a": columns["a"]}, {"a": 1.0})[2])
    for held in (np.array([np.nan, middle], np.float32), np.array([np.inf, np.nan], np.float32)):
        rule = {"cut": 0.0, "drop": "above", "held": held_text(held)}
        _, kept, _ = decided(script, columns, {"a": 1.0}, rule)
        ranks = MapRanks("k", {"a": columns["a"]}, columns["*classes"])
        assert kept.tolist() == browser_kept(ranks, MapRule({"a": 1.0}, 0.0, Side.ABOVE, held), 4).tolist()


@settings(max_examples=40)
@given(RANKS, st.floats(0, 1), st.sampled_from(list(Side)))
def test_a_dragged_share_drops_that_share_and_never_splits_ties(script, ranks, share, drop):
    columns = {"a": np.array(ranks, np.uint16)}
    rule = {"cut": None, "drop": drop.value, "held": None, "cap": None, "floor": 0}
    live = {"w": {"a": 0.8}, "share": share, "drop": drop.value}
    _, kept, _ = decided(script, columns, {"a": 0.8}, rule, live=live)
    scored = np.flatnonzero(columns["a"])
    order = np.sort(columns["a"][scored])[:: -1 if drop == Side.ABOVE else 1]
    wanted = round(share * len(scored))
    if wanted == 0 or not len(scored):
        assert kept.all()
        return
    first_to_stay = order[wanted] if wanted < len(scored) else None
    beyond = columns["a"] > 0
    if first_to_stay is not None:
        beyond &= columns["a"] > first_to_stay if drop == Side.ABOVE else columns["a"] < first_to_stay
    assert kept.tolist() == (~beyond).tolist()


def test_sums_that_follow_a_slider_are_those_of_the_whole_rule(script):
    columns, start = random_ranks(9, False), {"a": 0.6, "b": -0.25, "c": 0.15}
    moved = {"a": 0.3, "b": -0.25, "c": 0.15}
    rule = {"cut": 0.05, "drop": "above", "held": None}
    live = {"w": moved, "cut": 0.05, "drop": "above"}
    composite, kept, _ = decided(script, columns, start, rule, live=live)
    np.testing.assert_allclose(composite, browser_composite(columns, moved), atol=1e-12)
    assert kept.tolist() == (composite <= 0.05).tolist()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=3, max_size=7),
    st.integers(0, 5),
)
def test_a_lasso_holds_the_rows_that_the_server_finds(script, polygon, seed):
    rng = np.random.default_rng(seed)
    coords = rng.normal(size=(120, 2)).astype(np.float32)
    coords[0] = np.nan
    hidden = (rng.random(120) < 0.2).astype(np.uint8)
    script.column("xy", {"x": coords[:, 0], "y": coords[:, 1]})
    inside = "[...rowsInside({ data: { coords: 'xy' }, rows: { hidden } }, polygon)]"
    rows = script.ask(inside, hidden=hidden, polygon=polygon)
    assert rows == rows_in_polygon(coords, np.array(polygon), hidden == 0).tolist()


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_selections_are_joined_as_sets(script, old, fresh):
    rows = {"old": np.array(sorted(old), np.uint32), "fresh": np.array(sorted(fresh), np.uint32)}
    joined = {mode: script.ask("[...joinRows(old, fresh, mode)]", mode=mode, **rows) for mode in ("replace", "add")}
    assert joined == {"replace": sorted(fresh), "add": sorted(old | fresh)}
    assert script.ask("[...joinRows(old, fresh, 'subtract')]", **rows) == sorted(old - fresh)
    assert script.ask("[...toggled(old, fresh)]", **rows) == sorted(old ^ fresh)


@given(st.floats(0, 1e6))
def test_shares_are_rounded_as_python_does(script, value):
    for number in (value, float(int(value)) + 0.5):
        assert script.ask("roundHalfEven(v)", v=number) == round(number)


def test_both_sides_code_ranks_alike(script):
    assert script.ask("[MIDDLE, STEPS]") == [MIDDLE, STEPS]


WEIGHTS = st.sampled_from([0.0, 0.5, 1.0, 1.75])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([-1, 0, 1]), WEIGHTS), min_size=1, max_size=9), WEIGHTS
)
def test_a_slider_gives_each_score_the_coefficient_that_the_server_gives_it(scores, first_group):
    script = MapScript("element.js", "sliders.js")
    names = [f"s{k}" for k in range(len(scores))]
    orientation = {name: way for name, (_, way, _) in zip(names, scores, strict=True)}
    groups = {name: group for name, (group, _, _) in zip(names, scores, strict=True)}
    weights = {name: weight for name, (_, _, weight) in zip(names, scores, strict=True)}
    group_weights = {"a": first_group, "b": 1.0, "c": 0.25}
    rules = Rules(group_weights=group_weights, score_weights=weights)
    expected = coefficients(tuple(names), orientation, groups, rules)
    data = {"scores": [{"name": n, "group": groups[n], "orientation": orientation[n]} for n in names]}
    now = {"groupWeights": group_weights, "scoreWeights": weights}
    moved = script.ask("coefficients({ data, now })", data=data, now=now)
    assert moved == pytest.approx({name: value for name, value in expected.items() if value}, abs=1e-12)


def seen_at(coords, width, height, box, hidden):
    """The pixel of each row, by the plain rule: a point is in the pixel that contains it."""
    out = np.full(len(coords), -1)
    for row, (x, y) in enumerate(coords):
        px, py = (x - box[0]) * width / (box[1] - box[0]), (box[3] - y) * height / (box[3] - box[2])
        if 0 <= px < width and 0 <= py < height and not hidden[row]:
            out[row] = int(py) * width + int(px)
    return out


def test_points_are_drawn_in_the_pixel_that_contains_them_and_found_there_again(script):
    rng = np.random.default_rng(0)
    coords = rng.normal(size=(300, 2)).astype(np.float32)
    hidden = (rng.random(300) < 0.1).astype(np.uint8)
    script.column("xy", {"x": coords[:, 0], "y": coords[:, 1]})
    map_of = """{
        const map = { data: { coords: 'xy' }, nodes: { canvas: { width: 60, height: 40 } }, raster: newRaster() }
        Object.assign(map, { rows: { ...newRows(), hidden }, frame: { ...newFrame(), range } })
        project(map)
        return [[...map.raster.offsets], [...map.raster.rowAt], map.raster.inView]
    }"""
    offsets, row_at, in_view = script.ask(map_of, hidden=hidden, range=[-1.5, 2.0, -1.0, 1.25])
    expected = seen_at(coords.astype(float), 60, 40, (-1.5, 2.0, -1.0, 1.25), hidden)
    assert offsets == expected.tolist()
    assert in_view == (expected >= 0).sum()
    assert all(expected[row] == at for at, row in enumerate(row_at) if row >= 0)
    assert {at for at, row in enumerate(row_at) if row >= 0} == set(expected[expected >= 0].tolist())


def test_without_axes_a_unit_is_as_long_across_as_up_and_all_points_are_in_view(script):
    coords = np.array([[0.0, 0.0], [10.0, 1.0], [np.nan, 3.0]], np.float32)
    script.column("wide", {"x": coords[:, 0], "y": coords[:, 1]})
    data = {"coords": "wide", "place": "p"}
    choose = "chooseRange({ data, frame: newFrame(new Map()) }, [600, 400], titled)"
    left, right, bottom, top = script.ask(choose, data=data, titled=False)
    assert (right - left) / 600 == pytest.approx((top - bottom) / 400)
    assert left < 0 < 10 < right
    assert bottom < 0 < 1 < top
    assert script.ask(choose, data=data, titled=True) == pytest.approx([-0.4, 10.4, -0.04, 1.04])


def test_opacity_grows_with_the_count_and_one_pixel_in_a_hundred_does_not_set_it(script):
    counts = np.r_[np.zeros(500), np.ones(600), np.full(380, 20), np.full(9, 200)].astype(np.uint32)
    alpha = script.ask("[...alphaTable(counts)]", counts=counts)
    assert alpha[1:] == sorted(alpha[1:])
    assert alpha[1] == 127
    assert 127 < alpha[10] < 255 == alpha[20] == alpha[200]
