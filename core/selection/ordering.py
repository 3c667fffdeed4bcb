"""Orders with ties broken by id, fast enough for a slider: one integer key per row, then a plain sort."""

from __future__ import annotations

import numpy as np

LOW_BITS = np.uint64(0xFFFFFFFF)  # of a key: the place in the order of ids
_BLOCK = 65_536  # rows whose intermediate steps stay in the processor's cache
ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)  # after every other key


def sort_keys(values: np.ndarray, id_rank: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """[n] uint64 that sort as (float32 value ascending, id ascending), NaN after all values, `last` after NaN."""
    keys = np.empty(len(values), np.uint64)
    for start in range(0, len(values), _BLOCK):
        part = slice(start, start + _BLOCK)
        keys[part] = _ordered_bits(values[part])
        if last is not None:
            keys[part][last[part]] = 0xFFFFFFFF
        keys[part] <<= np.uint64(32)
        keys[part] |= id_rank[part]
    return keys


def _ordered_bits(values: np.ndarray) -> np.ndarray:
    """uint32 that sort as float32 values do: negative ones have all bits turned over, the others the sign bit."""
    plain = np.asarray(values, dtype=np.float32) + np.float32(0.0)  # -0.0 becomes 0.0: they are ties
    turned = plain.view(np.int32) >> 31
    turned |= np.int32(-(2**31))
    bits = plain.view(np.uint32) ^ turned.view(np.uint32)
    bits[plain != plain] = 0xFFFFFFFE
    return bits


def ascending(values: np.ndarray, id_rank: np.ndarray) -> np.ndarray:
    """[n] positions in ascending order of (value, id)."""
    return np.argsort(sort_keys(values, id_rank))


def ascending_rows(values: np.ndarray, id_rank: np.ndarray, id_order: np.ndarray,
                   last: np.ndarray | None) -> np.ndarray:
    """The same for all rows at once, where `id_order` inverts `id_rank`: sorting keys is faster than an argsort."""
    keys = sort_keys(values, id_rank, last)
    keys.sort()
    keys &= LOW_BITS
    return id_order[keys.view(np.int64)]


def smallest(values: np.ndarray, id_rank: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` smallest (value, id), in no particular order."""
    if count <= 0:
        return np.empty(0, np.intp)
    if count >= len(values):
        return np.arange(len(values))
    return np.argpartition(sort_keys(values, id_rank), count - 1)[:count]
