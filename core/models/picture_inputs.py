"""At what size and normalization a run's network sees pictures: told, known from beside its weights, or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NotRequired, TypedDict

from core.store.atomic import read_json
from core.types.errors import ModelError
from core.types.pictures import Pictures, channel_numbers, picture_size, pictures_in
from core.types.runs import TrainingSpec
from core.types.shapes import shaped


class _Encoder(TypedDict):
    """encoder.json of pictures, as `ImageEncoder.save` writes it."""

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resampling: NotRequired[str]


def pictures_of(spec: TrainingSpec) -> Pictures:
    """What the spec says, and for what it leaves open the encoder that lies beside weights of an earlier run."""
    told, beside = pictures_in(spec), _beside(spec.weights)
    return replace(
        told if told.size else replace(told, size=beside.size, resampling=beside.resampling),
        mean=told.mean or beside.mean,
        std=told.std or beside.std,
    )


def refuse_unknown(pictures: Pictures, model: str) -> None:
    """`ModelError` where a network that was made elsewhere would see pictures at a guessed size or normalization."""
    if not pictures.known:
        missing = "size, mean and deviation" if not pictures.mean else "size"
        missing = missing if not pictures.size else "mean and deviation"
        raise ModelError(
            f"At which {missing} does {model if ':' in model else 'the network of these weights'} want its pictures? "
            "Nothing says so, and a guess gives wrong numbers.",
            "Say it as it was trained: --image-size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
            "(after x / 255; 0 and 1 leave that as it is).",
        )


def without_weights(spec: TrainingSpec) -> TrainingSpec:
    """The same network to be trained afresh: it sees pictures as its weights want them."""
    if not spec.weights:
        return spec
    known = pictures_of(spec)
    return replace(spec, weights=(), image_size=known.size, mean=known.mean, std=known.std)


def _beside(weights: Sequence[str]) -> Pictures:
    """What the encoder of the run says that keeps these weights; nothing where they come from several, or from none."""
    found = {_encoder_of(Path(path)) for path in weights}
    return found.pop() if len(found) == 1 else Pictures()


def _encoder_of(path: Path) -> Pictures:
    beside = path.parent / "encoder" / "encoder.json"
    if not beside.is_file():
        return Pictures()
    plain = read_json(beside)
    if not isinstance(plain, dict) or plain.get("kind") != "image":
        return Pictures()
    there = shaped(plain, _Encoder, str(beside))
    return Pictures(
        picture_size((there["height"], there["width"])),
        channel_numbers("mean", there["mean"]),
        channel_numbers("std", there["std"]),
        there.get("resampling", "auto"),
    )
