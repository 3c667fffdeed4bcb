"""How one network is trained, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi

from core.models.family import InputShape, TrainingDefaults
from core.types.errors import ModelError
from core.types.runs import TrainingSpec

_SHIFT = 16  # an image is shifted by at most this part of its side
_COLORS = 3  # channels of a color image; only color images are mirrored


@dataclass(frozen=True)
class TrainingPlan:
    """optimizer: sgd (v <- momentum v + g; w <- w - lr v) or adam. Weight decay touches weights, never biases or norms.

    schedule: constant, or cosine (one epoch of warm-up, then half a cosine down to 0), a function of the step alone.
    shift, mirror: training steps see each image moved by up to `shift` pixels either way and mirrored half the time.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 0.05
    optimizer: str = "sgd"
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 5e-4
    schedule: str = "constant"
    shift: int = 0
    mirror: bool = False

    def rate(self, done: float) -> float:
        """Learning rate after `done` epochs, whole or in part."""
        if self.schedule == "constant":
            return self.learning_rate
        warm = min(1.0, self.epochs / 4)
        if done < warm:
            return self.learning_rate * (0.1 + 0.9 * done / warm)
        return self.learning_rate * (1 + cos(pi * (done - warm) / max(self.epochs - warm, 1e-9))) / 2


def plan_from(spec: TrainingSpec, defaults: TrainingDefaults) -> TrainingPlan:
    """What the person asked for, and the family's defaults for the rest; `ModelError` on a value that cannot train."""
    plan = TrainingPlan(
        epochs=defaults.epochs if spec.epochs is None else spec.epochs,
        batch_size=spec.batch_size or defaults.batch_size,
        learning_rate=defaults.learning_rate if spec.learning_rate is None else spec.learning_rate,
        optimizer=defaults.optimizer,
        schedule=defaults.schedule,
        weight_decay=defaults.weight_decay if spec.weight_decay is None else spec.weight_decay,
    )
    for name, value, low in (
        ("epochs", plan.epochs, 1),
        ("seeds", spec.seeds, 1),
        ("batch_size", plan.batch_size, 1),
        ("checkpoints", spec.checkpoints, 1),
    ):
        if value < low:
            raise ModelError(f"{name} is {value}.", f"Give at least {low}.")
    if plan.learning_rate <= 0 or plan.weight_decay < 0:
        raise ModelError(
            f"Learning rate {plan.learning_rate} and weight decay {plan.weight_decay} cannot train a network.",
            "Give a positive learning rate and a weight decay of at least 0.",
        )
    return plan


def with_moves(plan: TrainingPlan, shape: InputShape) -> TrainingPlan:
    """The plan with the moves that keep what an image shows: a shift by a sixteenth of its smaller side, and for color
    images a mirror, which would turn a digit, a letter or a scan in gray into another one.
    """
    if len(shape.dims) != 3:
        return plan
    return replace(plan, shift=min(shape.dims[1:]) // _SHIFT, mirror=shape.dims[0] >= _COLORS)


def kept_epochs(epochs: int, count: int) -> tuple[int, ...]:
    """At most `count` evenly spaced epochs of 1..epochs, the first and the last among them (only the last for one)."""
    if count == 1:
        return (epochs,)
    steps = min(count, epochs)
    return tuple(sorted({round(1 + i * (epochs - 1) / max(steps - 1, 1)) for i in range(steps)}))


def stages(epochs: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Which kept epochs belong to which stage of training: early, middle and late hold at least three each
    (overlapping below nine); fewer than three kept epochs have no stages but "all".
    """
    whole = {"all": epochs}
    if len(epochs) < 3:
        return whole
    size = max(3, len(epochs) // 3)
    start = (len(epochs) - size) // 2
    return {"early": epochs[:size], "middle": epochs[start : start + size], "late": epochs[-size:], **whole}
