"""The plan, the loop, the running spread and the folds, each against something obvious."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from training.tiny_worlds import CLASSES, Counting, columns, table_of

from core.models.family import TrainingDefaults
from core.models.vector_rows import VectorRows
from core.training.folds import assign_folds, fit
from core.training.loop import EpochEnd, Resume, TrainingRows, train
from core.training.plan import TrainingPlan, kept_epochs, plan_from, stages
from core.training.spread import RunningSpread, StageSpreads
from core.types.errors import Cancelled, ModelError
from core.types.examples import Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec

PLAN = TrainingPlan(epochs=3, batch_size=8, learning_rate=0.1)


def _world() -> tuple[VectorRows, np.ndarray]:
    rng = np.random.default_rng(0)
    return VectorRows(rng.normal(size=(30, 4))), rng.integers(0, 3, 30)


def _fresh() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def test_sgd_is_the_written_rule() -> None:
    encoded, labels = _world()
    plan = replace(PLAN, weight_decay=0.01)
    trained = train(
        _fresh(), TrainingRows(encoded, labels, np.arange(30)), seed=5, plan=plan, progress=SilentProgress()
    )
    network = _fresh().double()
    velocity = [torch.zeros_like(p) for p in network.parameters()]
    for epoch in (1, 2, 3):
        order = np.random.default_rng([5, epoch]).permutation(30)
        for start in range(0, 30, 8):
            rows = order[start : start + 8]
            loss = nn.functional.cross_entropy(network(encoded.batch(rows).double()), torch.from_numpy(labels[rows]))
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            with torch.no_grad():
                for p, v, g in zip(network.parameters(), velocity, gradients, strict=True):
                    v.mul_(0.9).add_(g + (0.01 * p if p.dim() > 1 else 0))  # weights decay, the bias does not
                    p.sub_(0.1 * v)
    for one, two in zip(trained.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(one.double(), two, rtol=1e-5, atol=1e-6)  # float32 against float64


def test_seen_correct_is_before_the_update_and_in_row_order() -> None:
    encoded, labels = _world()
    network, ends = _fresh(), []
    before = network(encoded.batch(np.arange(30))).argmax(1).numpy() == labels
    plan = replace(PLAN, epochs=1, batch_size=30)
    train(
        network,
        TrainingRows(encoded, labels, np.arange(30)[::-1].copy()),
        seed=0,
        plan=plan,
        progress=SilentProgress(),
        on_epoch=ends.append,
    )
    np.testing.assert_array_equal(ends[0].seen_correct[::-1], before)


def test_going_on_after_an_epoch_equals_never_stopping() -> None:
    encoded, labels = _world()
    whole = train(_fresh(), TrainingRows(encoded, labels, np.arange(30)), seed=1, plan=PLAN, progress=SilentProgress())
    kept: dict = {}

    def stop(end: EpochEnd) -> None:
        kept.update(optimizer=end.optimizer.state_dict(), epoch=end.epoch)
        if end.epoch == 2:
            raise Cancelled

    half = _fresh()
    with pytest.raises(Cancelled):
        train(
            half,
            TrainingRows(encoded, labels, np.arange(30)),
            seed=1,
            plan=PLAN,
            progress=SilentProgress(),
            on_epoch=stop,
        )
    train(
        half,
        TrainingRows(encoded, labels, np.arange(30)),
        seed=1,
        plan=PLAN,
        progress=SilentProgress(),
        resume=Resume(kept["epoch"], kept["optimizer"]),
    )
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), half.parameters(), strict=True))


def test_cancel_stops_within_one_batch_and_divergence_is_said() -> None:
    encoded, labels = _world()
    progress = Counting(stop=2)
    progress.stage("", 12)
    with pytest.raises(Cancelled):
        train(_fresh(), TrainingRows(encoded, labels, np.arange(30)), seed=1, plan=PLAN, progress=progress)
    assert progress.steps == 2
    with pytest.raises(ModelError, match="epoch"):
        train(
            _fresh(),
            TrainingRows(encoded, labels, np.arange(30)),
            seed=1,
            plan=replace(PLAN, learning_rate=1e30, epochs=50),
            progress=SilentProgress(),
        )


def test_cosine_warms_up_and_comes_down_to_nothing() -> None:
    plan = TrainingPlan(epochs=8, learning_rate=1.0, schedule="cosine")
    rates = [plan.rate(t) for t in np.linspace(0, 8, 81)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(rates[10:]) <= 0)


@pytest.mark.parametrize(
    ("epochs", "count", "kept"), [(12, 6, (1, 3, 5, 8, 10, 12)), (3, 6, (1, 2, 3)), (9, 1, (9,)), (1, 6, (1,))]
)
def test_kept_epochs(epochs: int, count: int, kept: tuple[int, ...]) -> None:
    assert kept_epochs(epochs, count) == kept


def test_stages_hold_three_checkpoints_each() -> None:
    found = stages((1, 3, 5, 8, 10, 12))
    assert found == {"early": (1, 3, 5), "middle": (3, 5, 8), "late": (8, 10, 12), "all": (1, 3, 5, 8, 10, 12)}
    assert stages(tuple(range(1, 13)))["late"] == (9, 10, 11, 12)
    assert stages((1, 2)) == {"all": (1, 2)}


@pytest.mark.parametrize("change", [{"epochs": 0}, {"seeds": 0}, {"learning_rate": -1.0}, {"weight_decay": -1.0}])
def test_settings_that_cannot_train_are_refused(change: dict) -> None:
    with pytest.raises(ModelError):
        plan_from(replace(TrainingSpec(), **change), TrainingDefaults())


def test_running_spread_equals_the_kept_stack(tmp_path) -> None:
    values = np.random.default_rng(0).normal(5, 1, (7, 20, 6)).astype(np.float32)
    spread = RunningSpread(20, tmp_path / "spread.npy")
    for checkpoint in values:
        spread.begin()
        for rows in (np.arange(0, 12), np.arange(12, 20)):
            spread.add(rows, checkpoint[rows])
    np.testing.assert_allclose(spread.finish(), values.astype(np.float64).std(0).mean(1), rtol=1e-5)  # float32 moments


def test_constant_checkpoints_have_no_spread_at_all() -> None:
    spreads = StageSpreads(4, {"all": (1, 2, 3)})
    values = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)
    for epoch in (1, 2, 3):
        spreads.begin(epoch)
        spreads.add(np.arange(4), values)
        spreads.end(epoch)
    assert spreads.results["all"].tolist() == [0, 0, 0, 0]


def test_folds_are_stratified_and_keep_groups_together() -> None:
    examples = columns(90)
    fold_of = assign_folds(examples, examples.train_rows, 5, 0)
    assert (fold_of[examples.labels < 0] == -1).all()
    for label in range(len(CLASSES)):
        counts = np.bincount(fold_of[examples.labels == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    grouped = table_of(
        examples.inputs, examples.labels, Modality.TABLE, groups=np.array([f"g{i // 3}" for i in range(90)])
    )
    fold_of = assign_folds(grouped, grouped.train_rows, 5, 0)
    for group in np.unique(grouped.groups):
        assert len({int(f) for f in fold_of[(grouped.groups == group) & (grouped.labels >= 0)]}) == 1
    with pytest.raises(ModelError, match="do not make 5 folds"):
        assign_folds(columns(4), columns(4).train_rows, 5, 0)


def test_one_class_gets_an_estimator_that_says_so() -> None:
    estimator = fit(lambda: pytest.fail("nothing to learn"), np.zeros((3, 1)), np.zeros(3, int))
    assert estimator.predict_proba(np.zeros((1, 1))).tolist() == [[1.0]]
