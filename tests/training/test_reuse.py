"""A second run of a workspace trains nothing again and visits only for signals that no run has taken yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training.test_gather_evidence import _SMALL, SPEC, _arrays
from training.tiny_worlds import columns, pictures

from core.models.encoding import load_encoder
from core.models.stored import load_network, weights_of
from core.store.checkpoints import write_weights
from core.training import fitting, gather_evidence
from core.training.evidence import Resources
from core.types.progress import SilentProgress
from core.types.signals import Signal

CHEAP = frozenset({Signal.LOGITS, Signal.FEATURES})
DEAR = CHEAP | {Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD}
TABLE = replace(SPEC, model_params=_SMALL["table"])


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What was passed over (its signals) and trained (the epochs that were left) from here on."""
    seen: dict[str, list[Any]] = {"passes": [], "trainings": []}
    run_pass, train = fitting.run_pass, fitting.train

    def counted_pass(network: Any, encoded: Any, labels: Any, signals: Any, **how: Any) -> Any:
        seen["passes"].append(frozenset(signals))
        return run_pass(network, encoded, labels, signals, **how)

    def counted_train(*given: Any, **how: Any) -> Any:
        seen["trainings"].append(how["plan"].epochs - how["resume"].epoch)
        return train(*given, **how)

    monkeypatch.setattr(fitting, "run_pass", counted_pass)
    monkeypatch.setattr(fitting, "train", counted_train)
    return seen


def _gather(folder: Path, cache: Path | None, signals: frozenset[Signal], spec: Any = TABLE, examples: Any = None):
    given = columns() if examples is None else examples
    resources = Resources(cache=cache)
    return gather_evidence(given, spec, signals, folder=folder, seed=7, progress=SilentProgress(), resources=resources)


def _same(one: Any, two: Any) -> None:
    first, second = _arrays(one), _arrays(two)
    assert first.keys() == second.keys()
    assert [name for name in first if not np.array_equal(first[name], second[name])] == []


def test_other_scores_cost_only_the_signals_that_are_new(tmp_path: Path, passes: dict[str, list[Any]]) -> None:
    cache = tmp_path / "cache"
    _gather(tmp_path / "first", cache, CHEAP)
    assert (len(passes["trainings"]), len(passes["passes"])) == (2, 8)  # two seeds of four epochs
    passes["passes"].clear(), passes["trainings"].clear()
    second = _gather(tmp_path / "second", cache, DEAR)
    assert passes["trainings"] == []
    new = {Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD}
    assert passes["passes"] == [frozenset(new)] * 6  # three kept epochs of two seeds, and no features again
    passes["passes"].clear()
    third = _gather(tmp_path / "third", cache, DEAR)
    assert passes == {"passes": [], "trainings": []}
    _same(second, third)
    _same(third, _gather(tmp_path / "alone", None, DEAR))  # what was taken up is what would have been made
    assert len(passes["trainings"]) == 2


def test_nothing_is_taken_up_from_another_question(tmp_path: Path, passes: dict[str, list[Any]]) -> None:
    cache = tmp_path / "cache"
    _gather(tmp_path / "first", cache, CHEAP)
    for number, other in enumerate((replace(TABLE, learning_rate=0.011), replace(TABLE, model_params={"width": 9}))):
        passes["trainings"].clear()
        _gather(tmp_path / f"other-{number}", cache, CHEAP, other)
        assert passes["trainings"] == [4, 4]
    passes["trainings"].clear()
    _gather(tmp_path / "more rows", cache, CHEAP, TABLE, columns(63))
    assert passes["trainings"] == [4, 4]


