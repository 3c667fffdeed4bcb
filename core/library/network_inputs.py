"""What a person's own network reads: one array, several, or some by name, from arrays, a Dataset or a DataLoader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.types.errors import DataError, in_words

if TYPE_CHECKING:
    from torch import nn

LABEL_KEYS = ("labels", "label", "label_ids", "target", "targets", "y")  # of a row that is a dict, the first wins


@dataclass(frozen=True, eq=False)
class NetworkInputs:
    """parts: arrays [N, ...], whole numbers as int64 where they are token ids; names: for a network called by name."""

    parts: tuple[np.ndarray, ...]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def arrays(self) -> Any:
        """One array, or a tuple of them, as rows of a batch are cut."""
        return self.parts[0] if len(self.parts) == 1 and not self.names else self.parts

    @property
    def vectors(self) -> np.ndarray | None:
        """[N, d] where the inputs are one array of numbers; None for token ids and several parts."""
        one = self.parts[0]
        return one.reshape(len(one), -1) if len(self.parts) == 1 and one.dtype.kind == "f" else None


def named_or_several(inputs: Any, rows: int) -> bool:
    """Whether inputs of so many rows are a mapping, or a tuple of arrays, rather than one array."""
    if isinstance(inputs, Mapping):
        return True
    parts = isinstance(inputs, tuple) and len(inputs) != rows
    return parts and all(getattr(one, "ndim", 0) and len(one) == rows for one in inputs)


def network_inputs(inputs: Any, rows: int, network: nn.Module) -> NetworkInputs:
    """The inputs of a pair (inputs, labels).

    Raises `DataError` for what no network reads, names that this one does not take, and parts of unequal length.
    """
    if isinstance(inputs, Mapping):
        names = inputs_taken(list(inputs), network)
        parts = [(name, inputs[name]) for name in names]
        return _checked(NetworkInputs(_arrays(parts, network), tuple(names)), rows)
    if named_or_several(inputs, rows):
        parts = [(f"part {k}", one) for k, one in enumerate(inputs)]
        return _checked(NetworkInputs(_arrays(parts, network)), rows)
    array = _array("Inputs", inputs)
    return _checked(NetworkInputs((_single(array, network),)), rows)


def read_items(data: Any) -> tuple[Any, list[Any]]:
    """(inputs as `network_inputs` takes them, labels) of a Dataset or DataLoader of rows (input, label) or of dicts.

    Raises `DataError` for rows in no such form, and for a loader that shuffles.
    """
    with in_words("The dataset cannot be read", "Give arrays (X, y), or a Dataset whose items are (input, label)."):
        pairs = [_pair(item, row) for row, item in enumerate(_items(data))]
    if not pairs:
        raise DataError("The dataset is empty.", "Give one with rows.")
    inputs, labels = [one for one, _ in pairs], [_label(label) for _, label in pairs]
    if isinstance(inputs[0], Mapping):
        return {name: _column(one.get(name) for one in inputs) for name in inputs[0]}, labels
    if isinstance(inputs[0], tuple):
        return tuple(as_array(_column(column)) for column in zip(*inputs, strict=True)), labels
    return _column(inputs), labels


def _column(values: Iterable[Any]) -> list[Any]:
    return [as_array(value) for value in values]


def _label(label: Any) -> Any:
    value = as_array(label)
    return value.item() if value.size == 1 else value


def _items(data: Any) -> Iterable[Any]:
    if not is_loader(data):
        return (data[row] for row in range(len(data)))
    from torch.utils.data import RandomSampler

    if isinstance(data.sampler, RandomSampler):
        raise DataError("The DataLoader shuffles: its rows have no order.", "Give one with shuffle=False.")
    return (row for batch in data for row in _rows(batch))


def is_loader(data: Any) -> bool:
    """Whether it yields batches, as a torch DataLoader does."""
    return hasattr(data, "batch_sampler") and hasattr(data, "dataset")


def _rows(batch: Any) -> Iterator[Any]:
    """The rows of a batch, in the form of the batch."""
    if isinstance(batch, Mapping):
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(batch, values, strict=True))
    elif isinstance(batch, (tuple, list)):
        yield from zip(*map(_rows, batch), strict=True)
    else:
        yield from batch


def _pair(item: Any, row: int) -> tuple[Any, Any]:
    """(input, label) of one item; an input of several arrays is a tuple, one by name a dict."""
    if isinstance(item, Mapping):
        return _named_pair(item, row)
    if isinstance(item, (tuple, list)) and len(item) > 2 and _are_arrays(item[:-1]):
        return tuple(item[:-1]), item[-1]
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise DataError(
            f"Item {row} of the dataset is a {type(item).__name__}, not a pair (input, label).",
            "Give a Dataset of pairs or dicts, or arrays (X, y).",
        )
    inputs, label = item
    several = isinstance(inputs, (tuple, list)) and len(inputs) > 1 and _are_arrays(inputs)
    return (tuple(inputs) if several else inputs), label


def _named_pair(item: Mapping[str, Any], row: int) -> tuple[dict[str, Any], Any]:
    key = next((key for key in LABEL_KEYS if key in item), None)
    if key is None:
        raise DataError(
            f"Item {row} of the dataset has no label: {', '.join(map(str, list(item)[:8]))}.",
            f"Name it {' or '.join(LABEL_KEYS[:2])}, or give a pair (inputs, labels).",
        )
    return {name: value for name, value in item.items() if name not in LABEL_KEYS}, item[key]


def _are_arrays(values: Sequence[Any]) -> bool:
    return all(getattr(value, "ndim", 0) for value in values)


def inputs_taken(names: Sequence[str], network: nn.Module) -> list[str]:
    """Those of the names that the network's forward takes. Raises `DataError` where it takes none."""
    from core.models.calling import argument_names

    known, any_other = argument_names(network)
    taken = [name for name in names if name in known] or (list(names) if any_other else [])
    if not taken:
        raise DataError(
            f"The network takes none of these inputs by name: {', '.join(map(str, names[:8]))}.",
            f"Name them as the arguments of {type(network).__name__}.forward: {', '.join(sorted(known)[:8])}.",
        )
    return taken


