"""All signals over all kinds of data; resume is bitwise; other questions are refused."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracles.per_example_gradients import input_gradient, loop_gradient_norms
from torch import nn
from training.tiny_worlds import WORLDS, Counting, columns, pictures, table_of

from core.models.encoding import fit_encoder, load_encoder
from core.models.stored import load_card, load_estimator, load_network, weights_of
from core.store.checkpoints import read_weights, write_weights
from core.training import gather_evidence
from core.types.errors import Cancelled, ModelError, RunError
from core.types.evidence import Evidence
from core.types.examples import Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal

ALL = frozenset(Signal)
SPEC = TrainingSpec(epochs=4, seeds=2, folds=3, checkpoints=3, batch_size=16, model_params={})
_SMALL = {"image": {"width": 8}, "table": {"width": 8}, "text": {"embedding": 6, "hidden": 5}}


def _gather(kind: str, folder: Path, progress: Any = None, **changes: Any) -> Evidence:
    spec = replace(SPEC, model_params=_SMALL[kind], **changes)
    return gather_evidence(WORLDS[kind](), spec, ALL, folder=folder, seed=7, progress=progress or SilentProgress())


def _arrays(value: Any, path: str = "") -> dict[str, np.ndarray]:
    """Every array inside nested evidence, by where it is."""
    if isinstance(value, np.ndarray):
        return {path: np.array(value)}
    if is_dataclass(value):
        return {k: v for f in fields(value) for k, v in _arrays(getattr(value, f.name), f"{path}.{f.name}").items()}
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    return {k: v for name, part in parts for k, v in _arrays(part, f"{path}.{name}").items()}


@pytest.fixture(scope="module", params=list(WORLDS))
def gathered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp(request.param)
    progress = Counting()
    return request.param, folder, _gather(request.param, folder, progress), progress


def test_everything_asked_for_is_there_and_finite(gathered) -> None:
    kind, _, evidence, _ = gathered
    examples = WORLDS[kind]()
    rows = len(examples)
    assert evidence.trace.logits.shape == (2, 4, rows, 3)
    assert [(c.checkpoint.epoch) for c in evidence.checkpoints] == [1, 2, 4] * 2
    assert evidence.stage_epochs["all"] == (1, 2, 4)
    assert all(v.shape == (2, rows) for v in evidence.input_gradient_spread.values())
    assert set(evidence.input_gradient_spread) == {"all", "early", "middle", "late"}
    assert evidence.out_of_fold.shape == (rows, 3)
    np.testing.assert_allclose(evidence.out_of_fold.sum(1), 1, atol=1e-6)  # softmax in float64 of float32 logits
    assert len(evidence.fold_models) == 3
    assert all(np.isfinite(v).all() for v in _arrays(evidence).values())
    np.testing.assert_array_equal(np.flatnonzero(evidence.trace.trained), examples.train_rows)


def test_progress_reaches_each_total(gathered) -> None:
    assert [(total, done) for _, total, done in gathered[3].stages] == [(t, t) for _, t, _ in gathered[3].stages]


def test_signals_equal_one_example_at_a_time(gathered) -> None:
    kind, folder, evidence, _ = gathered
    examples = WORLDS[kind]()
    encoded = load_encoder(folder / "model" / "encoder").encode(examples)
    gradients: dict[int, list[np.ndarray]] = {0: [], 1: [], len(examples) // 2: []}  # the last is unlabeled
    for seen in (c for c in evidence.checkpoints if c.checkpoint.seed == evidence.trace.seeds[0]):
        network = load_network(folder / "model", seen.checkpoint)
        x = encoded.batch(np.arange(len(examples)))
        with torch.no_grad():
            logits = network(x)
            features = network.features(x)
        # float32 with other batch sizes: agreement to rounding of sums of some hundred terms
        np.testing.assert_allclose(seen.logits, logits.numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(seen.features, features.numpy(), rtol=1e-4, atol=1e-5)
        targets = torch.where(
            torch.from_numpy(examples.labels) < 0, logits.argmax(1), torch.from_numpy(examples.labels)
        )
        few = slice(0, 8)
        part = tuple(v[few] for v in x) if isinstance(x, tuple) else x[few]
        np.testing.assert_allclose(seen.gradient_norm[few], loop_gradient_norms(network, part, targets[few]), rtol=1e-3)
        for row, found in gradients.items():
            found.append(input_gradient(network, encoded.batch(np.array([row])), int(targets[row])))
    for row, found in gradients.items():  # the spread's oracle: keep all gradients, then take the standard deviation
        wanted = np.std(np.stack(found).astype(np.float64), axis=0).mean()
        assert evidence.input_gradient_spread["all"][0, row] == pytest.approx(wanted, rel=2e-3, abs=1e-7)


def test_asking_again_reads_and_retrains_nothing(gathered) -> None:
    kind, folder, evidence, _ = gathered
    before = {p: p.stat().st_mtime_ns for p in (folder / "arrays").iterdir() if p.name.startswith(("features", "fold"))}
    again = _gather(kind, folder)
    assert {p: p.stat().st_mtime_ns for p in before} == before
    one, two = _arrays(evidence), _arrays(again)
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[k], two[k]) for k in one)


@pytest.mark.parametrize("stop", [9, 23, 41])
def test_a_stopped_run_resumes_bit_for_bit(stop: int, gathered, tmp_path: Path) -> None:
    kind, _, evidence, progress = gathered
    with pytest.raises(Cancelled):
        _gather(kind, tmp_path, Counting(stop=min(stop, progress.steps - 1)))
    resumed = _arrays(_gather(kind, tmp_path))
    whole = _arrays(evidence)
    assert whole.keys() == resumed.keys()
    different = [k for k in whole if not np.array_equal(whole[k], resumed[k])]
    assert different == []


def test_another_question_is_refused_in_words(tmp_path: Path) -> None:
    ask = {"folder": tmp_path, "seed": 0, "progress": SilentProgress()}
    spec = replace(SPEC, model_params=_SMALL["table"], epochs=1, seeds=1)
    gather_evidence(columns(), spec, frozenset({Signal.LOGITS}), **ask)
    with pytest.raises(RunError, match="does not match: another training"):
        gather_evidence(columns(), replace(spec, epochs=2), frozenset({Signal.LOGITS}), **ask)
    with pytest.raises(RunError, match="does not match: another dataset"):
        gather_evidence(columns(63), spec, frozenset({Signal.LOGITS}), **ask)


def test_held_out_rows_are_not_trained_on_and_need_no_fold_networks(tmp_path: Path) -> None:
    spec = replace(SPEC, model_params=_SMALL["table"], epochs=1, seeds=1)
    evidence = gather_evidence(columns(held_out=10), spec, ALL, folder=tmp_path, seed=0, progress=SilentProgress())
    assert not evidence.trace.trained[-10:].any()
    assert evidence.fold_models == ()
    np.testing.assert_allclose(evidence.out_of_fold[-10:].sum(1), 1)
    assert not evidence.trace.seen_correct[:, :, -10:].any()


def test_estimators_give_probabilities_and_are_stored_without_pickle(tmp_path: Path) -> None:
    spec = replace(SPEC, model="gradient_boosting", model_params={"rounds": 3})
    evidence = gather_evidence(columns(), spec, ALL, folder=tmp_path, seed=0, progress=SilentProgress())
    assert evidence.trace is None
    assert evidence.out_of_fold_model == "gradient_boosting"
    card, encoder = load_card(tmp_path / "model")
    assert card.estimator == "gradient_boosting"
    probabilities = load_estimator(tmp_path / "model").predict_proba(encoder.matrix(columns()))
    assert probabilities.shape == (60, 3)


def test_fault_41_networks_are_always_visited_in_eval_mode(tmp_path: Path) -> None:
    """Dropout and batch norm would make another network of it: what is recorded is what eval() says."""
    examples = columns()
    width = fit_encoder(examples, examples.train_rows).shape.dims[0]

    def factory() -> nn.Module:
        layers = nn.Linear(width, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)
        return nn.Sequential(*layers).train()

    signals = frozenset({Signal.LOGITS, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD})
    asked = {"folder": tmp_path, "seed": 0, "progress": SilentProgress(), "trusted_factory": factory}
    found = gather_evidence(examples, replace(SPEC, epochs=0, seeds=1), signals, **asked)
    network, stored = factory(), read_weights(tmp_path / "model/s0-e1.safetensors")
    network.load_state_dict({name.removeprefix("inner."): torch.from_numpy(value) for name, value in stored.items()})
    with torch.no_grad():
        x = load_card(tmp_path / "model")[1].encode(examples).batch(np.arange(len(examples)))
        wanted = network.eval()(x).numpy()
    np.testing.assert_allclose(found.trace.logits[0, 0], wanted, rtol=1e-5, atol=1e-6)


def test_own_weights_are_visited_in_order(tmp_path: Path) -> None:
    trained = _gather("table", tmp_path / "trained", checkpoints=4)
    paths = []
    for checkpoint in trained.trace.checkpoints[:4]:
        network = load_network(tmp_path / "trained" / "model", checkpoint)
        paths.append(str(write_weights(tmp_path / f"w{checkpoint.epoch}.safetensors", weights_of(network))))
    visited = _gather("table", tmp_path / "own", weights=tuple(paths), checkpoints=3)
    np.testing.assert_array_equal(visited.trace.logits[0], trained.trace.logits[0])
    assert [c.checkpoint.epoch for c in visited.checkpoints] == [1, 2, 4]
    np.testing.assert_array_equal(
        visited.checkpoints[1].gradient_norm, np.load(tmp_path / "trained/arrays/gradient_norm-s0-e2.npy")
    )


def test_fault_40_weights_whose_outputs_are_not_numbers_are_counted_not_hidden(tmp_path: Path) -> None:
    _gather("table", tmp_path / "trained", seeds=1)
    weights = weights_of(load_network(tmp_path / "trained" / "model"))
    weights["head.bias"] = np.full_like(weights["head.bias"], np.nan)
    path = write_weights(tmp_path / "broken.safetensors", weights)
    spec = replace(SPEC, model_params=_SMALL["table"], weights=(str(path),))
    gather_evidence(
        columns(),
        spec,
        frozenset({Signal.LOGITS, Signal.GRADIENT_NORM}),
        folder=tmp_path / "own",
        seed=7,
        progress=SilentProgress(),
    )
    assert "not finite for 60 rows" in load_card(tmp_path / "own" / "model")[0].notes[0]


def test_weights_for_another_input_name_both_shapes(tmp_path: Path) -> None:
    _gather("table", tmp_path / "trained", seeds=1)
    path = write_weights(tmp_path / "w.safetensors", weights_of(load_network(tmp_path / "trained" / "model")))
    other = table_of(columns().inputs.drop(columns="y"), columns().labels, Modality.TABLE)
    with pytest.raises(ModelError, match=r"hidden.0.weight is 8 x \d, the model has 8 x \d"):
        gather_evidence(
            other,
            replace(SPEC, model_params=_SMALL["table"], weights=(str(path),)),
            ALL,
            folder=tmp_path / "o",
            seed=0,
            progress=SilentProgress(),
        )


def test_row_order_does_not_matter_to_a_visit_and_seeds_repeat(tmp_path: Path) -> None:
    one = _gather("image", tmp_path / "one", seeds=1, epochs=1)
    two = _gather("image", tmp_path / "two", seeds=1, epochs=1)
    np.testing.assert_array_equal(one.trace.logits, two.trace.logits)
    assert not np.array_equal(
        one.trace.logits, _gather("image", tmp_path / "three", seeds=2, epochs=1).trace.logits[1:]
    )


def test_pictures_of_many_sizes_are_resized(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    several = np.empty(12, dtype=object)
    for i in range(12):
        several[i] = rng.integers(0, 255, (40 + i, 70, 3), dtype=np.uint8)
    examples = table_of(several, np.arange(12) % 3, Modality.IMAGE)
    spec = replace(SPEC, model_params={"width": 8}, epochs=1, seeds=1)
    evidence = gather_evidence(
        examples, spec, frozenset({Signal.LOGITS}), folder=tmp_path, seed=0, progress=SilentProgress()
    )
    assert evidence.trace.logits.shape == (1, 1, 12, 3)
    assert load_encoder(tmp_path / "model/encoder").shape.dims == (3, 32, 32)
    assert pictures().inputs.shape[1:] == (10, 10, 3)
