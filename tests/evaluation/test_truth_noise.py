"""The figures of the benchmark on noise: weights equal repeated rows, seeds equal the run, published scores join."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.noise_figures import MEASURES, intervals, resamples, values_of_each_seed, weighted_figures
from benchmarks.truth_noise import TASKS, evaluate_one, task_of

from core import actions
from core.types.errors import CurationError
from core.types.progress import SilentProgress
from core.types.runs import Roles, RunSpec, TrainingSpec


@pytest.mark.parametrize("levels", [3, 10_000])  # many ties, hardly any
def test_weights_equal_rows_repeated(levels: int) -> None:
    rng = np.random.default_rng(0)
    fault = rng.random(80) < 0.3
    value = np.round((rng.normal(size=80) + fault) * levels) / levels if levels > 3 else rng.integers(0, 3, 80) + fault
    weights = next(resamples(80, 20, seed=1))
    found = weighted_figures(value.astype(float), fault, weights)
    for one, w in zip(found, weights, strict=True):
        rows = np.repeat(np.arange(80), w)
        wanted = evaluate_one(value[rows].astype(float), fault[rows])
        np.testing.assert_allclose(one, [wanted[m] for m in MEASURES], rtol=1e-12)  # the same sums in another order


def test_intervals_hold_the_figure_and_narrow_with_rows() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for rows in (200, 3_200):
        fault = rng.random(rows) < 0.2
        value = rng.normal(size=rows) + fault
        found, figures = intervals(value, fault, 200), evaluate_one(value, fault)
        assert all(found[m][0] < figures[m] < found[m][1] for m in MEASURES)
        widths.append(found["auroc"][1] - found["auroc"][0])
    assert widths[1] < widths[0] / 2  # a quarter is expected of 16 times the rows


def test_single_seeds_of_a_run_come_from_its_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    pixels = (labels[:, None, None, None] * 60 + rng.integers(0, 60, (60, 8, 8, 3))).astype(np.uint8)
    np.savez(tmp_path / "tiny.npz", images=pixels, label=labels)
    spec = RunSpec(
        str(tmp_path / "tiny.npz"),
        roles=Roles(inputs="images", label="label"),
        scores=("el2n", "aum", "forgetting", "grand", "label_quality"),
        training=TrainingSpec(seeds=2, epochs=3, folds=2, model_params={"width": 8}),
        map=False,
    )
    run = actions.runs.run_here(spec, tmp_path / "run", SilentProgress())
    each = values_of_each_seed(run, list(run.score_names))
    assert set(each) == {"el2n", "aum", "forgetting", "grand"}
    for name, values in each.items():
        total = values.sum(0) if name == "forgetting" else values.mean(0)
        np.testing.assert_allclose(total, run.score(name).values, rtol=1e-5, atol=1e-6)
        assert not np.array_equal(values[0], values[1])
    run._scores["el2n"] = replace(run.score("el2n"), values=run.score("el2n").values + 1)  # as of another version
    with pytest.raises(CurationError, match="el2n computed again differs"):
        values_of_each_seed(run, ["el2n"])
    with pytest.raises(SystemExit, match="none of the tasks"):
        task_of(run)


def test_task_names_are_their_own() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
