"""The examples of a run on disk: everything but the inputs, which stay where the user has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.types.errors import RunError
from core.types.examples import ExampleTable, Finding, Modality, Roles
from core.types.validation import validated

from .atomic import sha256_of
from .cards import mixed
from .shards import read_parquet, write_parquet
from .verified import agrees

_USER = "col:"


def write_examples(folder: Path, examples: ExampleTable) -> str:
    """Write `examples.parquet` into a run folder; returns its sha256."""
    duplicate_of = examples.exact_duplicate_of
    columns = {
        "row": pa.array(np.arange(len(examples), dtype=np.int64)),
        "example_id": pa.array(examples.ids.astype(str), pa.string()),
        "label": pa.array(examples.labels, pa.int64()),
        "split": _text(examples.splits),
        "group": _text(examples.groups),
        "source_index": pa.array(examples.source_index, pa.int64()),
        "source_path": _text(examples.source_path),
        "duplicate_of": None if duplicate_of is None else pa.array(duplicate_of, pa.int64()),
    }
    if examples.columns is not None:
        for name in examples.columns.columns:
            columns[_USER + str(name)] = _text(examples.columns[name].to_numpy(dtype=object))
    table = pa.table({k: v for k, v in columns.items() if v is not None})
    return sha256_of(write_parquet(folder / "examples.parquet", table))


def describe_dataset(examples: ExampleTable) -> dict[str, Any]:
    """The part of run.json that `read_examples` needs back."""
    return {
        "name": examples.name,
        "modality": examples.modality.value,
        "rows": len(examples),
        "class_names": list(examples.class_names),
        "fingerprint": examples.fingerprint,
        "roles": dataclasses.asdict(examples.roles),
        "report": [dataclasses.asdict(finding) for finding in examples.report],
        **({"source_fingerprint": examples.source_fingerprint} if examples.source_fingerprint else {}),
    }


def read_examples(folder: Path, dataset: Mapping[str, Any]) -> ExampleTable:
    """The ExampleTable of a run with `inputs=None`; arrays are read-only. Raises `RunError` for a damaged file."""
    path = folder / "examples.parquet"
    if "examples" in dataset and path.is_file() and not agrees(path, dataset["examples"]):
        raise mixed(path, "its bytes are not those that run.json notes.")
    table = read_parquet(path)
    if table.num_rows != dataset["rows"]:
        raise RunError(
            f"examples.parquet of {folder.name} has {table.num_rows} rows, run.json says {dataset['rows']}.",
            "The folder is damaged: take it from a backup, or run again.",
        )
    user = [name for name in table.column_names if name.startswith(_USER)]
    frame = table.select(user).rename_columns([name.removeprefix(_USER) for name in user]).to_pandas()
    roles = validated(dataset["roles"], Roles)
    return ExampleTable(
        name=dataset["name"],
        modality=Modality(dataset["modality"]),
        ids=_strings(table, "example_id"),
        inputs=None,
        labels=_integers(table, "label"),
        class_names=tuple(dataset["class_names"]),
        splits=_strings(table, "split"),
        groups=_strings(table, "group"),
        source_index=_integers(table, "source_index"),
        source_path=_strings(table, "source_path"),
        columns=frame,
        fingerprint=dataset["fingerprint"],
        roles=roles,
        report=validated(dataset.get("report", []), tuple[Finding, ...]),
        exact_duplicate_of=_integers(table, "duplicate_of"),
        source_fingerprint=dataset.get("source_fingerprint", ""),
    )


def _text(values: Any) -> pa.Array | None:
    if values is None:
        return None
    return pa.array([None if _missing(v) else str(v) for v in values], pa.string())


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _strings(table: pa.Table, name: str) -> Any:
    if name not in table.column_names:
        return None
    values = np.array(["" if v is None else v for v in table[name].to_pylist()], dtype=str)
    values.flags.writeable = False
    return values


def _integers(table: pa.Table, name: str) -> Any:
    if name not in table.column_names:
        return None
    values = table[name].to_numpy().astype(np.int64)
    values.flags.writeable = False
    return values
