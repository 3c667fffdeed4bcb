"""What the map sends: rank columns, row lists, and the same sum that the browser computes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.types.curation import Side
from dashboard.components.assets import CACHED_FROM
from dashboard.components.map_values import MapRanks, MapRule

MISSING = 0  # of a rank in uint16; the others are 1 to 65534
STEPS = 65533.0  # between the lowest and the highest rank
MIDDLE = 32767.5  # the code of rank share 0.5
INLINE_BELOW = 1_500  # bytes of a row list: above this a blob, which Streamlit sends once, is shorter
_BLOCK = 65_536  # rows whose sums stay in the processor's cache


def encode_ranks(terms: np.ndarray) -> np.ndarray:
    """Rank terms [N] as uint16 [N]: 1 lowest to 65534 highest, 0 where there is none. Keep them cached.

    terms: rank share - 0.5, as rules take them; NaN for none.
    """
    there = ~np.isnan(terms)
    encoded = np.full(len(terms), MISSING, np.uint16)
    encoded[there] = (1 + np.rint((terms[there].astype(np.float64) + 0.5) * STEPS)).astype(np.uint16)
    encoded.flags.writeable = False
    return encoded


def browser_composite(columns: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """float64 [N]: exactly what the browser computes from rank columns, missing ranks renormalised."""
    used = [(columns[m], float(w)) for m, w in weights.items() if w and m in columns]
    if not used:
        return np.zeros(len(next(iter(columns.values()), ())))
    out = np.empty(len(used[0][0]))
    holes = any(not column.all() for column, _ in used)
    for start in range(0, len(out), _BLOCK):
        part = slice(start, start + _BLOCK)
        out[part] = _composite_of([(column[part], weight) for column, weight in used], holes)
    return out


def _composite_of(used: list[tuple[np.ndarray, float]], holes: bool) -> np.ndarray:
    total, present = np.zeros(len(used[0][0])), np.zeros(len(used[0][0]))
    for column, weight in used:
        centred = column - MIDDLE
        if holes:
            here = column != MISSING
            centred *= here
            present += abs(weight) * here
        centred *= weight / STEPS
        total += centred
    if not holes:
        return total
    whole = sum(abs(w) for _, w in used)
    return np.divide(total * whole, present, out=np.full(len(total), np.nan), where=present > 0)


def browser_kept(ranks: MapRanks, rule: MapRule, rows: int) -> np.ndarray:
    """bool [N]: rows the browser keeps on its own, before locked and pinned rows. A row on the cut itself is kept."""
    if rule.cut is None or not ranks.columns or not rule.coefficients:
        return np.ones(rows, bool)
    composite = browser_composite(ranks.columns, rule.coefficients)
    limit: float | np.ndarray = rule.cut
    if rule.held is not None and ranks.classes is not None:
        farther = np.fmax if rule.drop == Side.ABOVE else np.fmin
        limit = farther(np.concatenate([[np.nan], rule.held]), rule.cut)[ranks.classes]
    with np.errstate(invalid="ignore"):
        return ~(composite > limit) if rule.drop == Side.ABOVE else ~(composite < limit)


def held_text(class_cuts: np.ndarray | None) -> str | None:
    """Float32 of each class as the browser reads it; None where no class is held back."""
    if class_cuts is None or np.isnan(class_cuts).all():
        return None
    return base64.b64encode(np.asarray(class_cuts, "<f4").tobytes()).decode()


def short_name(kind: str, key: str) -> str:
    """What the browser calls a column: its kind and the key, or the key's digest where that is shorter."""
    return f"{kind}:{key if len(key) <= 16 else hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}"


def pack_rows(rows: np.ndarray, total: int) -> bytes:
    """Row numbers as bytes: tag 0 + varints of the gaps, or tag 1 + one bit per row, whichever is shorter."""
    rows = ascending(np.asarray(rows, dtype=np.int64))
    gaps = np.diff(rows, prepend=-1) - 1
    if len(rows) + int((gaps >= 128).sum()) >= total / 8:
        mask = np.zeros(total, bool)
        mask[rows] = True
        return b"\x01" + np.packbits(mask, bitorder="little").tobytes()
    return b"\x00" + _varints(gaps)


def ascending(rows: np.ndarray) -> np.ndarray:
    """The rows ascending, each once; most lists come so, and looking is a hundred times faster than sorting."""
    return rows if (rows[1:] > rows[:-1]).all() else np.unique(rows)


def _varints(values: np.ndarray) -> bytes:
    """Numbers below 2^35, seven bits to a byte, the lowest first; all bytes of one but its last have the top bit."""
    shifts = np.arange(5) * 7
    septets = values[:, None] >> shifts
    used = (septets > 0) | (shifts == 0)
    more = np.roll(used, -1, axis=1)
    more[:, -1] = False
    return ((septets & 127) | (more << 7))[used].astype(np.uint8).tobytes()


def rows_blob(packed: bytes) -> tuple[str, bytes]:
    """(name, blob) of a packed row list; equal lists have equal names."""
    key = "rows:" + hashlib.blake2b(packed, digest_size=8).hexdigest()
    return key, make_blob(key, {"type": "rows"}, [("rows", np.frombuffer(packed, np.uint8))])


def make_blob(key: str, header: Mapping[str, Any], columns: list[tuple[str, np.ndarray]]) -> bytes:
    """One message of bytes: 4-byte header length, JSON header, then each column on an 8-byte boundary."""
    described, parts, offset = [], [], 0
    for name, column in columns:
        raw = np.ascontiguousarray(column)
        described.append({"name": name, "kind": raw.dtype.str.lstrip("<|"), "at": offset, "length": raw.size})
        padding = -raw.nbytes % 8
        parts += [raw.tobytes(), b"\0" * padding]
        offset += raw.nbytes + padding
    text = json.dumps({"key": key, **header, "columns": described}).encode()
    text += b" " * (-(len(text) + 4) % 8)
    body = b"".join([len(text).to_bytes(4, "little"), text, *parts])
    return body + b"\0" * max(0, CACHED_FROM - len(body))