def _arrays(parts: Sequence[tuple[str, Any]], network: nn.Module) -> tuple[np.ndarray, ...]:
    masked = any(name == "attention_mask" for name, _ in parts)
    padding = getattr(getattr(network, "config", None), "pad_token_id", None) or 0
    return tuple(
        _number(_array(name, values, (padding if name == "input_ids" else 0) if masked else None))
        for name, values in parts
    )


def as_array(values: Any) -> np.ndarray:
    """Tensors and lists as an array; rows of different shapes as an array of objects."""
    if hasattr(values, "detach"):
        return values.detach().cpu().numpy()
    try:
        return np.asarray(values)
    except (ValueError, TypeError):  # rows of different shapes
        return np.array([*values, None], dtype=object)[:-1]


def _array(what: str, values: Any, fill: int | None = None) -> np.ndarray:
    """One array [N, ...]; rows of different lengths are filled up with `fill`, where a mask says which are."""
    array = as_array(values)
    ragged = array.dtype.kind == "O" and not any(isinstance(one, str) for one in array.flat)
    if ragged and fill is not None:
        array = _filled([as_array(one) for one in values], fill)
        ragged = array.dtype.kind == "O"
    if ragged:
        raise DataError(
            f"{what} have different shapes, or are no numbers.",
            "Give arrays of one shape, [N, ...]; token ids may differ in length beside an attention_mask.",
        )
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"{what} of the type {array.dtype} cannot be read by a network.",
            "Give numbers [N, ...]; texts are read by the built-in models (leave the network out).",
        )
    return array


def _filled(rows: list[np.ndarray], fill: int) -> np.ndarray:
    if any(row.ndim != 1 or row.dtype.kind not in "iub" for row in rows):
        return np.array([None], dtype=object)
    out = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    for row, values in zip(out, rows, strict=True):
        row[: len(values)] = values
    return out


def _number(array: np.ndarray) -> np.ndarray:
    """Floats as float32, whole numbers as int64, truth values as they are."""
    kinds = {"f": np.float32, "i": np.int64, "u": np.int64}
    return np.ascontiguousarray(array, dtype=kinds.get(array.dtype.kind, array.dtype))


def _single(array: np.ndarray, network: nn.Module) -> np.ndarray:
    """The one input: whole numbers stay so where the network looks them up, and are float32 for all others."""
    from torch.nn import Embedding, EmbeddingBag

    ids = array.dtype.kind == "i" and any(isinstance(one, (Embedding, EmbeddingBag)) for one in network.modules())
    return _number(array) if ids else np.ascontiguousarray(array, dtype=np.float32)


def _checked(inputs: NetworkInputs, rows: int) -> NetworkInputs:
    sizes = {len(part) for part in inputs.parts}
    if sizes != {rows}:
        raise DataError(
            f"There are {', '.join(f'{size:,}' for size in sorted(sizes))} inputs and {rows:,} labels.",
            "Give one label per input.",
        )
    return inputs
