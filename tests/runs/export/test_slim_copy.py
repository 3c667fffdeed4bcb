"""A slimmed run says what the whole one says."""

import numpy as np
from worlds import write_table

from core import actions
from core.runs.export.slim_copy import slim_run
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec


def test_a_slim_run_opens_explains_and_exports_as_the_whole_one(tmp_path):
    data, _ = write_table(tmp_path / "data")
    training = TrainingSpec(epochs=2, seeds=1, checkpoints=2, folds=3)
    spec = RunSpec(str(data), scores=("el2n", "grand_last", "label_quality"), training=training, map=False, threads=1)
    whole = actions.runs.run_here(spec, tmp_path / "whole", SilentProgress())
    slim = actions.runs.open_run(slim_run(whole.path, tmp_path / "slim"))
    for name in whole.score_names:
        np.testing.assert_array_equal(slim.score(name).values, whole.score(name).values)
    assert actions.explanations.attribution_methods(slim) == actions.explanations.attribution_methods(whole)
    helpful, _ = actions.explanations.influential_examples(slim, 3)
    assert len(helpful.ids) == 5
    assert actions.examples.training_curve(slim, 3)[1].shape == (1, 2)
    views = [actions.scores.score_view(run) for run in (whole, slim)]
    for view, out in zip(views, ("a", "b"), strict=True):
        actions.exports.export_run(slim if out == "b" else whole, actions.rules.default_rules(view), {}, tmp_path / out)
    assert (tmp_path / "a" / "decisions.csv").read_bytes() == (tmp_path / "b" / "decisions.csv").read_bytes()
    assert not any("work" in str(p) or p.name in ("log.txt", ".lock") for p in slim.path.rglob("*"))
    assert all(report.ok for report in actions.exports.verify_export(tmp_path / "b", slim.path))
