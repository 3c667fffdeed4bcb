"""The types that the columns of a source have: every loader reads text, and an export gives the types back."""

from __future__ import annotations

from typing import Any

from core.types.errors import DataError

from .columnar import parquet_schema
from .sources import source_path


def column_types(source: str) -> dict[str, Any]:
    """Arrow type of each column of a Parquet file or folder; nothing for other sources and for one that is gone."""
    try:
        path = source_path(source)
        if path.suffix.lower() not in (".parquet", ".pq") and not (path.is_dir() and any(path.glob("*.parquet"))):
            return {}
        return {field.name: _plain(field.type) for field in parquet_schema(path)}
    except DataError:
        return {}


def _plain(kind: Any) -> Any:
    """A dictionary is only a way of storing its values."""
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind
