"""The benchmarks' own arithmetic, and that the README quotes what was measured."""

from dataclasses import replace

import numpy as np
import pytest

from tests.benchmarks import readme, speed_passes, speed_runs
from tests.benchmarks.comparison import Comparison, Effort, Peer, measure, table
from tests.benchmarks.measure import (
    Timing,
    alternate,
    best_batch,
    growth,
    kept,
    markdown_table,
    peak_over_before,
    ratio,
    summed,
)
from tests.benchmarks.measure import time as clock
from tests.benchmarks.workloads import digits


def test_rounds_alternate_and_warm_up_is_forgotten():
    order = []
    seen = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3, warm_up=1)
    assert order == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert {name: len(timing.wall) for name, timing in seen.items()} == {"a": 3, "b": 3}


@pytest.fixture
def spend(monkeypatch):
    """A clock that goes on only while somebody spends time: spend(seconds)."""
    now = [0.0]
    monkeypatch.setattr(clock, "perf_counter", lambda: now[0])

    def spend(seconds):
        now[0] += seconds

    return spend


def test_no_round_begins_after_the_time_is_up(spend):
    seen = alternate({"a": lambda: spend(1.0)}, rounds=1_000, most_seconds=5.0, least=1)
    assert seen["a"].wall == (1.0,) * 5  # and the warm-up before them
    assert len(alternate({"a": lambda: spend(9.0)}, rounds=1_000, most_seconds=5.0, least=3)["a"].wall) == 3


def test_a_ratio_is_taken_within_rounds():
    slow, fast = Timing((2.0, 8.0, 3.0), (2.0, 2.0, 2.0)), Timing((1.0, 2.0, 1.0), (1.0, 1.0, 4.0))
    found = ratio(slow, fast)
    assert (found.low, found.median, found.high, found.cpu) == (2.0, 3.0, 4.0, 2.0)
    assert summed(slow, fast) == Timing((3.0, 10.0, 4.0), (3.0, 3.0, 6.0))
    assert slow.figures() == {"wall_min": 2.0, "wall": 3.0, "wall_max": 8.0, "cpu": 2.0}


def test_growth_finds_the_exponent():
    sizes = [1_000, 4_000, 16_000]
    assert growth(sizes, [3e-6 * size**1.7 for size in sizes]) == pytest.approx(1.7)


def test_the_fastest_batch_wins(spend):
    assert best_batch(lambda size: spend({8: 3.0, 16: 1.0, 32: 2.0}[size]), (8, 16, 32)) == 16


def test_peak_memory_counts_what_is_freed_again():
    def work():
        return np.ones(64 * 2**17).sum()  # 64 MB that nobody keeps

    # The allocator rounds and reuses, so within 16 MB.
    assert abs(peak_over_before(work) - 64 * 2**20) < 16 * 2**20


def test_a_row_names_missing_and_failing_libraries():
    def broken():
        raise ValueError("no such layer")

    peers = [Peer("gone", "a_module_that_is_not_there", "gone-package", broken), Peer("torn", "numpy", "numpy", broken)]
    row = Comparison("adding", "W0", lambda: sum(range(2_000)), lambda: sum(range(1_000)), "half", 3.0, peers)
    figures = measure(row, Effort(rounds=2))
    assert figures["peers"]["gone"] == {"missing": "gone-package"}
    assert "no such layer" in figures["peers"]["torn"]["failed"]
    assert figures["times_limit"]["low"] <= figures["times_limit"]["median"] <= figures["times_limit"]["high"]
    assert "gone not installed; torn failed" in table([figures])


def test_a_bar_in_a_cell_does_not_end_it():
    assert markdown_table(("a",), [("x|y",)]).splitlines()[2] == "| x\\|y |"


def test_every_row_of_passes_and_runs_can_be_taken(tmp_path, monkeypatch):
    """A benchmark that nobody starts for a month still calls what there is; its scores are those of the library."""
    monkeypatch.setitem(speed_runs.PLANS, "W1", replace(speed_runs.PLANS["W1"], epochs=3))
    load = digits().first(60)
    bench = speed_passes.Bench.of(load)
    for row in (*speed_passes.rows(bench), *speed_runs.rows(load, tmp_path)):
        row.ours()
        if row.limit is not None:
            row.limit()
    assert list(bench.score(speed_passes.TWELVE, speed_passes.CHECKPOINTS).results) == list(speed_passes.TWELVE)


def test_the_readme_quotes_what_was_measured():
    text = readme.README.read_text(encoding="utf-8")
    assert "<!-- speed -->" in text
    assert readme.written(text, kept("speed")) == text, "run: python -m tests.benchmarks.readme"
