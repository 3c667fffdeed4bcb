"""Settings of the built-in networks; they need no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.types.params import param


@dataclass(frozen=True)
class MlpParams:
    """Settings of the multilayer perceptron."""

    width: int = param(128, label="Hidden width", low=1, high=8192, help="Units of each hidden layer.")
    depth: int = param(2, label="Hidden layers", low=0, high=12, help="0 is a linear model.")


@dataclass(frozen=True)
class CnnParams:
    """Settings of the small convolutional network."""

    width: int = param(
        32, label="First width", low=8, high=256, help="Channels of the first convolution; a multiple of 8."
    )


@dataclass(frozen=True)
class WideCnnParams:
    """Settings of the wide convolutional network."""

    width: int = param(
        64,
        label="First width",
        low=8,
        high=512,
        help="Channels of the first layers, a multiple of 8; the last have twice as many.",
    )


@dataclass(frozen=True)
class ResnetParams:
    """Settings of the small residual network."""

    width: int = param(16, label="First width", low=8, high=256, help="Channels of the first stage; a multiple of 8.")
    blocks: int = param(1, label="Blocks per stage", low=1, high=9, help="Residual blocks in each of three stages.")


@dataclass(frozen=True)
class BowMlpParams:
    """Settings of the bag-of-words perceptron."""

    embedding: int = param(32, label="Embedding width", low=1, high=2048, help="Numbers per term.")
    hidden: int = param(64, label="Hidden width", low=1, high=4096, help="Units of the hidden layer.")


@dataclass(frozen=True)
class BowLinearParams:
    """Settings of the bag-of-words model without hidden layer."""

    embedding: int = param(32, label="Embedding width", low=1, high=2048, help="Numbers per term.")
