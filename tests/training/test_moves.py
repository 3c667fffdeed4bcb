"""Moved images: as one pixel at a time would be, drawn from seed and epoch alone, and only where meaning is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training.tiny_worlds import Counting, pictures, table_of

from core.models import InputShape, model_named
from core.training import gather_evidence
from core.training.augment import draw_moves, moved
from core.training.job import prepare
from core.training.plan import TrainingPlan, with_moves
from core.types.errors import Cancelled
from core.types.examples import ExampleTable, Modality
from core.types.progress import SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal

PLAN = TrainingPlan(epochs=3, shift=2, mirror=True)
SPEC = TrainingSpec(model="wide_cnn", model_params={"width": 8}, epochs=3, seeds=1, folds=2, batch_size=16)


def _one_moved(image: np.ndarray, down: int, right: int, mirrored: int) -> np.ndarray:
    """Pixel by pixel: mirrored first, then shifted; 0 comes in from outside."""
    out = np.zeros_like(image)
    height, width = image.shape[1:]
    for y in range(height):
        for x in range(width):
            to_y, to_x = y + down, (width - 1 - x if mirrored else x) + right
            if 0 <= to_y < height and 0 <= to_x < width:
                out[:, to_y, to_x] = image[:, y, x]
    return out


def test_moves_equal_the_pixel_by_pixel_twin() -> None:
    images = np.random.default_rng(0).normal(size=(40, 3, 5, 7)).astype(np.float32)
    moves = draw_moves(1, 1, 40, PLAN)
    assert moves is not None
    found = moved(torch.from_numpy(images), moves).numpy()
    for image, move, one in zip(images, moves, found, strict=True):
        np.testing.assert_array_equal(one, _one_moved(image, *move))


def test_moves_are_drawn_from_seed_epoch_and_place() -> None:
    first = draw_moves(3, 1, 500, PLAN)
    assert first is not None
    np.testing.assert_array_equal(first, draw_moves(3, 1, 500, PLAN))
    for other in (draw_moves(4, 1, 500, PLAN), draw_moves(3, 2, 500, PLAN)):
        assert not np.array_equal(first, other)
    assert set(first[:, 0]) == set(first[:, 1]) == {-2, -1, 0, 1, 2}
    assert 0.4 < first[:, 2].mean() < 0.6  # 500 coins
    still = draw_moves(3, 1, 500, replace(PLAN, mirror=False))
    assert still is not None
    assert not still[:, 2].any()
    assert draw_moves(3, 1, 500, replace(PLAN, shift=0, mirror=False)) is None


@pytest.mark.parametrize(
    ("dims", "shift", "mirror"),
    [((3, 32, 32), 2, True), ((1, 28, 28), 1, False), ((1, 8, 8), 0, False), ((9,), 0, False)],
)
def test_only_color_images_are_mirrored_and_small_ones_stay(dims: tuple[int, ...], shift: int, mirror: bool) -> None:
    plan = with_moves(TrainingPlan(epochs=1), InputShape(Modality.IMAGE, dims))
    assert (plan.shift, plan.mirror) == (shift, mirror)


def test_the_plan_of_a_job_says_what_is_moved(tmp_path: Path) -> None:
    def plan(model: str) -> TrainingPlan:
        spec = replace(SPEC, model=model)
        return prepare(_large(), spec, frozenset({Signal.LOGITS}), tmp_path, 0, SilentProgress(), None).plan

    assert (plan("wide_cnn").shift, plan("wide_cnn").mirror) == (2, True)
    assert (plan("small_cnn").shift, plan("small_cnn").mirror) == (0, False)
    assert plan("auto") == plan("wide_cnn")


def test_a_stopped_training_on_moved_images_resumes_bit_for_bit(tmp_path: Path) -> None:
    def logits(folder: Path, progress) -> np.ndarray:
        wanted = frozenset({Signal.LOGITS})
        found = gather_evidence(_large(), SPEC, wanted, folder=folder, seed=7, progress=progress)
        assert found.trace is not None
        return np.array(found.trace.logits)

    whole = logits(tmp_path / "whole", SilentProgress())
    with pytest.raises(Cancelled):
        logits(tmp_path / "stopped", Counting(stop=6))  # within the second epoch
    np.testing.assert_array_equal(logits(tmp_path / "stopped", SilentProgress()), whole)


def test_auto_takes_the_wide_network_from_32_pixels_on() -> None:
    for side, name in ((28, "small_cnn"), (32, "wide_cnn"), (64, "wide_cnn")):
        assert model_named("auto", Modality.IMAGE, InputShape(Modality.IMAGE, (3, side, side))).name == name
    assert model_named("auto", Modality.IMAGE).name == "small_cnn"


def _large() -> ExampleTable:
    few = pictures(rows=40, side=32)
    return table_of(few.inputs, few.labels, Modality.IMAGE)
