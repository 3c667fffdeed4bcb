"""What people hand to `score`: a table, a pair of arrays, a Dataset or a DataLoader; all else is refused in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.types.errors import DataError, ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat, image_format_in
from core.types.labels import text_labels
from core.types.runs import TrainingSpec

from .arrays import BY_ALPHABET, examples_from, output_names
from .network_inputs import NetworkInputs, as_array, is_loader, network_inputs, read_items

if TYPE_CHECKING:
    from torch import nn


def given_examples(
    data: Any, held_out: Any, class_names: Sequence[str] | None, network: nn.Module | None
) -> tuple[ExampleTable, NetworkInputs | None]:
    """The table, and the inputs as the network reads them where they did not come in a table.

    Raises `DataError` for data in no form that `score` knows, and where labels do not fit the inputs or the network.
    """
    if isinstance(data, ExampleTable):
        _check_table(data, held_out, class_names, network)
        return data, None
    inputs, labels = data if isinstance(data, tuple) and len(data) == 2 else _unpacked(data)
    if network is None:
        columns = inputs if isinstance(inputs, pd.DataFrame) else _inputs(inputs)
        return examples_from(columns, labels, held_out=held_out, class_names=class_names), None
    names = output_names(labels, _outputs(network), class_names)
    examples = examples_from(None, labels, held_out=held_out, class_names=names)
    return examples, network_inputs(inputs, len(examples), network)


def _check_table(
    table: ExampleTable, held_out: Any, class_names: Sequence[str] | None, network: nn.Module | None
) -> None:
    if held_out is not None or class_names is not None:
        word = "class_names" if held_out is None else "held_out"
        raise DataError(f"{word} was given with a table that has its own.", "Set it in examples_from.")
    if network is not None and any(line.code == BY_ALPHABET for line in table.report):
        raise text_labels(table.class_names[0], table.class_count)


def refuse_no_network(network: Any) -> None:
    """`ModelError` for an estimator or anything else that is no torch module; None is fine."""
    if network is None:
        return
    from torch import nn

    if not isinstance(network, nn.Module):
        raise ModelError(
            f"A {type(network).__name__} is no torch network.",
            "Give out-of-fold probabilities instead: score_probabilities(cross_val_predict(model, X, y, "
            'method="predict_proba"), y).',
        )


def image_format_of_table(examples: ExampleTable, inputs: NetworkInputs | None, spec: TrainingSpec) -> ImageFormat:
    """How the person's network wants the images of a table.

    Raises `DataError` when a format is set for anything but such images, and when none is set for them.
    """
    image_format = image_format_in(spec)
    if inputs is not None or examples.modality is not Modality.IMAGE:
        if image_format != ImageFormat():
            raise DataError(
                "image_size, mean and std are for the images of an ExampleTable.",
                "Leave them out: arrays reach your network as they are.",
            )
        return image_format
    if not image_format.known:
        raise DataError(
            "At which size and normalization does the network want its images? A guess gives wrong numbers.",
            "Give image_size=224, mean=(0.485, 0.456, 0.406) and std=(0.229, 0.224, 0.225), or what it was trained on.",
        )
    return image_format


def _unpacked(data: Any) -> tuple[Any, Any]:
    unfit = (np.ndarray, str, bytes, Mapping, pd.DataFrame)
    rows = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not (rows or is_loader(data)) or isinstance(data, unfit):
        raise DataError(
            f"{type(data).__name__} is no data to score.",
            "Give a table of examples, a pair (inputs, labels), a Dataset or a DataLoader.",
        )
    return read_items(data)


def _inputs(values: Any) -> np.ndarray:
    """Inputs as one array; `DataError` for encodings by name, and for rows of different shapes."""
    if isinstance(values, Mapping):
        names = ", ".join(map(str, list(values)[:5]))
        raise DataError(
            f"The inputs are a {type(values).__name__} of {names}.",
            "Give one array [N, ...], or the network that reads these by name.",
        )
    inputs = as_array(values)
    if inputs.dtype.kind == "O" and not all(isinstance(one, str) for one in inputs.flat):
        raise DataError("The inputs have different shapes, or are no numbers.", "Give arrays of one shape: [N, ...].")
    return inputs


def _outputs(network: nn.Module) -> int:
    from torch import nn

    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    return linear[-1].out_features if linear else 0  # a network without any is refused, in words, when it is wrapped
