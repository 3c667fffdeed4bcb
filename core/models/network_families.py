"""The built-in networks and their settings; torch is imported only when one is built."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from core.types.examples import Modality
from core.types.methods import Paper
from core.types.params import NoParams

from .family import InputShape, ModelFamily, TrainingDefaults
from .network_params import BowLinearParams, BowMlpParams, CnnParams, MlpParams, ResnetParams, WideCnnParams


def _built_by(module: str) -> Callable[[InputShape, int, Any, int], Any]:
    """`build` of the module of that name in this package, imported when the first network is made: torch is slow."""

    def build(shape: InputShape, classes: int, params: Any, seed: int) -> Any:
        return import_module(f"{__package__}.{module}").build(shape, classes, params, seed)

    return build


NETWORK_FAMILIES = (
    ModelFamily(
        name="mlp",
        title="Perceptron",
        summary="Fully connected layers over columns, pixels or embeddings",
        params=MlpParams,
        build=_built_by("mlp"),
        modalities=(Modality.TABLE, Modality.IMAGE, Modality.TRACE),
        defaults=TrainingDefaults(epochs=15, batch_size=128, learning_rate=0.02, weight_decay=5e-4),
    ),
    ModelFamily(
        name="linear_head",
        title="Linear head",
        summary="One linear layer over the vectors of a frozen encoder, or over columns",
        params=NoParams,
        build=_built_by("linear_head"),
        modalities=(Modality.TABLE, Modality.TRACE),
        defaults=TrainingDefaults(epochs=20, batch_size=128, learning_rate=0.05, weight_decay=1e-2, schedule="cosine"),
    ),
    ModelFamily(
        name="small_cnn",
        title="Small CNN",
        summary="Four convolutions with group normalization, about 100,000 weights",
        params=CnnParams,
        build=_built_by("small_cnn"),
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
        build=_built_by("wide_cnn"),
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
        build=_built_by("resnet"),
        modalities=(Modality.IMAGE,),
        defaults=TrainingDefaults(epochs=12, batch_size=64, learning_rate=0.05, schedule="cosine"),
    ),
    ModelFamily(
        name="bow_mlp",
        title="Bag-of-words perceptron",
        summary="TF-IDF weighted term embeddings, one hidden layer",
        params=BowMlpParams,
        build=_built_by("bag_of_words"),
        modalities=(Modality.TEXT,),
        defaults=TrainingDefaults(epochs=10, batch_size=128, learning_rate=0.002, optimizer="adam", weight_decay=0.0),
    ),
    ModelFamily(
        name="bow_linear",
        title="Bag-of-words linear",
        summary="TF-IDF weighted term embeddings and a linear layer",
        params=BowLinearParams,
        build=_built_by("bag_of_words"),
        modalities=(Modality.TEXT,),
        defaults=TrainingDefaults(epochs=10, batch_size=128, learning_rate=0.005, optimizer="adam", weight_decay=0.0),
    ),
)
