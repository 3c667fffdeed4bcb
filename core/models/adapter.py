"""A person's own network, made by `module:factory`, asked the same questions as the built-in ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.types.errors import ModelError

from .family import InputShape
from .found import FoundNetwork
from .network import Network, seeded


class AdaptedNetwork(Network):
    """Wraps any module over images or tables whose last Linear layer makes the logits; its input is the features."""

    def __init__(self, inner: nn.Module, classes: int, head: nn.Linear | None = None):
        super().__init__()
        linear = [m for m in inner.modules() if isinstance(m, nn.Linear)] if head is None else [head]
        if not linear:
            raise ModelError(
                f"{type(inner).__name__} has no Linear layer.",
                "The last layer must be a torch.nn.Linear making the logits.",
            )
        self.inner = inner
        self.__dict__["_last"] = linear[-1]  # not registered twice: it stays a part of `inner`
        self._classes = classes
        if linear[-1].out_features != classes:
            raise ModelError(
                f"The network has {linear[-1].out_features} outputs, the data {classes} classes.",
                "Give a network with one output per class.",
            )

    def logits_of(self, embedded: Any) -> Any:
        """What the wrapped network returns for embedded inputs; networks that want more than one tensor say it here."""
        return self.inner(embedded)

    @property
    def head(self) -> nn.Linear:  # type: ignore[override]
        """The last Linear layer."""
        return self.__dict__["_last"]

    def features_from(self, embedded: Tensor) -> Tensor:
        """[b, d], the input of the last Linear layer. Raises `ModelError` where that is not one vector per example."""
        caught: list[Tensor] = []
        handle = self.head.register_forward_pre_hook(lambda _, args: caught.append(args[0]))
        try:
            # The head runs once here and once in `forward`; only the caller's call is on the path to the loss.
            self._checked(self.logits_of(embedded))
        finally:
            handle.remove()
        if len(caught) != 1 or caught[0].dim() != 2:
            raise ModelError(
                "The last Linear layer does not receive one vector per example.",
                "Make it the layer that turns features [batch, d] into logits [batch, classes].",
            )
        return caught[0]

    def forward(self, x: Any) -> Tensor:
        """[b, C] logits of the wrapped network."""
        return self._checked(self.logits_of(self.embed(x)))

    def embed(self, x: Any) -> Tensor:
        """Images and tables as they are. Raises `ModelError` for texts: term ids cannot be differentiated."""
        if isinstance(x, tuple):
            raise no_text()
        return x

    def reorder(self, order: Sequence[int]) -> None:
        """Let output i be what output order[i] was, in the weights themselves: gradients and features stay true."""
        chosen = torch.tensor(order, device=self.head.weight.device)
        with torch.no_grad():
            for one in (self.head.weight, self.head.bias):
                if one is not None:
                    one.copy_(one[chosen].clone())

    def _checked(self, logits: Any) -> Tensor:
        if not isinstance(logits, Tensor):
            raise ModelError(
                f"The network returns a {type(logits).__name__}, not a tensor of logits.",
                "Let its forward return the logits, or an output that carries them as .logits.",
            )
        if logits.dim() != 2 or logits.shape[1] != self._classes:
            raise ModelError(
                f"The network returns {tuple(logits.shape)}, expected [batch, {self._classes}].",
                "It must return one logit per class and example.",
            )
        return logits


def no_text() -> ModelError:
    """The refusal of texts for an own network."""
    return ModelError(
        "Networks of module:factory read images and tables; text is read by a Hugging Face folder or our own models.",
        "Use --model FOLDER, bow_mlp or bow_linear; or record its logits and embeddings in an NPZ and score that.",
    )


def own_module(network: nn.Module) -> nn.Module:
    """The module whose state_dict a person saved: the one inside the wrapper, or the network itself."""
    return network.inner if isinstance(network, AdaptedNetwork) else network


def adapt(
    factory: Callable[..., nn.Module] | FoundNetwork, shape: InputShape, classes: int, seed: int
) -> AdaptedNetwork:
    """Call factory(), factory(classes) or factory(input dims, classes), whichever it takes, and wrap the network.

    A network that was found (`FoundNetwork`) makes itself. Raises `ModelError` for one that does not fit the data.
    """
    if isinstance(factory, FoundNetwork):
        found: AdaptedNetwork = factory.network(shape, classes, seed)
        return found
    required = [
        p
        for p in inspect.signature(factory).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    given: tuple[Any, ...] = {0: (), 1: (classes,)}.get(len(required), (shape.dims, classes))
    inner = seeded(lambda: factory(*given), seed)
    if not isinstance(inner, nn.Module):
        raise ModelError(f"The factory returned a {type(inner).__name__}.", "Return a torch.nn.Module.")
    return AdaptedNetwork(inner, classes)


def check_input(network: Network, shape: InputShape, example: Any) -> None:
    """Run one example; `ModelError` with the data's shape and torch's words when the network cannot read it."""
    try:
        with torch.inference_mode():
            logits = network.eval()(example)
            again = network.head(network.features(example))
    except ModelError:
        raise
    except Exception as error:  # the border to the person's own code: whatever it raises is told
        wanted = _first_input(network)
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"The model does not read this data: examples are {' x '.join(map(str, shape.dims))}, {wanted}. {first}",
            "Give a model made for this shape, or another encoding of the data.",
        ) from error
    if not torch.allclose(logits, again, rtol=1e-3, atol=1e-4, equal_nan=True):
        raise ModelError(
            "The network changes the output of its last Linear layer.",
            "Return that layer's output itself: raw logits, without softmax, scaling or residual sum.",
        )


def _first_input(network: nn.Module) -> str:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            return f"the model's first layer reads {module.in_channels} channels"
        if isinstance(module, nn.Linear):
            return f"the model's first layer reads {module.in_features} numbers"
    return "the model reads something else"
