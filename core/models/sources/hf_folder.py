"""A Hugging Face folder, or a Trainer's output, as files: what lies where, in which order. No class is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.image_format import ImageFormat, channel_numbers, parse_image_size

from .hf_config import Architecture, architecture_of, class_names_of, cleaned, outputs_of

_CHECKPOINT = re.compile(r"checkpoint-(\d{1,12})$")
_MOST_JSON = 4 * 2**20  # bytes of a configuration; the longest have a class name per ImageNet class
_MOST_TOKENIZER = 128 * 2**20  # bytes; vocabularies of 250,000 tokens take about 17 MB
_RESAMPLING = {2: "bilinear", 3: "bicubic"}  # numbers of PIL's filters, as processors write them
WEIGHTS = "model.safetensors"


def is_folder(path: Path) -> bool:
    """Whether it looks like a Hugging Face folder, or a Trainer's output with some inside."""
    return path.is_dir() and ((path / "config.json").is_file() or bool(checkpoints_in(path)))


def checkpoints_in(path: Path) -> list[Path]:
    """The folders checkpoint-N inside, in order of N."""
    found = [(int(match[1]), one) for one in path.iterdir() if (match := _CHECKPOINT.match(one.name)) and one.is_dir()]
    return [one for _, one in sorted(found)]


def weights_in(path: Path) -> tuple[Path, ...]:
    """The files of weights of a folder, those of its checkpoints in order where it has some.

    Raises `ModelError` where one has none that is read as data alone.
    """
    return tuple(_weights_of(folder) for folder in checkpoints_in(path) or [path])


def _weights_of(folder: Path) -> Path:
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    old = folder / "pytorch_model.bin"
    if old.is_file():
        return old  # read as tensors alone, or refused
    if (folder / f"{WEIGHTS}.index.json").is_file():
        raise ModelError(
            f"{folder.name} holds its weights in several files.",
            "Save it in one: model.save_pretrained(folder, max_shard_size='20GB').",
        )
    raise ModelError(f"{folder.name} has no {WEIGHTS}.", "Give the folder that save_pretrained wrote.")


@dataclass(frozen=True)
class HuggingFaceFolder:
    """One folder with config.json; of a Trainer's output the last checkpoint. Everything of it is read as data."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> HuggingFaceFolder:
        """Of a folder, of a Trainer's output, or of a file of weights in one. Raises `ModelError`."""
        folder = path if path.is_dir() else path.parent
        inside = checkpoints_in(folder) if folder.is_dir() else []
        folder = inside[-1] if inside else folder
        if not (folder / "config.json").is_file():
            raise ModelError(f"{path} has no config.json.", "Give the folder that save_pretrained or a Trainer wrote.")
        _refuse_modules(folder)
        return cls(folder)

    @cached_property
    def raw(self) -> dict[str, Any]:
        """config.json as it stands."""
        return read_json_of(self.path / "config.json")

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration without what is private. Raises `ModelError` for one that asks for code."""
        return cleaned(self.raw, self.path)

    @cached_property
    def architecture(self) -> Architecture:
        """Which class of ours it is; `ModelError` for kinds that are not read."""
        return architecture_of(self.raw, self.path)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of its outputs, in order; () where it has none."""
        return class_names_of(self.config)

    @property
    def outputs(self) -> int:
        """How many classes it tells apart."""
        return outputs_of(self.config)

    @cached_property
    def tokenizer(self) -> str:
        """tokenizer.json. Raises `ModelError` where there is none."""
        path = self.path / "tokenizer.json"
        if not path.is_file():
            raise ModelError(
                f"{self.path.name} has no tokenizer.json.",
                "Save it there: AutoTokenizer.from_pretrained(...).save_pretrained(folder), where you trained it.",
            )
        return _read_text(path, _MOST_TOKENIZER)

    @cached_property
    def neutral_token(self) -> int:
        """The id of the mask token, else of the unknown one, else 0."""
        plain = _object(self.tokenizer, self.path / "tokenizer.json")
        added = {one.get("content"): one.get("id") for one in plain.get("added_tokens") or ()}
        model = plain.get("model") or {}
        vocabulary = model.get("vocab")
        known: dict[str, Any] = vocabulary if isinstance(vocabulary, dict) else {}
        names = ("[MASK]", "<mask>", str(model.get("unk_token")), "[UNK]", "<unk>")
        return next((int(one) for name in names if (one := added.get(name, known.get(name))) is not None), 0)

    @property
    def longest(self) -> int:
        """Tokens of a text that are read: what the tokenizer was told, as far as the model has positions."""
        positions = int(self.config.get("max_position_embeddings", 512))
        if self.architecture.positions_after_padding:
            positions -= int(self.config.get("pad_token_id", 1) or 0) + 1
        path = self.path / "tokenizer_config.json"
        told = read_json_of(path).get("model_max_length") if path.is_file() else None
        return min(positions, int(told)) if isinstance(told, (int, float)) and 0 < told < positions else positions

    @cached_property
    def image_format(self) -> ImageFormat:
        """What preprocessor_config.json says of images; what it leaves open is asked for."""
        path = self.path / "preprocessor_config.json"
        if self.architecture.modality is not Modality.IMAGE or not path.is_file():
            return ImageFormat()
        return _image_format(read_json_of(path), self.path)

    def rate(self) -> float | None:
        """The learning rate in force when this checkpoint was written, as trainer_state.json has it."""
        path = self.path / "trainer_state.json"
        log = read_json_of(path).get("log_history") if path.is_file() else None
        rates = [one.get("learning_rate") for one in log if isinstance(one, Mapping)] if isinstance(log, list) else []
        known = [float(rate) for rate in rates if isinstance(rate, (int, float)) and rate > 0]
        return known[-1] if known else None


