"""A classifier of transformers, built from its cleaned configuration and filled with tensors: nothing is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.models.adapter import AdaptedNetwork
from core.models.extras import required
from core.models.family import InputShape
from core.models.found import FoundNetwork
from core.models.network import seeded
from core.models.token_encoding import TokenEncoder
from core.models.uploaded import read_state_dict
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat

from .hf_folder import HuggingFaceFolder

_HEADS = ("classifier", "score", "fc")  # where the classifiers of transformers keep their last layers


class _Texts(NamedTuple):
    """How a network reads texts. longest: tokens that it has positions for. takes: the inputs that its class knows."""

    longest: int
    first_position: int
    takes: frozenset[str]
    neutral: int  # id of the token that stands for a word of which nothing is known


class TextTransformer(AdaptedNetwork):
    """x is (ids [b, L], weights [b, L]), id 0 is padding. It is entered at the word embeddings, where a text can be
    differentiated; padding is zero there, and that is how the mask is known.
    """

    def __init__(self, model: nn.Module, classes: int, about: _Texts):
        super().__init__(model, classes, _head(model))
        self.longest, self._first, self._takes, self._neutral = about

    @property
    def _words(self) -> Any:
        return self.inner.get_input_embeddings()  # type: ignore[operator]

    def neutral_word(self) -> Tensor:
        """[d] what stands for a word of which nothing is known: its mask token, or the unknown one."""
        vector: Tensor = self._words.weight.detach()[self._neutral]
        return vector

    def embed(self, x: Any) -> Tensor:
        """[b, L, d] word embeddings, zero for padding."""
        ids, _ = x
        words = self._words((ids - 1).clamp(min=0))
        seen: Tensor = words * (ids != 0).unsqueeze(-1).to(words.dtype)
        return seen

    def logits_of(self, embedded: Tensor) -> Tensor:
        """[b, C] logits from word embeddings. Every example has position and segment ids of its own, so that gradients
        can be taken one example at a time.
        """
        mask = (embedded.detach() != 0).any(-1)
        places = torch.arange(embedded.shape[1], device=embedded.device).expand(embedded.shape[:2])
        more = {
            "position_ids": (places + self._first).contiguous(),
            "token_type_ids": torch.zeros_like(places).contiguous(),
        }
        named = {name: value for name, value in more.items() if name in self._takes}
        return self.inner(inputs_embeds=embedded, attention_mask=mask.long(), **named).logits


class ImageTransformer(AdaptedNetwork):
    """Pixels in, logits out."""

    def __init__(self, model: nn.Module, classes: int):
        super().__init__(model, classes, _head(model))

    def logits_of(self, embedded: Tensor) -> Tensor:
        """[b, C] logits of images [b, 3, H, W]."""
        return self.inner(pixel_values=embedded).logits


def _head(model: nn.Module) -> nn.Linear:
    """The last layer, which stands in a module of a known name: the order of registration is no order of work."""
    part = next((getattr(model, name) for name in _HEADS if hasattr(model, name)), model)
    linear = [one for one in part.modules() if isinstance(one, nn.Linear)]
    if not linear:
        raise ModelError(f"{type(model).__name__} has no Linear layer that makes the logits.", "Give a classifier.")
    return linear[-1]


class HuggingFaceNetwork(FoundNetwork):
    """A folder as a network. The class comes from our own list, its numbers from model.safetensors."""

    def __init__(self, name: str, folder: HuggingFaceFolder):
        self.name, self.folder = name, folder
        self.modalities = (folder.architecture.modality,)
        self.class_names = folder.class_names

    @property
    def image_format(self) -> ImageFormat:  # type: ignore[override]
        """As preprocessor_config.json says."""
        return self.folder.image_format

    def network(self, shape: InputShape, classes: int, seed: int) -> AdaptedNetwork:
        """Freshly initialised. Raises `ModelError` where the outputs are not as many as the classes."""
        if self.folder.outputs != classes:
            raise ModelError(
                f"{self.name} has {self.folder.outputs} outputs, the data {classes} classes.",
                "Give data with one class for each output of the model.",
            )
        configured, classifier = self._classes()
        model = seeded(lambda: classifier(configured), seed)
        if self.folder.architecture.modality is Modality.IMAGE:
            return ImageTransformer(model, classes)
        import inspect

        takes = frozenset(inspect.signature(classifier.forward).parameters)
        padding = int(self.folder.config.get("pad_token_id", 1) or 0)
        first = padding + 1 if self.folder.architecture.positions_after_padding else 0
        return TextTransformer(model, classes, _Texts(self.folder.longest, first, takes, self.folder.neutral_token))

    def state(self, path: Path) -> Mapping[str, Any]:
        """The tensors of a checkpoint by the names of this version of the library, all of them and no others.

        Raises `ModelError` naming what is missing, left over or of another size.
        """
        given = {_old_name(key): value for key, value in read_state_dict(path).items() if not _is_buffer(key)}
        configured, classifier = self._classes()
        self._refuse_other_sizes(classifier, configured, given, path)
        try:
            filled, told = classifier.from_pretrained(
                None, config=configured, state_dict=given, output_loading_info=True
            )
        except (RuntimeError, ValueError, KeyError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"{path} does not fit its config.json: {first[:200]}", "Save both together.") from None
        missing, unexpected = sorted(told["missing_keys"]), sorted(told["unexpected_keys"])
        if missing or unexpected:
            raise ModelError(
                f"{path.parent.name}/{path.name} does not fit its config.json; "
                f"missing: {', '.join(missing[:5]) or '-'}; unexpected: {', '.join(unexpected[:5]) or '-'}.",
                "Save model and configuration together, with save_pretrained.",
            )
        state: Mapping[str, Any] = filled.state_dict()
        return state

    def _refuse_other_sizes(self, classifier: Any, configured: Any, given: Mapping[str, Any], path: Path) -> None:
        """Before memory is taken for it: a configuration may promise a network that no file of this size holds."""
        with torch.device("meta"):
            wanted = sum(p.numel() for p in classifier(configured).parameters())
        there = sum(tensor.numel() for tensor in given.values())
        if wanted > 2 * there + 2**20:
            raise ModelError(
                f"{self.name}: config.json describes {wanted:,} numbers, {path.name} holds {there:,}.",
                "Save model and configuration together, with save_pretrained.",
            )

    def encoder(self, examples: ExampleTable, rows: np.ndarray, image_format: ImageFormat) -> Any:
        """Its tokenizer for texts; images as they are told or as preprocessor_config.json says."""
        if self.folder.architecture.modality is Modality.TEXT:
            return TokenEncoder.fit(self.folder.tokenizer, self.folder.longest, examples, rows)
        return super().encoder(examples, rows, image_format)

    def rate(self, path: Path) -> float | None:
        """As trainer_state.json beside the weights has it."""
        return HuggingFaceFolder.at(path).rate()

    def _classes(self) -> tuple[Any, Any]:
        """(configuration, class). Attention is written out, so that gradients of each example can be taken."""
        kind, library = self.folder.architecture, required("transformers", "hf")
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
        module = required(f"transformers.models.{kind.module}", "hf")
        configured = getattr(module, f"{kind.prefix}Config")(**self.folder.config)
        configured._attn_implementation = "eager"
        return configured, getattr(module, kind.prefix + kind.suffix)


def _old_name(key: str) -> str:
    """Names of before 2020."""
    return key.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def _is_buffer(key: str) -> bool:
    """Counters that older versions stored beside the weights."""
    return key.endswith(("position_ids", "token_type_ids"))
