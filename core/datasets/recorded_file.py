"""One file of recorded outputs that lies beside the inputs: a row for each example, in NPY, NPZ or a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.types.errors import DataError

from .array_archives import Header
from .array_file import CLASS_NAMES, ArrayFile, check_not_empty, class_names_of, is_arrays
from .files import listed, unreadable
from .frames import SUFFIXES
from .roles import looks_like_ids
from .vector_tables import VectorTable, read_vectors

_WORDS = {
    "logits": ("logit",),
    "probabilities": ("prob", "oof", "out_of_fold"),
    "embeddings": ("embed", "vector", "feature"),
    "features": ("feature", "penultimate", "hidden", "last_layer"),
}
_RANKS = {"logits": (2, 3, 4), "probabilities": (2,), "embeddings": (2,), "features": (2, 3, 4)}  # axes of an array
_SHAPES = {
    "logits": "[epochs, N, classes] or [N, classes]",
    "probabilities": "[N, classes]",
    "embeddings": "[N, d]",
    "features": "[epochs, N, d] or [N, d]",
}
_RATES = ("learning_rates", "learning_rate", "lr")


@dataclass(frozen=True, eq=False)
class RecordedFile:
    """values: [..., N, d], perhaps memory-mapped. ids: [N] texts, None where the file has none. names: what each of the
    d columns is called, () where nobody says. notes: what else it holds. rates: a learning rate for each epoch.
    """

    kind: str
    name: str
    values: np.ndarray
    ids: np.ndarray | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rates: tuple[float, ...] = ()

    @property
    def rows(self) -> int:
        """N."""
        return int(self.values.shape[-2])

    @property
    def columns(self) -> int:
        """d: classes, or columns of a vector."""
        return int(self.values.shape[-1])


def read_recorded(path: Path, kind: str, id_column: str | None, cache: Path | None = None) -> RecordedFile:
    """The array of one kind in a file; large ones are memory-mapped.

    id_column: what the data call their ids. Raises `DataError` for a file that cannot be read, holds no such array or
    several, and for arrays of no row, or with a column that is NaN or infinite in every row.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder, and no file of {kind}.", "Give NPY, NPZ, CSV or Parquet.")
    try:
        path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if is_arrays(path):
        read = _from_arrays(ArrayFile(path, cache), kind, id_column)
    elif path.suffix.lower() in SUFFIXES:
        read = _from_table(read_vectors(path, id_column), kind, path)
    else:
        raise DataError(f"{path.name} is no file of {kind} that is read here.", "Give NPY, NPZ, CSV or Parquet.")
    _refuse_dead_columns(read)
    return read


def _from_arrays(file: ArrayFile, kind: str, id_column: str | None) -> RecordedFile:
    header = _chosen(file, kind)
    check_not_empty(file, header.name)
    ids = _ids_beside(file, header, id_column)
    rates = _rates_beside(file, header)
    names = class_names_of(file, header.shape[-2]) if kind in ("logits", "probabilities") else ()
    return RecordedFile(
        kind,
        file.path.name,
        file.mapped(header.name),
        None if ids is None else file.text(ids).to_numpy(),
        names if len(names) == header.shape[-1] else (),
        _left_over(file, {header.name, ids, rates}),
        () if rates is None else tuple(map(float, file.read(rates))),
    )


def _ids_beside(file: ArrayFile, header: Header, id_column: str | None) -> str | None:
    flat = (h.name for h in file.headers.values() if h.shape == header.shape[-2:-1])
    return next((name for name in flat if looks_like_ids(name, id_column)), None)


def _rates_beside(file: ArrayFile, header: Header) -> str | None:
    """The array with a learning rate for each epoch."""
    of_epochs = (h for h in file.headers.values() if h.shape == header.shape[-3:-2] and h.dtype.kind == "f")
    return next((h.name for h in of_epochs if h.name in _RATES), None)


def _left_over(file: ArrayFile, used: set[str | None]) -> tuple[str, ...]:
    rest = [h for h in file.headers.values() if h.name not in used and h.name not in CLASS_NAMES]
    return (f"{file.path.name}: not used: " + listed(f'"{h.name}" {h.shape}' for h in rest),) if rest else ()


def _chosen(file: ArrayFile, kind: str) -> Header:
    fit = [h for h in file.headers.values() if h.dtype.kind in "fiu" and len(h.shape) in _RANKS[kind]]
    named = [h for h in fit if any(word in h.name.lower() for word in _WORDS[kind])]
    for choice in (fit, named, [h for h in named if h.name.lower() == kind]):
        if len(choice) == 1:
            return choice[0]
    raise _no_choice(file, kind, len(named or fit))


def _no_choice(file: ArrayFile, kind: str, count: int) -> DataError:
    held = listed(f"{h.name} {h.dtype} {h.shape}" for h in file.headers.values())
    what = f"{count} arrays that may be the {kind}" if count else f"no array of {kind} {_SHAPES[kind]}"
    return DataError(f"{file.path.name} holds {what}: {held}.", f'Name the array "{kind}", or save it alone.')


def _from_table(table: VectorTable, kind: str, path: Path) -> RecordedFile:
    """values [N, d], or [N, T, d] with the epochs inside each row."""
    values = np.moveaxis(table.values, 0, -2)
    if values.ndim not in _RANKS[kind]:
        raise DataError(f"{path.name}: rows of the shape {table.values.shape[1:]}.", f"{kind} are {_SHAPES[kind]}.")
    if 0 in values.shape:
        raise DataError(f"{path.name} is empty: its shape is {table.values.shape}.", "Write it again with its rows.")
    return RecordedFile(kind, path.name, values, table.ids, table.names, table.notes)


def _refuse_dead_columns(read: RecordedFile) -> None:
    """Raise for a column that is not finite in any row at the first moment: nothing was recorded there."""
    first = read.values.reshape(-1, read.rows, read.columns)[0]
    dead = np.flatnonzero(~np.isfinite(first).any(axis=0))
    if len(dead):
        raise DataError(
            f"{read.name}: column {dead[0]} of the {read.kind} is NaN or infinite in every row ({len(dead):,} such "
            "columns).",
            "Look at how it was recorded, or leave the column out.",
        )
