"""Orders with ties broken by id, fast enough for a slider: one integer key per row, then a plain sort."""

from __future__ import annotations

import numpy as np

LOW_BITS = np.uint64(0xFFFFFFFF)  # of a key: the place in the order of ids
ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)  # after every other key


def sort_keys(values: np.ndarray, id_rank: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """[n] uint64 that sort as (float32 value ascending, id ascending), NaN after all values, `last` after NaN."""
    plain = np.ascontiguousarray(values, dtype=np.float32) + np.float32(0.0)  # -0.0 becomes 0.0: they are ties
    bits = plain.view(np.uint32)
    ordered = bits ^ np.where(bits >> np.uint32(31), np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
    ordered[np.isnan(plain)] = np.uint32(0xFFFFFFFE)
    if last is not None:
        ordered[last] = np.uint32(0xFFFFFFFF)
    return (ordered.astype(np.uint64) << np.uint64(32)) | id_rank


def ascending(values: np.ndarray, id_rank: np.ndarray) -> np.ndarray:
    """[n] positions in ascending order of (value, id)."""
    return np.argsort(sort_keys(values, id_rank))


def ascending_rows(values: np.ndarray, id_rank: np.ndarray, id_order: np.ndarray,
                   last: np.ndarray | None) -> np.ndarray:
    """The same for all rows at once, where `id_order` inverts `id_rank`: sorting keys is faster than an argsort."""
    keys = sort_keys(values, id_rank, last)
    keys.sort()
    return id_order[(keys & LOW_BITS).astype(np.intp)]


def smallest(values: np.ndarray, id_rank: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` smallest (value, id), in no particular order."""
    if count <= 0:
        return np.empty(0, np.intp)
    if count >= len(values):
        return np.arange(len(values))
    return np.argpartition(sort_keys(values, id_rank), count - 1)[:count]
