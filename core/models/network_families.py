"""The built-in networks and their settings; torch is imported only when one is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.types.examples import Modality
from core.types.methods import Paper
from core.types.params import param

from .family import InputShape, ModelFamily, TrainingDefaults


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


def _mlp(shape: InputShape, classes: int, params: MlpParams, seed: int) -> Any:
    from . import mlp

    return mlp.build(shape, classes, params, seed)


def _small_cnn(shape: InputShape, classes: int, params: CnnParams, seed: int) -> Any:
    from . import small_cnn

    return small_cnn.build(shape, classes, params, seed)


def _wide_cnn(shape: InputShape, classes: int, params: WideCnnParams, seed: int) -> Any:
    from . import wide_cnn

    return wide_cnn.build(shape, classes, params, seed)


def _resnet(shape: InputShape, classes: int, params: ResnetParams, seed: int) -> Any:
    from . import resnet

    return resnet.build(shape, classes, params, seed)


def _bow_mlp(shape: InputShape, classes: int, params: BowMlpParams, seed: int) -> Any:
    from . import bag_of_words

    return bag_of_words.build(shape, classes, (params.hidden,), params.embedding, seed)


def _bow_linear(shape: InputShape, classes: int, params: BowLinearParams, seed: int) -> Any:
    from . import bag_of_words

    return bag_of_words.build(shape, classes, (), params.embedding, seed)


NETWORK_FAMILIES = (
    ModelFamily(
        name="mlp",
        title="Perceptron",
        summary="Fully connected layers over columns, pixels or embeddings",
        params=MlpParams,
        build=_mlp,
        modalities=(Modality.TABLE, Modality.IMAGE, Modality.TRACE),
        defaults=TrainingDefaults(epochs=15, batch_size=128, learning_rate=0.02, weight_decay=5e-4),
    ),
    ModelFamily(
        name="small_cnn",
        title="Small CNN",
        summary="Four convolutions with group normalization, about 100,000 weights",
        params=CnnParams,
        build=_small_cnn,
        modalities=(Modality.IMAGE,),
        defaults=TrainingDefaults(
            epochs=12, batch_size=32, learning_rate=0.003, optimizer="adam", weight_decay=0.0, schedule="cosine"
        ),
    ),
    ModelFamily(
        name="wide_cnn",
        title="Wide CNN",
        summary="Five convolutions, two of them residual, about 300,000 weights, trained on moved images",
        params=WideCnnParams,
        build=_wide_cnn,
        modalities=(Modality.IMAGE,),
        defaults=TrainingDefaults(
            epochs=16,
            batch_size=32,
            learning_rate=0.003,
            optimizer="adam",
            weight_decay=0.0,
            schedule="cosine",
            moves=True,
        ),
    ),
    ModelFamily(
        name="resnet",
        title="Small ResNet",
        summary="Three stages of residual blocks with group normalization",
        paper=Paper(
            "He et al.", 2016, "Deep Residual Learning for Image Recognition", "https://arxiv.org/abs/1512.03385"
        ),
        params=ResnetParams,
        build=_resnet,
        modalities=(Modality.IMAGE,),
        defaults=TrainingDefaults(epochs=12, batch_size=64, learning_rate=0.05, schedule="cosine"),
    ),
    ModelFamily(
        name="bow_mlp",
        title="Bag-of-words perceptron",
        summary="TF-IDF weighted term embeddings, one hidden layer",
        params=BowMlpParams,
        build=_bow_mlp,
        modalities=(Modality.TEXT,),
        defaults=TrainingDefaults(epochs=10, batch_size=128, learning_rate=0.002, optimizer="adam", weight_decay=0.0),
    ),
    ModelFamily(
        name="bow_linear",
        title="Bag-of-words linear",
        summary="TF-IDF weighted term embeddings and a linear layer",
        params=BowLinearParams,
        build=_bow_linear,
        modalities=(Modality.TEXT,),
        defaults=TrainingDefaults(epochs=10, batch_size=128, learning_rate=0.005, optimizer="adam", weight_decay=0.0),
    ),
)
