"""How a network wants its images: height and width, and what is subtracted and divided by after x / 255."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .errors import ModelError
from .runs import TrainingSpec

MAX_SIDE = 4096  # pixels: one float32 image of that size and three channels takes 200 MB
_SIZES = "Give a side in pixels (224), or height and width (128x64), of 1 to 4,096."
_NUMBERS = "Give one number for each channel, after x / 255, such as 0.485,0.456,0.406; one alone counts for all."
_POSITIVE = " They lie above 0."
_MOST_CHANNELS = 64  # far more than images have; a longer list is no list of channels
_LARGEST = 8  # means of pixels in 0..1 lie in 0..1, deviations below 1; those of 0..255 are tens


@dataclass(frozen=True)
class ImageFormat:
    """size: (height, width). mean, std: of pixels in 0..1, one per channel or one for all. () = not said.

    resampling: bilinear or bicubic (whole image, antialiased, no crop), or auto: box means where images shrink to
    below half.
    """

    size: tuple[int, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resampling: str = "auto"

    @property
    def known(self) -> bool:
        """Nothing is left to guess."""
        return bool(self.size and self.mean and self.std)


def parse_image_size(size: Any) -> tuple[int, ...]:
    """(height, width) of 224, "224", "128x64" or (128, 64); () of None or ""; `ModelError` for anything else."""
    parts = size.lower().replace("×", "x").split("x") if isinstance(size, str) else _listed(size)
    if not parts or parts == [""]:
        return ()
    try:
        sides = [float(part) for part in parts]
    except (TypeError, ValueError):
        raise ModelError(f"The image size {size!r} is not a size.", _SIZES) from None
    if len(sides) > 2 or not all(1 <= side <= MAX_SIDE and side == int(side) for side in sides):
        raise ModelError(f"The image size {size!r} is not a size.", _SIZES)
    return int(sides[0]), int(sides[-1])


def channel_numbers(name: str, value: Any) -> tuple[float, ...]:
    """Finite numbers of "0.5,0.5,0.5", 0.5 or [0.5, ...]; () of None or ""; `name` is mean or std (above 0).

    Raises `ModelError` for anything else, and for numbers that must have been meant for pixels of 0 to 255.
    """
    parts = value.split(",") if isinstance(value, str) else _listed(value)
    if not parts or parts == [""]:
        return ()
    numbers = _floats(name, value, parts)
    if not all(map(math.isfinite, numbers)) or len(numbers) > _MOST_CHANNELS:
        raise ModelError(f"{name} is {value!r}.", _NUMBERS + (_POSITIVE if name == "std" else ""))
    if name == "std" and min(numbers) <= 0:
        raise ModelError(f"{name} is {value!r}.", _NUMBERS + _POSITIVE)
    if max(map(abs, numbers)) > _LARGEST:
        raise ModelError(f"{name} is {value!r}: pixels are divided by 255 first.", "Divide these numbers by 255.")
    return numbers


def _floats(name: str, value: Any, parts: list[Any]) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        raise ModelError(f"{name} is {value!r}, which are not numbers.", _NUMBERS) from None


def _listed(value: Any) -> list[Any]:
    """A list of one number, of an array or tensor, of a sequence; [] of None."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    return [] if plain is None else list(plain) if isinstance(plain, (list, tuple)) else [plain]


def with_image_format(spec: TrainingSpec, image_size: Any, mean: Any, std: Any) -> TrainingSpec:
    """The spec with the given values, each in any of its forms; those that are None stay as they were."""
    return replace(
        spec,
        image_size=parse_image_size(image_size) or spec.image_size,
        mean=channel_numbers("mean", mean) or spec.mean,
        std=channel_numbers("std", std) or spec.std,
    )


def image_format_in(spec: TrainingSpec) -> ImageFormat:
    """What the spec says, checked; `ModelError` for what is no size, mean or deviation."""
    size = parse_image_size(spec.image_size)
    mean, std = channel_numbers("mean", spec.mean), channel_numbers("std", spec.std)
    if bool(mean) != bool(std):
        there, missing = ("mean", "std") if mean else ("std", "mean")
        raise ModelError(
            f"{there} is given without {missing}.", f"Give --{missing} too; mean 0 and std 1 leave x / 255 as it is."
        )
    return ImageFormat(size, mean, std, "bilinear" if size else "auto")
