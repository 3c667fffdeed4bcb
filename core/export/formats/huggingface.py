"""`hf`: a folder that `datasets.load_from_disk` opens, every row with what was decided.

Written with Arrow alone, in the layout of `save_to_disk`: a stream of record batches beside two JSON files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .format import ExportFormat, HandOver, write_json
from .own_and_decided import column_named, every_row

_FOLDER = "huggingface"
_DATA = "data-00000-of-00001.arrow"
_BATCH = 10_000  # rows a record batch: what the library maps into memory at once
_FINGERPRINT = 16  # hex digits, as the library makes them
_KINDS = {
    "string": "string",
    "large_string": "large_string",
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
}
_SAME = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    table = _plain_kinds(_with_codes(handed, every_row(handed, frozenset({"label_final"}))))
    place = folder / _FOLDER
    place.mkdir()
    _write_stream(place / _DATA, table)
    write_json(place / "dataset_info.json", _info(handed, table))
    write_json(place / "state.json", _state(handed))
    return {f"{_FOLDER}/{_DATA}": len(handed.view), **{f"{_FOLDER}/{name}": 0 for name in _NOTES}}


_NOTES = ("dataset_info.json", "state.json")


def _with_codes(handed: HandOver, table: Any) -> Any:
    """With `label_final` as the number of its class, -1 for none, after `kept`."""
    import pyarrow as pa

    name = "label_final"
    while name in table.column_names:
        name = f"chaffinch_{name}"
    place = table.column_names.index(column_named(table, "kept"))
    return table.add_column(place, name, pa.array(np.asarray(handed.outcome.label_final, np.int64)))


def _plain_kinds(table: Any) -> Any:
    """Columns of kinds that the two JSON files have no word for, as text."""
    import pyarrow as pa

    for k, column in enumerate(table.columns):
        if str(column.type) not in {*_KINDS, *_SAME}:
            table = table.set_column(k, table.column_names[k], column.cast(pa.string()))
    return table


def _write_stream(path: Path, table: Any) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=_BATCH)


def _info(handed: HandOver, table: Any) -> dict[str, Any]:
    features: dict[str, Any] = {
        name: {"dtype": _KINDS.get(str(kind), str(kind)), "_type": "Value"}
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
    }
    features[column_named(table, "label_final")] = {"names": list(handed.view.class_names), "_type": "ClassLabel"}
    return {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}


def _state(handed: HandOver) -> dict[str, Any]:
    return {
        "_data_files": [{"filename": _DATA}],
        "_fingerprint": (handed.view.fingerprint or "0")[:_FINGERPRINT],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }


HUGGINGFACE = ExportFormat(
    name="hf",
    title="Hugging Face dataset",
    summary="A folder for load_from_disk: every row, your columns, kept, label_final, sample_weight and the scores.",
    write=_write,
    files=(f"{_FOLDER}/{_DATA}", *(f"{_FOLDER}/{name}" for name in _NOTES)),
    opened_by='datasets.load_from_disk("huggingface").filter(lambda row: row["kept"])',
    needs_run=True,
)