def read_json_of(path: Path) -> dict[str, Any]:
    """A JSON object; `ModelError` for anything else."""
    return _object(_read_text(path, _MOST_JSON), path)


def _object(text: str, path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is no JSON: {str(error)[:80]}.", "Save or download it again.") from None
    if not isinstance(plain, dict):
        raise ModelError(f"{path} holds no object.", "Save or download it again.")
    return plain


def _read_text(path: Path, most: int) -> str:
    try:
        if path.stat().st_size > most:
            raise ModelError(f"{path} has more than {most:,} bytes.", "Save or download it again.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", "Check the path and its permission.") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path} is not UTF-8.", "Save or download it again.") from None


def _refuse_modules(folder: Path) -> None:
    """modules.json of sentence-transformers names classes by their path: only the library's own three are known."""
    path = folder / "modules.json"
    if not path.is_file():
        return
    text = _read_text(path, _MOST_JSON)
    named = re.findall(r'"type"\s*:\s*"([^"]{0,200})"', text)
    for one in named:
        if not re.fullmatch(r"sentence_transformers\.models\.(Transformer|Pooling|Normalize)", one):
            raise ModelError(
                f"{folder.name}: modules.json names the class {one[:60]}. Nothing was run.",
                "Only Transformer, Pooling and Normalize of sentence-transformers are known; save a classifier.",
            )


def _image_format(plain: Mapping[str, Any], folder: Path) -> ImageFormat:
    if plain.get("do_rescale", True) is False or abs(plain.get("rescale_factor", 1 / 255) - 1 / 255) > 1e-6:
        raise ModelError(
            f"{folder.name}: preprocessor_config.json does not divide pixels by 255.",
            "Say it yourself: --image-size, --mean and --std count after x / 255; remove rescale_factor from the file.",
        )
    normalized = plain.get("do_normalize", True)
    mean = channel_numbers("mean", plain.get("image_mean") if normalized else 0.0)
    std = channel_numbers("std", plain.get("image_std") if normalized else 1.0)
    return ImageFormat(_size(plain), mean, std, _RESAMPLING.get(plain.get("resample", 2), "bilinear"))


def _size(plain: Mapping[str, Any]) -> tuple[int, ...]:
    size = plain.get("crop_size") if plain.get("do_center_crop") else plain.get("size")
    if isinstance(size, Mapping):
        return parse_image_size(
            [size.get("height", size.get("shortest_edge")), size.get("width", size.get("shortest_edge"))]
        )
    return parse_image_size(size)
