"""Orders with ties broken by id, fast enough for a slider: one integer key per row, then a plain sort."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64, Integer, UInt32, UInt64

LOW_BITS = np.uint64(0xFFFFFFFF)  # of a key: the place in the order of ids
_BLOCK = 65_536  # rows whose intermediate steps stay in the processor's cache
ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)  # after every other key


def sort_keys(values: Float[np.ndarray, " row"], id_rank: UInt32[np.ndarray, " row"]) -> UInt64[np.ndarray, " row"]:
    """Keys that sort as (float32 value ascending, id ascending), NaN after all values."""
    keys = np.empty(len(values), np.uint64)
    for start in range(0, len(values), _BLOCK):
        part = slice(start, start + _BLOCK)
        keys[part] = _ordered_bits(values[part])
        keys[part] <<= np.uint64(32)
        keys[part] |= id_rank[part]
    return keys


def _ordered_bits(values: Float[np.ndarray, " row"]) -> UInt32[np.ndarray, " row"]:
    """Integers that sort as float32 values do: negative ones have all bits turned over, the others the sign bit."""
    plain = np.asarray(values, dtype=np.float32) + np.float32(0.0)  # -0.0 becomes 0.0: they are ties
    turned = plain.view(np.int32) >> 31
    turned |= np.int32(-(2**31))
    bits = plain.view(np.uint32) ^ turned.view(np.uint32)
    bits[plain != plain] = 0xFFFFFFFE
    return bits


def ascending(values: Float[np.ndarray, " row"], id_rank: UInt32[np.ndarray, " row"]) -> Integer[np.ndarray, " row"]:
    """Positions in ascending order of (value, id)."""
    return np.argsort(sort_keys(values, id_rank))


def ascending_rows(
    values: Float[np.ndarray, " example"],
    id_rank: UInt32[np.ndarray, " example"],
    id_order: Integer[np.ndarray, " example"],
    rows: UInt32[np.ndarray, " row"] | None = None,
    rest: Integer[np.ndarray, " rest"] | None = None,
) -> Int64[np.ndarray, " place"]:
    """`rows` (ascending; None for all) in ascending order of (value, id), then `rest` as they are.

    id_order inverts id_rank. Keys hold the row itself, so that sorting them is the order; only ties look up their ids.
    """
    rows = np.arange(len(values), dtype=np.uint32) if rows is None else rows
    keys = _row_keys(values, rows)
    keys.sort()
    tied = _tied(keys)
    if len(tied) > len(keys) // 8:  # so many that it is quicker to sort by id from the start
        keys = sort_keys(values[rows], id_rank[rows])
        keys.sort()
        ordered = id_order[(keys & LOW_BITS).view(np.int64)]
        return ordered if rest is None else np.concatenate([ordered, rest])
    some = keys[tied]
    by_id = (some & ~LOW_BITS) | id_rank[(some & LOW_BITS).view(np.int64)]
    keys[tied] = some[np.argsort(by_id)]
    out = np.empty(len(rows) + (0 if rest is None else len(rest)), np.int64)
    np.bitwise_and(keys, LOW_BITS, out=out[: len(rows)].view(np.uint64))
    if rest is not None:
        out[len(rows) :] = rest
    return out


def _row_keys(values: Float[np.ndarray, " example"], rows: UInt32[np.ndarray, " row"]) -> UInt64[np.ndarray, " row"]:
    keys = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        block = keys[start : start + _BLOCK]
        block[:] = _ordered_bits(values[part])
        block <<= np.uint64(32)
        block |= part
    return keys


def _tied(keys: UInt64[np.ndarray, " row"]) -> Integer[np.ndarray, " tied"]:
    """Places in sorted keys whose value another key has as well, ascending."""
    first = [np.empty(0, np.int64)]
    for start in range(0, len(keys) - 1, _BLOCK):
        part = keys[start : start + _BLOCK + 1]
        first.append(np.flatnonzero((part[1:] ^ part[:-1]) <= LOW_BITS) + start)
    places = np.concatenate(first)
    tied = np.zeros(len(keys), bool)
    tied[places] = True
    tied[places + 1] = True
    return np.flatnonzero(tied)


def smallest(
    values: Float[np.ndarray, " row"], id_rank: UInt32[np.ndarray, " row"], count: int
) -> Integer[np.ndarray, " smallest"]:
    """Positions of the `count` smallest (value, id), in no particular order."""
    if count <= 0:
        return np.empty(0, np.intp)
    if count >= len(values):
        return np.arange(len(values))
    return np.argpartition(sort_keys(values, id_rank), count - 1)[:count]
