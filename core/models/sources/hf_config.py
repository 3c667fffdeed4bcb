"""config.json of a Hugging Face folder, read by us: which networks there are, and what a file may not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.types.errors import ModelError
from core.types.examples import Modality

_NUMBERS = 2**20  # the largest width, length or vocabulary of any model we read; more only fills memory
_LAYERS = 512  # of blocks; the deepest that people use have about 100
_DEEPEST = 8  # of JSON inside JSON; configurations have two or three
_CODE = ("auto_map", "trust_remote_code", "custom_pipelines")  # keys that ask a library to import a file or repository
_ATTENTION = ("eager", "sdpa", "flash_attention_2", "flex_attention")  # anything else is looked up elsewhere and run
_OF_THE_LIBRARY = ("model_type", "architectures", "transformers_version", "dtype", "torch_dtype")


@dataclass(frozen=True)
class Architecture:
    """The class transformers.models.<module>.<prefix>Config. positions_after_padding: position ids begin behind its."""

    module: str
    prefix: str
    modality: Modality
    positions_after_padding: bool = False

    @property
    def suffix(self) -> str:
        """Of the class that classifies."""
        return "ForSequenceClassification" if self.modality is Modality.TEXT else "ForImageClassification"


def _of(modality: Modality, *named: tuple[str, str, str], after: tuple[str, ...] = ()) -> dict[str, Architecture]:
    return {kind: Architecture(module, prefix, modality, kind in after) for kind, module, prefix in named}


# model_type -> class. Nothing else of a folder names a class; the library's own look-ups are never asked.
ARCHITECTURES: Mapping[str, Architecture] = {
    **_of(
        Modality.TEXT,
        ("bert", "bert", "Bert"),
        ("distilbert", "distilbert", "DistilBert"),
        ("roberta", "roberta", "Roberta"),
        ("xlm-roberta", "xlm_roberta", "XLMRoberta"),
        ("electra", "electra", "Electra"),
        ("deberta-v2", "deberta_v2", "DebertaV2"),
        ("mpnet", "mpnet", "MPNet"),
        ("albert", "albert", "Albert"),
        after=("roberta", "xlm-roberta", "mpnet"),
    ),
    **_of(
        Modality.IMAGE,
        ("vit", "vit", "ViT"),
        ("deit", "deit", "DeiT"),
        ("beit", "beit", "Beit"),
        ("dinov2", "dinov2", "Dinov2"),
        ("resnet", "resnet", "ResNet"),
        ("convnext", "convnext", "ConvNext"),
        ("swin", "swin", "Swin"),
        ("mobilenet_v2", "mobilenet_v2", "MobileNetV2"),
        ("efficientnet", "efficientnet", "EfficientNet"),
    ),
}


def architecture_of(config: Mapping[str, Any], where: Path) -> Architecture:
    """The entry for a configuration; `ModelError` for kinds that are not on our list, and for models without a head."""
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in ARCHITECTURES:
        raise ModelError(
            f"{where.name} is of the model type {str(kind)[:40]!r}, which is not read. Nothing was run.",
            f"Read are: {', '.join(ARCHITECTURES)}; or record its logits and embeddings and score those.",
        )
    named = config.get("architectures") or ()
    classifies = f"{ARCHITECTURES[kind].prefix}{ARCHITECTURES[kind].suffix}"
    if isinstance(named, list) and named and classifies not in named:
        raise ModelError(
            f"{where.name} holds a {str(named[0])[:60]}, which gives no class.",
            f"Give a classifier ({classifies}); embeddings of another network can be recorded: --embeddings FILE.",
        )
    return ARCHITECTURES[kind]


def cleaned(config: Mapping[str, Any], where: Path) -> dict[str, Any]:
    """The configuration without private keys and without what the library fills in itself.

    Raises `ModelError` for keys that would have code loaded, and for numbers that no model has.
    """
    for key, value in _entries(config, where):
        _refuse_code(key, value, where)
        _refuse_size(key, value, where)
    return {key: _public(value) for key, value in config.items() if key not in _OF_THE_LIBRARY and key[:1] != "_"}


def _public(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _public(inner) for key, inner in value.items() if key[:1] != "_"}
    return value


def _entries(value: Any, where: Path, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every (key, value) of the mappings inside, whatever stands around them."""
    if depth > _DEEPEST:
        raise ModelError(f"{where.name}: config.json is nested {depth} deep.", "Give the folder as it was saved.")
    inner = value.items() if isinstance(value, Mapping) else ((("", one) for one in value) if _is_list(value) else ())
    for key, one in inner:
        yield str(key), one
        yield from _entries(one, where, depth + 1)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _refuse_code(key: str, value: Any, where: Path) -> None:
    attention = "attn_implementation" in key and isinstance(value, str) and value not in _ATTENTION
    if (key in _CODE and value) or attention or (key == "quantization_config" and value):
        what = "asks for another library" if key == "quantization_config" else "asks for code from outside"
        raise ModelError(
            f"{where.name}: config.json {what} ({key}: {str(value)[:60]!r}). Nothing was run.",
            "Save the model with save_pretrained from a class of transformers itself, without that entry.",
        )


def _refuse_size(key: str, value: Any, where: Path) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    most = _LAYERS if key.endswith("layers") else _NUMBERS
    if isinstance(value, int) and not -most <= value <= most:
        raise ModelError(f"{where.name}: config.json says {key} = {value}.", f"At most {most:,} is read.")


def class_names_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the outputs in order, from id2label; () where it has none or only LABEL_0, LABEL_1, ..."""
    named = config.get("id2label")
    if not isinstance(named, Mapping):
        return ()
    numbered = {int(key): str(value) for key, value in named.items() if str(key).isdigit()}
    if sorted(numbered) != list(range(len(named))):
        return ()
    names = tuple(numbered[number] for number in range(len(numbered)))
    return () if names == tuple(f"LABEL_{number}" for number in range(len(names))) else names


def outputs_of(config: Mapping[str, Any]) -> int:
    """How many outputs the classifier has; two where nothing says so, as in the library."""
    named = config.get("id2label")
    count = len(named) if isinstance(named, Mapping) else config.get("num_labels", 2)
    return int(count) if isinstance(count, int) else 2
