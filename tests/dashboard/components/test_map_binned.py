"""A map of more points than a browser holds: the grid counts every one, and what is drawn is told in rows of all."""

import numpy as np
import pytest

from dashboard.components import map_binned
from dashboard.components.map_values import HoverCard, MapColors, MapEvent, MapHollow, MapLayout, MapRanks

N = 2_200_000


@pytest.fixture(scope="module")
def coords():
    made = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    made[::1_000_000] = np.nan
    return made


def test_the_grid_counts_every_point_in_its_place(coords):
    extent = map_binned.extent_of(coords)
    grid = map_binned.density_grid(coords, extent)
    assert grid.sum() == N - 3
    x0, x1, y0, y1 = extent
    middle_right = (coords[:, 0] >= (x0 + x1) / 2).sum()
    # points on the line between two cells may fall to either by rounding
    assert abs(int(grid[:, map_binned.BINS // 2 :].sum()) - int(middle_right)) < 50
    top = (coords[:, 1] > y1 - (y1 - y0) / 4).sum()
    assert abs(int(grid[: map_binned.BINS // 4].sum()) - int(top)) < 50


def test_the_points_of_a_view_come_when_there_are_few_enough(coords):
    whole = map_binned.part_of(coords, None)
    assert not len(whole.rows)
    assert whole.words == "Density of 2,200,000 points: zoom in to see each of them"
    assert not len(map_binned.part_of(coords, whole.extent).rows)
    near = map_binned.part_of(coords, [0.0, 0.2, -0.1, 0.1])
    slowly = [r for r in range(0, N, 997) if 0 <= coords[r, 0] <= 0.2 and -0.1 <= coords[r, 1] <= 0.1]
    assert set(slowly) <= set(near.rows.tolist())
    assert near.words == f"{len(near.rows):,} of 2,200,000 points: all that lie in this view"
    assert (np.abs(coords[near.rows, 1]) <= 0.1).all()


def test_content_and_events_of_a_subset_are_in_rows_of_the_whole_map():
    part = map_binned.MapPart(np.array([3, 5, 8]), (0, 1, 0, 1), "")
    subset, line = map_binned.Subset(part, 10), np.arange(10)
    assert subset.layout(MapLayout("k", np.stack([line, line], 1))).coords[:, 0].tolist() == [3, 5, 8]
    assert subset.colors(MapColors.by_category("c", "C", line % 2, ["a", "b"])).codes.tolist() == [1, 1, 0]
    assert subset.ranks(MapRanks("r", {"el2n": line.astype(np.uint16)})).columns["el2n"].tolist() == [3, 5, 8]
    assert subset.hollow(MapHollow("h", line > 4, "")).rows.tolist() == [False, True, True]
    assert subset.mask(line == 5).tolist() == [False, True, False]
    assert subset.places([8, 9, 3]).tolist() == [0, 2]
    assert (subset.place(5), subset.place(4), subset.place(None)) == (1, None, None)
    assert subset.card(lambda row: HoverCard(str(row)))(2).title == "8"
    events = []
    subset.translate_events(events.append)(MapEvent("click", row=1))
    assert events[0].row == 5
    assert subset.event(MapEvent("clear")).kind == "clear"
