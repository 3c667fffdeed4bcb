"""`torch`: the kept rows of a dataset that the person has already, in the words of the tool that trains."""

from __future__ import annotations

from pathlib import Path

from .format import ExportFormat, HandOver
from .indices import ROWS, WEIGHTS, write_indices

LOADER = "kept.py"
_TEXT = '''"""The kept rows of your dataset. Its rows must stand in the order of the source that was scored."""

from pathlib import Path

import numpy as np

ROWS = np.load(Path(__file__).parent / "kept_rows.npy")
WEIGHTS = np.load(Path(__file__).parent / "kept_weights.npy")


def subset(dataset):  # any torch dataset
    from torch.utils.data import Subset

    return Subset(dataset, ROWS.tolist())


def sampler(draws=None):  # DataLoader(subset(data), sampler=sampler()): rows by their weight, held-out ones never
    from torch.utils.data import WeightedRandomSampler

    return WeightedRandomSampler(WEIGHTS.tolist(), draws or int((WEIGHTS > 0).sum()))


def select(dataset):  # Hugging Face datasets
    return dataset.select(ROWS)


def tf_data(*arrays):  # tf.data.Dataset of (inputs, labels, weight)
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((*(array[ROWS] for array in arrays), WEIGHTS))
'''


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    (folder / LOADER).write_bytes(_TEXT.encode())
    return {LOADER: 0, **write_indices(handed, folder)}


TORCH = ExportFormat(
    name="torch",
    title="Loader",
    summary="kept.py beside the row numbers: Subset and WeightedRandomSampler, datasets.select, tf.data.",
    write=_write,
    files=(LOADER, ROWS, WEIGHTS),
    opened_by="from kept import subset, sampler",
)
