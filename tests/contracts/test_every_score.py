"""What holds for every registered score. A new score is tested by being registered: nothing to add here."""

import re
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from contracts.world import EPOCHS, as_float64, only_declared, take, tiny_world

from core.scores import SCORES, ScoreInputs, coverage_scores, name_used_for, score_named
from core.types.errors import Cancelled, CurationError
from core.types.methods import Goal, Use
from core.types.params import check_params
from core.types.progress import SilentProgress
from core.types.signals import Signal

# "High: hard or mislabeled", "HIGH is clean and easy", "HIGH helps": a sentence about that end, not the letters alone
_END = re.compile(r"\b(?:High|HIGH)(?::\s\w|\sis\s\w|\smeans\s\w|\shelps\b)")
every_score = pytest.mark.parametrize("method", SCORES, ids=lambda m: m.name)


class CancelAt(SilentProgress):
    """Cancels at the given step, and counts how many were asked for after it."""

    def __init__(self, step: int):
        self.left = step

    def advance(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left <= 0:
            raise Cancelled


class Counting(SilentProgress):
    def __init__(self):
        self.stages, self.steps = [], 0

    def stage(self, title: str, total: int) -> None:
        self.stages.append((title, total))

    def advance(self, steps: int = 1) -> None:
        self.steps += steps


def check_result(world, result):
    """Right length and type, and a reason for each row without a value."""
    assert result.values.shape == (len(world.examples),)
    assert result.values.dtype == np.float32
    assert np.isnan(result.values).sum() == sum(result.undefined.values())
    if result.per_seed is not None:
        assert result.per_seed.shape[1] == len(world.examples)
        assert np.array_equal(np.isnan(result.per_seed).any(axis=0), np.isnan(result.values))
    assert result.skill is None or 0.0 <= result.skill <= 1.0


def answered(world, method) -> bool:
    """A sound result, or an error that says what to do."""
    try:
        result = world.score(method)
    except CurationError as error:
        return bool(error.hint)
    check_result(world, result)
    return True


@every_score
def test_describes_itself(method):
    assert score_named(method.name) is method
    for text in (method.title, method.summary, method.range, method.high_means, method.low_means, method.cost):
        assert len(text) >= 3
    assert method.high_means != method.low_means
    assert method.paper is not None
    assert 1900 < method.paper.year < 2100
    assert method.inspect_first in ("highest", "lowest", "neither")
    assert set(method.orientation) == set(Goal)
    assert set(method.orientation.values()) <= {-1, 0, 1}
    noise = method.orientation[Goal.FIND_NOISE]
    assert noise == 0 or method.inspect_first == ("highest" if noise > 0 else "lowest")
    documentation = sys.modules[method.compute.__module__].__doc__
    assert len(documentation.splitlines()) >= 5
    assert str(method.paper.year) in documentation
    assert "Fails" in documentation
    assert _END.search(documentation), "what a high value means"
    check_params(method.params())
    for one in fields(method.params):
        assert one.metadata["label"]


def test_names_are_unique():
    assert len({m.name for m in SCORES}) == len(SCORES)
    with pytest.raises(CurationError, match='Unknown score "nothing"'):
        score_named("nothing")


@every_score
def test_length_reasons_checks(method):
    world = tiny_world()
    result = world.score(method)
    check_result(world, result)
    assert np.isfinite(result.values).sum() >= 45  # all but unlabeled and held-out rows of 60
    assert result.checks
    for check in result.checks:
        assert check.light in ("green", "amber", "red")
        assert check.name
        assert any(c.isdigit() for c in check.text), "a check shows its number"
    assert result.values[np.isfinite(result.values)].std() > 0


@every_score
def test_same_seed_same_bits(method):
    world = tiny_world()
    assert np.array_equal(world.score(method).values, world.score(method).values, equal_nan=True)


@every_score
def test_row_order_plays_no_part(method):
    world = tiny_world()
    order = np.random.default_rng(1).permutation(len(world.examples))
    # Sums over rows run in another order: single precision of the result, no more.
    np.testing.assert_allclose(
        take(world, order).score(method).values, world.score(method).values[order], rtol=2e-5, atol=1e-6
    )


@every_score
def test_declares_what_it_reads(method):
    world = tiny_world()
    alone = only_declared(world, method).score(method)
    assert np.array_equal(alone.values, world.score(method).values, equal_nan=True)
    nothing = ScoreInputs(world.examples, world.evidence, ())
    with pytest.raises(CurationError, match="declaring"):
        method.compute(nothing, method.params(), SilentProgress())


@every_score
def test_absent_signals_are_said_in_words(method):
    world = tiny_world(held_out=0)  # without held-out rows, influence asks for its fold models too
    if method.why_not and method.why_not(world.examples):
        world = tiny_world()
    empty = replace(world, evidence=type(world.evidence)())
    with pytest.raises(CurationError, match="This run has no"):
        empty.score(method)


@every_score
def test_one_class_given(method):
    world = tiny_world(only_class=1, unlabeled=0)
    result = world.score(method)
    check_result(world, result)


@every_score
def test_one_class_only(method):
    """One output column: a value or a sentence, never a traceback or a silent NaN."""
    world = tiny_world(classes=1, unlabeled=0)
    assert answered(world, method)


@every_score
def test_no_held_out_rows(method):
    world = tiny_world(held_out=0)
    if method.why_not and method.why_not(world.examples):
        with pytest.raises(CurationError):
            world.score(method)
        return
    result = world.score(method)
    check_result(world, result)
    assert np.isfinite(result.values).sum() >= 57


@every_score
def test_equal_rows_equal_values(method):
    """Two identical training rows with the same label (the copies of row 10) get the same value."""
    world = tiny_world(unlabeled=0)
    order = np.arange(len(world.examples))
    order[11] = 10
    doubled = take(world, order)
    values = doubled.score(method).values
    assert values[10] == pytest.approx(values[11], rel=1e-5)


@every_score
def test_cancel_within_one_step(method):
    world = tiny_world()
    counting = Counting()
    world.score(method, progress=counting)
    assert counting.stages
    assert counting.steps >= 1
    for step in {1, counting.steps}:
        with pytest.raises(Cancelled):
            world.score(method, progress=CancelAt(step))


@every_score
def test_single_and_double_precision_agree(method):
    world = tiny_world()
    wide = as_float64(world).score(method).values
    np.testing.assert_allclose(world.score(method).values, wide, rtol=1e-4, atol=1e-5)


@every_score
def test_tiny_worlds(method):
    """A handful of rows, fewer than any K: values or a sentence."""
    for n in (3, 5):
        world = tiny_world(n=n, held_out=1, unlabeled=0)
        assert answered(world, method)


@every_score
def test_one_training_row(method):
    """One row to train on beside one that judges, and one row alone: values or a sentence."""
    assert answered(tiny_world(n=2, classes=2, held_out=1, unlabeled=0), method)
    assert answered(tiny_world(n=1, classes=2, held_out=0, unlabeled=0), method)


@every_score
def test_features_that_never_change(method):
    """Nothing tells the rows apart but their labels: values or a sentence, never a division by zero."""
    world = tiny_world(unlabeled=0)
    e = world.evidence
    flat = replace(
        e,
        embedding=np.ones_like(e.embedding),
        trace=replace(e.trace, logits=np.zeros_like(e.trace.logits)),
        checkpoints=tuple(
            replace(c, logits=np.zeros_like(c.logits), features=np.ones_like(c.features)) for c in e.checkpoints
        ),
        input_gradient_spread={k: np.zeros_like(v) for k, v in e.input_gradient_spread.items()},
        out_of_fold=np.full_like(e.out_of_fold, 1 / 3),
        texts=np.full(60, "the same words", dtype=object),
    )
    assert answered(replace(world, evidence=flat), method)


@every_score
def test_bad_input_is_named_not_filled(method):
    world = tiny_world(held_out=0)
    if method.why_not and method.why_not(world.examples):
        world = tiny_world()
    e = world.evidence
    logits = e.trace.logits.copy()
    logits[1, :, 20, 1] = np.nan
    broken = replace(
        e,
        trace=replace(e.trace, logits=logits),
        input_gradient_spread={k: _nan(v) for k, v in e.input_gradient_spread.items()},
        checkpoints=tuple(
            replace(c, logits=_nan(c.logits.T).T, features=_nan(c.features.T).T, gradient_norm=_nan(c.gradient_norm))
            for c in e.checkpoints
        ),
        fold_models=tuple(replace(f, features=_nan(f.features.T).T) for f in e.fold_models),
        embedding=_nan(e.embedding.T).T,
        texts=np.where(np.arange(len(e.texts)) == 20, None, e.texts),
        out_of_fold=_nan(e.out_of_fold.T).T,
    )
    if method.needs == (Signal.OUT_OF_FOLD,):  # a row no fold predicted is a reason, not a fault
        assert replace(world, evidence=broken).score(method).undefined["row without out-of-fold prediction"] == 1
        return
    with pytest.raises(CurationError, match="row 20|Row 20"):
        replace(world, evidence=broken).score(method)


def _nan(values: np.ndarray) -> np.ndarray:
    """A copy with entry 20 of the last axis spoiled."""
    out = values.copy()
    out[..., 20] = np.nan
    return out


@every_score
def test_bounds_of_the_settings(method):
    for one in fields(method.params):
        if one.metadata["low"] is not None:
            with pytest.raises(CurationError, match=one.name):
                check_params(replace(method.params(), **{one.name: type(one.default)(one.metadata["low"] - 1)}))
        if one.metadata["choices"]:
            with pytest.raises(CurationError, match=one.name):
                check_params(replace(method.params(), **{one.name: "no such choice"}))


def test_epoch_settings_are_resolved():
    world = tiny_world()
    for name in ("el2n", "loss", "margin", "entropy", "grand", "grand_last"):
        method = score_named(name)
        for asked in ("last", "mean", "1", "auto"):
            assert world.score(method, epochs=asked).meta["epochs_read"]
        with pytest.raises(CurationError, match="not recorded"):
            world.score(method, epochs=str(EPOCHS + 1))


CLASS_STATISTICS = {"vog", "vog_early"}  # compared with all rows of the class, held-out ones too; nothing aims at them


def _with_label(world, row, label):
    labels = world.examples.labels.copy()
    labels[row] = label
    return replace(world, examples=replace(world.examples, labels=labels))


@every_score
def test_only_scores_that_say_so_are_judged_by_held_out_labels(method):
    """A held-out label changes from one that no network predicts to another: what moves on a training row read it.

    (The networks' fit of the held-out rows, by which some scores choose their epochs, stays the same.)
    """
    world = tiny_world()
    predicted = world.evidence.trace.logits[:, -1].argmax(-1)
    row = next(r for r in world.examples.held_out_rows if len(set(predicted[:, r])) == 1)
    one, other = (_with_label(world, row, (predicted[0, row] + step) % 3).score(method).values for step in (1, 2))
    train = world.examples.train_rows
    moved = not np.allclose(one[train], other[train], atol=1e-6)
    assert moved == (method.judged_by_held_out or method.name in CLASS_STATISTICS)


def test_what_the_house_takes_a_score_for_is_said_by_one_score():
    assert [[m.name for m in SCORES if use in m.uses] for use in Use] == [[name_used_for(use)] for use in Use]
    ranks = sorted(method.coverage_rank for method in SCORES if method.coverage_rank)
    assert ranks == list(range(1, len(coverage_scores()) + 1)), "one first choice, one second, ..."
