"""timm:NAME and torchvision:NAME with a person's own weights: the name is looked up in the library's own list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.models.extras import required
from core.models.family import InputShape
from core.models.found import FoundNetwork
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.image_format import ImageFormat
from core.types.model_names import is_library_network
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .huggingface import HUGGING_FACE
from .source import ModelSource

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,120}")  # no second colon, no folder, no checkpoint_path=


class LibraryNetwork(FoundNetwork):
    """An architecture of a library, filled from state_dicts as they are saved in training."""

    modalities = (Modality.IMAGE,)

    def __init__(self, name: str, image_format: ImageFormat):
        self.name, self.image_format = name, image_format

    def network(self, shape: InputShape, classes: int, seed: int) -> Any:
        """Freshly initialised, with as many outputs as there are classes. Nothing is changed in place, so that the
        gradients of each example can be taken. Raises `ModelError` for one without a Linear layer at its end.
        """
        from torch import nn

        from core.models.adapter import AdaptedNetwork
        from core.models.network import seeded

        module = seeded(lambda: _made(self.name, classes), seed)
        for part in module.modules():
            if hasattr(part, "inplace"):
                part.inplace = False
        last = module.get_classifier() if hasattr(module, "get_classifier") else None
        return AdaptedNetwork(module, classes, last if isinstance(last, nn.Linear) else None)

    def state(self, path: Path) -> Mapping[str, Any]:
        """As it was saved; prefixes of wrappers are left off where it is filled in."""
        from core.models.uploaded import read_state_dict

        return read_state_dict(path)


def _parts(model: str) -> tuple[str, str]:
    """(library, architecture), both known. Raises `ModelError` for any other name, and where it is not installed."""
    library, _, name = model.partition(":")
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"{model!r} names no architecture of {library}. Nothing was run.",
            f"Write {library}:resnet18; weights are given with --weights, and nothing is downloaded.",
        )
    module = required("timm" if library == "timm" else "torchvision.models", "timm")
    known = module.is_model(name) if library == "timm" else name in module.list_models(module=module)
    if not known:
        raise ModelError(f"{library} has no architecture {name!r}.", f"Names are those of {library}.list_models().")
    return library, name


def _made(model: str, classes: int) -> Any:
    library, name = _parts(model)
    if library == "timm":
        return required("timm", "timm").create_model(name, pretrained=False, num_classes=classes)
    return required("torchvision.models", "timm").get_model(name, weights=None, num_classes=classes)


def image_format(training: TrainingSpec) -> ImageFormat:
    """What the library says the architecture was made for; no weights are read for it."""
    library, name = _parts(training.model)
    if library == "timm":
        said = required("timm", "timm").get_pretrained_cfg(name)
        if said is None:
            return ImageFormat()
        way = "bicubic" if said.interpolation == "bicubic" else "bilinear"
        return ImageFormat(tuple(said.input_size[1:]), tuple(said.mean), tuple(said.std), way)
    weights = required("torchvision.models", "timm").get_model_weights(name)
    said = next(iter(weights)).transforms()
    way = "bicubic" if "bicubic" in str(said.interpolation).lower() else "bilinear"
    side = int(said.crop_size[0])
    return ImageFormat((side, side), tuple(said.mean), tuple(said.std), way)


def check(training: TrainingSpec) -> None:
    """Raise `ModelError` for other names, and without weights: a network of random numbers knows nothing."""
    _parts(training.model)
    if not training.weights:
        raise ModelError(
            f"{training.model} is an architecture without weights; nothing is downloaded.",
            "Give yours, in order of training: --weights epoch1.pth epoch2.pth.",
        )


def open_network(training: TrainingSpec) -> LibraryNetwork:
    """The architecture as a network to be filled."""
    return LibraryNetwork(training.model, image_format(training))


def describe(training: TrainingSpec) -> ModelFacts:
    """Its size is that of the last weights, its outputs are counted where they end. Raises `ModelError`."""
    from core.models.adapter import own_module
    from core.models.uploaded import fit_state, read_state_dict

    from .counting import parameters_of

    check(training)
    found, path = open_network(training), Path(training.weights[-1])
    state = read_state_dict(path)
    biases = [value for value in state.values() if getattr(value, "ndim", 0) == 1]
    outputs = int(biases[-1].shape[0]) if biases else 0  # the last bias of a network is its head's
    network = found.network(InputShape(Modality.IMAGE, (3, 1, 1)), outputs, 0)
    fit_state(own_module(network), state, path.name)
    layers, parameters = parameters_of(state)
    known = found.image_format
    height, width = known.size or (0, 0)
    return ModelFacts(
        name=training.model,
        source=LIBRARY_NETWORKS.name,
        what=f"an architecture of {training.model.partition(':')[0]} at your own weights",
        input=f"images of {height} x {width}, the whole image resized ({known.resampling}), unless told otherwise",
        layers=layers,
        parameters=parameters,
        class_count=outputs,
        moments=len(training.weights),
        gives=LIBRARY_NETWORKS.gives,
        cannot={ability.value: why for ability, why in LIBRARY_NETWORKS.cannot.items()},
    )


def place(training: TrainingSpec) -> TrainingSpec:
    """The name is no path; its weights are placed by who asks."""
    return replace(training)


LIBRARY_NETWORKS = ModelSource(
    name="library_networks",
    title="timm:NAME or torchvision:NAME",
    summary="An architecture of the library at your own weights, one file or a series.",
    sniff=is_library_network,
    describe=describe,
    open=open_network,
    check=check,
    image_format=image_format,
    place=place,
    modalities=(Modality.IMAGE,),
    gives=(Ability.LOGITS, Ability.FEATURES, Ability.GRADIENTS),
    cannot={**HUGGING_FACE.cannot, Ability.PROBABILITIES: "it may have been trained on these rows"},
    refuses="names with a further colon or a folder, checkpoint_path=, anything that would be downloaded",
    extra="timm",
)
