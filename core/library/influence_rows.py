"""Arrays of a person as rows that tapped networks read, and networks as these are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.library.network_inputs import inputs_taken
from core.types.errors import DataError, ModelError, in_words
from core.types.labels import class_numbers

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.numerics.tapped import Rows


def names_of_inputs(x: Any, network: Any) -> tuple[str, ...]:
    """By which names the network is called; none for inputs without.

    Raises `ModelError` for what is no network, `DataError` for names that it does not take.
    """
    import torch

    if not isinstance(network, torch.nn.Module):
        raise ModelError(f"A {type(network).__name__} is no torch network.", "Give an nn.Module, or several.")
    return tuple(inputs_taken(list(x), network)) if isinstance(x, Mapping) else ()


def called(networks: list[Any], names: tuple[str, ...]) -> list[Any]:
    """The networks, each reading batches by these names and answering with its logits alone."""
    from core.models.calling import CalledNetwork

    return [CalledNetwork(network, names) for network in networks]


def as_rows(
    x: Any, labels: Any, network: nn.Module, class_names: Sequence[str] = (), names: tuple[str, ...] = ()
) -> Rows:
    """Arrays on the network's device. Raises `DataError` for unfit lengths or labels.

    names: of the parts, for inputs that are a dict.
    """
    import torch

    from core.numerics.tapped import Rows

    x = _by_name(x, names)
    place = next((p.device for p in network.parameters()), torch.device("cpu"))
    parts = _parts(x if isinstance(x, tuple) else (x,), place)
    y = torch.from_numpy(class_numbers(labels, class_names)).to(place)
    if len(y) == 0 or any(len(one) != len(y) for one in parts):
        raise DataError(
            f"{len(parts[0])} inputs and labels of shape {tuple(y.shape)}.", "Give one class number per input row."
        )
    if int(y.min()) < 0:
        raise DataError("A label is negative.", "Leave unlabeled rows out.")
    return Rows(parts if isinstance(x, tuple) else parts[0], y)


def _by_name(x: Any, names: tuple[str, ...]) -> Any:
    if isinstance(x, Mapping) != bool(names) or any(name not in x for name in names):
        raise DataError("Training rows and targets have inputs of other names.", "Give both the same names, or none.")
    return tuple(x[name] for name in names) if names else x


def _parts(values: tuple[Any, ...], place: Any) -> tuple[Tensor, ...]:
    import torch

    with in_words("The inputs cannot be read", "Give an array or tensor [N, ...], or a tuple of them."):
        parts = [torch.as_tensor(one).to(place) for one in values]
    return tuple(one.float() if one.is_floating_point() else one for one in parts)
