"""At what size and normalization a run's network sees images: told, known from beside its weights, or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NotRequired, TypedDict

from core.store.atomic import read_json
from core.types.errors import ModelError
from core.types.image_format import ImageFormat, channel_numbers, image_format_in, parse_image_size
from core.types.model_names import is_read
from core.types.runs import TrainingSpec
from core.types.validation import validated


class _Encoder(TypedDict):
    """encoder.json of images, as `ImageEncoder.save` writes it."""

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resampling: NotRequired[str]


def image_format_of(spec: TrainingSpec) -> ImageFormat:
    """What the spec says, and for what it leaves open the model's own files, or the encoder beside weights of a run."""
    said, beside = image_format_in(spec), _known(spec)
    return replace(
        said if said.size else replace(said, size=beside.size, resampling=beside.resampling),
        mean=said.mean or beside.mean,
        std=said.std or beside.std,
    )


def refuse_unknown(image_format: ImageFormat, model: str) -> None:
    """`ModelError` where a network that was made elsewhere would see images at a guessed size or normalization."""
    if not image_format.known:
        missing = "size, mean and deviation" if not image_format.mean else "size"
        missing = missing if not image_format.size else "mean and deviation"
        raise ModelError(
            f"At which {missing} does {model if ':' in model else 'the network of these weights'} want its images? "
            "Nothing says so, and a guess gives wrong numbers.",
            "Say it as it was trained: --image-size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
            "(after x / 255; 0 and 1 leave that as it is).",
        )


def without_weights(spec: TrainingSpec) -> TrainingSpec:
    """The same network to be trained afresh: it sees images as its weights want them."""
    if not spec.weights:
        return spec
    known = image_format_of(spec)
    return replace(spec, weights=(), image_size=known.size, mean=known.mean, std=known.std)


def _known(spec: TrainingSpec) -> ImageFormat:
    """What the model's own files say, or the encoder beside weights of an earlier run."""
    from .sources import format_of  # which opens models, and they come here

    return format_of(spec) if is_read(spec.model) else _beside(spec.weights)


def _beside(weights: Sequence[str]) -> ImageFormat:
    """What the encoder of the run says that keeps these weights; nothing where they come from several, or from none."""
    found = {_encoder_of(Path(path)) for path in weights}
    return found.pop() if len(found) == 1 else ImageFormat()


def _encoder_of(path: Path) -> ImageFormat:
    beside = path.parent / "encoder" / "encoder.json"
    if not beside.is_file():
        return ImageFormat()
    plain = read_json(beside)
    if not isinstance(plain, dict) or plain.get("kind") != "image":
        return ImageFormat()
    there = validated(plain, _Encoder, str(beside))
    return ImageFormat(
        parse_image_size((there["height"], there["width"])),
        channel_numbers("mean", there["mean"]),
        channel_numbers("std", there["std"]),
        there.get("resampling", "auto"),
    )
