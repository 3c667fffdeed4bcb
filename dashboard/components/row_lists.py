"""Row lists of the map: in line when short, else as what changed against a list that the browser already has."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.components.map_wire import INLINE_BELOW, ascending, pack_rows, rows_blob

_SHORT = 200  # bytes; a longer list becomes a base the first time, so that its changes travel alone


@dataclass(frozen=True, eq=False)
class Base:
    """A list that the browser was sent as a blob: sorted rows [m] int32."""

    key: str
    rows: np.ndarray
    blob: bytes


def row_list(name: str, rows: np.ndarray, total: int, bases: dict[str, Base]) -> tuple[dict[str, Any], bytes | None]:
    """How a list travels, and the blob (or None) that has to be mounted with it.

    {"i": base64} in line, {"b": key} as a blob, {"b": key, "x": base64} as the rows in which it differs from that blob.
    A blob that stays the same is not sent again, so `bases` (changed here) keeps it for the session.
    """
    rows = ascending(np.asarray(rows, dtype=np.int32))
    packed, base = pack_rows(rows, total), bases.get(name)
    if base is not None:
        changed = pack_rows(np.setxor1d(base.rows, rows, assume_unique=True), total)
        if len(changed) <= min(len(packed), max(INLINE_BELOW, len(packed) // 4)):
            return {"b": base.key, "x": base64.b64encode(changed).decode()}, base.blob
    if len(packed) <= (_SHORT if base is None else INLINE_BELOW):
        return {"i": base64.b64encode(packed).decode()}, None if base is None else base.blob
    key, blob = rows_blob(packed)
    bases[name] = Base(key, rows, blob)
    return {"b": key}, blob
