"""The network's side of an attribution: a function of the continuous input, a target, a baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.types.attributions import Attribution
from core.types.errors import ModelError

from .method import Explained, additivity_gap
from .parts import ImageParts, TextParts


@dataclass(frozen=True, eq=False)
class Question:
    """forward: continuous input [b, ...] -> logits [b, C]; embedded: the example there, [1, ...].

    background [B, ...]: ordinary inputs; for text an empty one, since words of another text have no place in this one.
    baseline [1, ...]: a single neutral input: the mean row or image of the background, the empty text. Not a plain gray
    image: group normalization blows up the faintest trace of structure, so that nearly all of the way from gray happens
    within a thousandth of it (gap of integrated gradients on digits 2.0 of 2.1 logits, from the mean image 0.003).
    """

    forward: Callable[[Tensor], Tensor]
    embedded: Tensor
    background: Tensor
    baseline: Tensor
    target: int
    output: float
    about: Explained

    def outputs(self, inputs: Tensor) -> np.ndarray:
        """float64 [b] logit of the target."""
        with torch.no_grad():
            return self.forward(inputs)[:, self.target].double().numpy()

    def answer(self, method: str, values: Tensor, base: float, notes: tuple[str, ...]) -> Attribution:
        """Additive values per encoded number [1, ...], folded into parts, with their gap."""
        about, folded = self.about, self.about.parts.fold(values.detach().double().numpy()[0])
        gap = additivity_gap(folded, base, self.output)
        return Attribution(
            method,
            about.class_names[self.target],
            folded.astype(np.float32),
            about.parts.names,
            base,
            self.output,
            gap,
            notes=notes,
        )


def ask(about: Explained, choice: str) -> Question:
    """The question behind `about` for the wanted class; raises `ModelError` when the network answers with NaN."""
    network = about.model.eval()
    embed = getattr(network, "embed", lambda x: x)
    forward = _from_embedded(network)
    with torch.no_grad():
        embedded = embed(about.example).detach()
        logits = forward(embedded)[0].double().numpy()
    if not np.isfinite(logits).all():
        raise ModelError("The network's output for this example is not finite.", "Look at this example's input.")
    target = about.target(logits, choice)
    background, baseline = _neutral(about, embedded, embed)
    return Question(forward, embedded, background, baseline, target, float(logits[target]), about)


def _from_embedded(network: Any) -> Callable[[Tensor], Tensor]:
    if hasattr(network, "features_from"):
        return lambda embedded: network.head(network.features_from(embedded))
    return network


def _neutral(about: Explained, embedded: Tensor, embed: Callable[[Any], Tensor]) -> tuple[Tensor, Tensor]:
    if isinstance(about.parts, TextParts):
        empty = _empty_text(about, embedded)
        return empty, empty
    with torch.no_grad():
        background = embed(about.background).detach()
    return background, background.mean(dim=0, keepdim=True)


def _empty_text(about: Explained, embedded: Tensor) -> Tensor:
    """[1, L, d] nothing; where a network needs every place of a text, the neutral word in place of each word."""
    neutral = getattr(about.model, "neutral_word", None)
    if neutral is None or not isinstance(about.parts, TextParts):
        return torch.zeros_like(embedded)
    is_word = torch.tensor([bool(covered) for covered in about.parts.slots])[None, :, None]
    return torch.where(is_word, neutral(), embedded)


def baseline_words(about: Explained) -> str:
    """What `Question.baseline` is, in words."""
    if isinstance(about.parts, TextParts):
        hidden = hasattr(about.model, "neutral_word")
        return "Compared with a text whose words are hidden." if hidden else "Compared with an empty text."
    if isinstance(about.parts, ImageParts):
        return "Compared with the mean training image."
    return "Compared with the mean training row."


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """captum and shap draw from the global generators: seed them inside, put them back after."""
    state = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002
