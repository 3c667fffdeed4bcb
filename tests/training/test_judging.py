"""The judge is the one that the given labels speak for, or the mean of several; the comparison is kept."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.library.arrays import examples_from
from core.training import evidence as gathering
from core.training.candidates import MOST_SECONDS, Candidate
from core.training.evidence import gather_evidence
from core.training.judging import choose
from core.types.errors import Cancelled
from core.types.progress import SilentProgress
from core.types.runs import BEST, TrainingSpec
from core.types.signals import Signal

RNG = np.random.default_rng(0)
LABELS = np.arange(300) % 3


def _says(right, sure=0.8):
    """Probabilities that are right on these rows, and sure of another class on the others."""
    said = np.where(right, LABELS, (LABELS + 1) % 3)
    out = np.full((300, 3), (1 - sure) / 2)
    out[np.arange(300), said] = sure
    return out


def test_the_most_accurate_judges_and_a_worse_one_never_does():
    good, bad = RNG.random(300) < 0.9, RNG.random(300) < 0.5
    table, chosen = choose(("bad", _says(bad)), [("good", _says(good, 0.9))], LABELS, np.zeros(300, int))
    assert [judge.name for judge in table if judge.chosen] == ["good"]
    assert table[0].name == "good"
    assert table[0].accuracy == pytest.approx(good.mean())
    assert table[0].log_loss == pytest.approx(-np.log(np.where(good, 0.9, 0.05)).mean())
    np.testing.assert_array_equal(chosen, _says(good, 0.9))


def test_the_mean_judges_where_it_is_right_more_often():
    """Three that err on different thirds: the mean of all is always right."""
    thirds = [np.arange(300) // 100 != third for third in range(3)]
    judges = [(f"third {n}", _says(right, 0.6)) for n, right in enumerate(thirds)]
    table, chosen = choose(judges[0], judges[1:], LABELS, np.zeros(300, int))
    assert table[0].name == "mean of third 0 + third 1 + third 2"
    assert table[0].chosen
    assert table[0].accuracy == 1.0
    np.testing.assert_allclose(chosen, np.mean([p for _, p in judges], axis=0))


def test_a_mean_that_is_better_by_chance_alone_does_not_judge():
    first = np.arange(300) >= 10  # wrong on ten rows
    other = (np.arange(300) < 10) | (np.arange(300) >= 19)  # right on those, wrong on nine others
    table, _ = choose(("first", _says(first, 0.6)), [("other", _says(other, 0.62))], LABELS, np.zeros(300, int))
    assert next(judge.name for judge in table if judge.chosen) == table[0].name == "other"
    assert {judge.name for judge in table} == {"first", "other", "mean of other + first"}


def test_rows_outside_the_folds_do_not_decide():
    fold_of = np.where(np.arange(300) < 100, 0, -1)
    first = np.arange(300) < 100
    table, _ = choose(("in folds", _says(first)), [("outside", _says(~first))], LABELS, fold_of)
    assert {judge.name: judge.accuracy for judge in table if "mean" not in judge.name} == {"in folds": 1, "outside": 0}


def _squares():
    """Classes in a pattern that no linear model of the columns can tell: trees can."""
    x = RNG.random((400, 2))
    labels = ((x[:, 0] > 0.5) ^ (x[:, 1] > 0.5)).astype(int)
    return examples_from(pd.DataFrame(x, columns=["a", "b"]), labels)


SPEC = TrainingSpec(seeds=1, epochs=1, folds=3, judge=BEST)


def _gather(examples, spec, folder, progress=SilentProgress()):
    return gather_evidence(examples, spec, frozenset({Signal.OUT_OF_FOLD}), folder=folder, seed=0, progress=progress)


def test_trees_judge_a_table_that_lines_cannot_divide(tmp_path):
    found = _gather(_squares(), SPEC, tmp_path)
    assert found.out_of_fold_model == "gradient_boosting"
    accuracy = {judge.name: judge.accuracy for judge in found.judges}
    assert accuracy["gradient_boosting"] > 0.9 > 0.7 > accuracy["logistic_regression"]
    assert "mlp, cross-fitted" in accuracy
    assert sum(judge.chosen for judge in found.judges) == 1


def test_nobody_is_compared_unless_asked(tmp_path):
    found = _gather(_squares(), replace(SPEC, judge=""), tmp_path)
    assert found.judges == ()
    assert found.out_of_fold_model == "logistic_regression"


def test_a_comparison_that_was_stopped_goes_on(tmp_path, monkeypatch):
    examples, asked = _squares(), []

    def counted(name, stops):
        def probabilities():
            asked.append(name)
            if stops:
                raise Cancelled
            return np.full((400, 2), 0.5)

        return Candidate(name, 0.0, probabilities)

    def offered(*stops):
        made = [counted(f"number {n}", stop) for n, stop in enumerate(stops)]
        monkeypatch.setattr(gathering, "candidates", lambda *_: made)

    offered(False, True)
    with pytest.raises(Cancelled):
        _gather(examples, SPEC, tmp_path)
    offered(False, False)
    assert len(_gather(examples, SPEC, tmp_path).judges) == 5
    assert asked == ["number 0", "number 1", "number 1"]


def test_what_is_too_dear_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr("core.training.candidates._TREE_VALUES", 1 / MOST_SECONDS)
    found = _gather(_squares(), SPEC, tmp_path)
    assert all("gradient_boosting" not in judge.name for judge in found.judges)


def test_texts_are_judged_by_terms_where_an_encoder_hears_nothing(tmp_path, monkeypatch):
    from core.models import frozen

    deaf = replace(frozen.FROZEN[-1], width=2, load=lambda file: lambda texts: _noise(len(texts)))
    monkeypatch.setattr(frozen, "FROZEN", (deaf,))
    if not deaf.is_here:
        pytest.skip(f"{deaf.distribution} is not installed")
    words = [["good", "fine", "lovely"], ["bad", "awful", "poor"]]
    labels = np.arange(120) % 2
    texts = [f"{words[label][RNG.integers(3)]} item {RNG.integers(50)}" for label in labels]
    found = _gather(examples_from(texts, labels), replace(SPEC, encoder=deaf.name), tmp_path)
    assert found.out_of_fold_model == "logistic regression on terms"
    assert f"linear_head on {deaf.name}, cross-fitted" in {judge.name for judge in found.judges}


def _noise(count):
    import torch

    return torch.from_numpy(RNG.normal(size=(count, 2)).astype(np.float32))