def test_deleted_or_changed_files_are_made_again(tmp_path: Path, passes: dict[str, list[Any]]) -> None:
    cache = tmp_path / "cache"
    whole = _gather(tmp_path / "first", cache, DEAR)
    (tmp_path / "first/arrays/gradient_norm-s1-e2.npy").unlink()
    damaged = np.load(tmp_path / "first/arrays/features-s0-e1.npy")
    np.save(tmp_path / "first/arrays/features-s0-e1.npy", damaged + 1)
    passes["passes"].clear(), passes["trainings"].clear()
    again = _gather(tmp_path / "again", cache, DEAR)
    assert passes["trainings"] == []
    assert passes["passes"] == [frozenset({Signal.FEATURES}), frozenset({Signal.GRADIENT_NORM})]
    (one,) = (c for c in again.checkpoints if c.checkpoint == whole.checkpoints[0].checkpoint)
    np.testing.assert_array_equal(one.features, damaged)
    (tmp_path / "first/model/s0-e1.safetensors").unlink()
    (tmp_path / "again/model/s0-e1.safetensors").unlink()
    passes["trainings"].clear()
    _gather(tmp_path / "anew", cache, DEAR)
    assert passes["trainings"] == [4, 4]


def test_own_checkpoints_are_known_by_their_content(tmp_path: Path, passes: dict[str, list[Any]]) -> None:
    trained = _gather(tmp_path / "trained", None, CHEAP)
    paths = []
    for checkpoint in trained.trace.checkpoints[:3]:
        network = load_network(tmp_path / "trained" / "model", checkpoint)
        paths.append(write_weights(tmp_path / f"w{checkpoint.epoch}.safetensors", weights_of(network)))
    asked = replace(TABLE, weights=tuple(map(str, paths)))
    first = _gather(tmp_path / "first", tmp_path / "cache", DEAR, asked)
    moved = [path.rename(tmp_path / f"moved-{path.name}") for path in paths]
    passes["passes"].clear()
    second = _gather(tmp_path / "second", tmp_path / "cache", DEAR, replace(asked, weights=tuple(map(str, moved))))
    assert passes["passes"] == []
    _same(first, second)


def test_pictures_with_rough_passes_are_left_alone(tmp_path: Path, passes: dict[str, list[Any]]) -> None:
    rough = replace(SPEC, model="small_cnn", model_params=_SMALL["image"], epochs=1, seeds=1, bf16=True)
    for name in ("one", "two"):
        _gather(tmp_path / name, tmp_path / "cache", CHEAP, rough, pictures())
    assert passes["trainings"] == [1, 1]
    assert not (tmp_path / "cache").exists()


def test_signals_at_another_picture_size_are_not_taken_up(tmp_path: Path) -> None:
    """The same weights on the same pictures, seen at 10 and at 8 pixels: other features, whatever is in the cache."""
    cache, small = tmp_path / "cache", replace(SPEC, model_params=_SMALL["image"], epochs=1, seeds=1)
    _gather(tmp_path / "made", None, CHEAP, small, pictures())
    path = str(write_weights(tmp_path / "w.safetensors", weights_of(load_network(tmp_path / "made" / "model"))))
    ten, eight = (
        replace(small, model="small_cnn", weights=(path,), image_size=(side, side), mean=(0.5,), std=(0.25,))
        for side in (10, 8)
    )
    _gather(tmp_path / "ten", cache, CHEAP, ten, pictures())
    _gather(tmp_path / "logits", cache, frozenset({Signal.LOGITS}), eight, pictures())
    found = _gather(tmp_path / "eight", cache, CHEAP, eight, pictures())
    alone = _gather(tmp_path / "alone", None, CHEAP, eight, pictures())
    np.testing.assert_array_equal(found.checkpoints[0].features, alone.checkpoints[0].features)
    assert load_encoder(tmp_path / "eight/model/encoder").shape.dims == (3, 8, 8)


def test_a_training_that_was_there_before_is_not_handed_on(tmp_path: Path, passes: dict[str, list[Any]]) -> None:
    """A folder from elsewhere says that its training is finished; whether that is true, nobody here has seen."""
    cache = tmp_path / "cache"
    made = _gather(tmp_path / "elsewhere", None, CHEAP)
    logits = np.load(tmp_path / "elsewhere" / "arrays" / "logits.npy", mmap_mode="r+")
    logits[:] = -logits
    logits.flush()
    _gather(tmp_path / "elsewhere", cache, CHEAP)
    passes["trainings"].clear()
    mine = _gather(tmp_path / "mine", cache, CHEAP)
    assert len(passes["trainings"]) == 2
    np.testing.assert_array_equal(mine.trace.logits, -np.asarray(made.trace.logits))
