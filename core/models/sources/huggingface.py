"""A Hugging Face folder or a Trainer's output as a source: classifiers of texts and images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.model_names import is_place
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .hf_folder import HuggingFaceFolder, checkpoints_in, is_folder, weights_in
from .source import ModelSource


def sniff(model: str) -> bool:
    """A folder with config.json, or with checkpoint-N inside."""
    return is_place(model) and is_folder(Path(model).expanduser())


def place(training: TrainingSpec) -> TrainingSpec:
    """Weights in order: those that were named, files or folders, or all of the folder's checkpoints."""
    folder = Path(training.model).expanduser().absolute()
    named = [Path(one).expanduser().absolute() for one in training.weights] or [folder]
    files = [file for one in named for file in (weights_in(one) if one.is_dir() else (one,))]
    return replace(training, model=str(folder), weights=tuple(map(str, files)))


def open_folder(training: TrainingSpec) -> Any:
    """The folder as a network; torch and transformers are imported when it is first asked for one."""
    from .hf_network import HuggingFaceNetwork

    path = Path(training.model)
    return HuggingFaceNetwork(path.name, HuggingFaceFolder.at(path))


def check(training: TrainingSpec) -> None:
    """Raise `ModelError` for a configuration that asks for code or is not on our list, and for a missing tokenizer."""
    folder = HuggingFaceFolder.at(Path(training.model))
    if folder.config and folder.architecture.modality is Modality.TEXT:
        folder.neutral_token  # noqa: B018 - reads tokenizer.json


def describe(training: TrainingSpec) -> ModelFacts:
    """Read from its files. Raises `ModelError` for what is not read, and for weights that do not fit."""
    from .counting import parameters_of

    found, series = open_folder(training), [Path(one) for one in training.weights]
    folder = found.folder
    layers, parameters = parameters_of(found.state(series[-1]))
    kind = folder.architecture
    rates = [rate for rate in map(found.rate, series) if rate is not None]
    notes = [f"learning rates of trainer_state.json: {', '.join(f'{rate:.3g}' for rate in rates)}"] if rates else []
    if len(checkpoints_in(Path(training.model))) and (Path(training.model) / "config.json").is_file():
        notes.append("Its checkpoint-N folders are read, in order of step; the model beside them is not.")
    return ModelFacts(
        name=str(training.model),
        source=HUGGING_FACE.name,
        what=f"{kind.prefix}{kind.suffix} ({kind.modality.value} classifier of transformers)",
        input=_input(folder),
        layers=layers,
        parameters=parameters,
        classes=folder.class_names,
        class_count=folder.outputs,
        moments=len(series),
        gives=HUGGING_FACE.gives,
        cannot={ability.value: why for ability, why in HUGGING_FACE.cannot.items()},
        notes=tuple(notes),
    )


def _input(folder: HuggingFaceFolder) -> str:
    if folder.architecture.modality is Modality.TEXT:
        if not folder.tokenizer:
            raise ModelError(f"{folder.path.name}: tokenizer.json is empty.", "Save or download it again.")
        return f"texts, by its tokenizer.json, at most {folder.longest} tokens"
    known = folder.image_format
    if not known.known:
        return "images, at a size and normalization that must be told: --image-size, --mean, --std"
    mean, std = (", ".join(f"{n:g}" for n in numbers) for numbers in (known.mean, known.std))
    height, width = known.size
    return f"images of {height} x {width}, the whole image resized ({known.resampling}), mean {mean}, std {std}"


HUGGING_FACE = ModelSource(
    name="huggingface",
    title="Hugging Face folder",
    summary="config.json, model.safetensors and tokenizer.json or preprocessor_config.json; a Trainer's output.",
    sniff=sniff,
    describe=describe,
    open=open_folder,
    check=check,
    image_format=lambda training: HuggingFaceFolder.at(Path(training.model)).image_format,
    place=place,
    modalities=(Modality.TEXT, Modality.IMAGE),
    gives=(Ability.LOGITS, Ability.FEATURES, Ability.GRADIENTS),
    cannot={
        Ability.PROBABILITIES: "it may have been trained on these rows; a linear model gives them out of fold",
        Ability.TRAINING: "it is scored as it is: fine-tuning belongs where it was trained",
        Ability.EMBEDDING: "record it: --embeddings FILE",
    },
    refuses="code of any kind: auto_map, trust_remote_code, attention from elsewhere, modules.json with other classes; "
    "pickles beyond tensors; model types that are not on our list; weights that do not fit the configuration",
    extra="hf",
)
