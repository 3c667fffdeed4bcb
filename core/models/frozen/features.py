"""The vectors of a frozen encoder, kept by content: what was encoded once, in any run, is only read again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from core.store.atomic import write_with
from core.store.workspace import cache_root
from core.types.errors import ModelError
from core.types.examples import ExampleTable
from core.types.progress import Progress, SilentProgress

from .contents import KEY, batches, content_keys
from .entry import FrozenEncoder

BATCH = 32  # examples between two chances to cancel: about a second of the slowest encoder
_PIECE = 512  # vectors written together: a stopped run loses at most these, or what `_PATIENCE` took
_PATIENCE = 10.0  # seconds after which finished vectors are written although they are few
_DAMAGE = (OSError, ValueError, EOFError, KeyError, BadZipFile)


class FeatureCache:
    """Vectors of one encoder by the key of their content, in files that are safe to delete.

    Each file holds keys [n, KEY] and values float16 [n, width]; one that is damaged or of another shape is not read.
    """

    def __init__(self, folder: Path, width: int):
        self._folder, self._width = folder, width

    def fill(self, keys: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Copy what is known into out [N, width]; returns bool [N]: which rows were."""
        place = {key.tobytes(): row for row, key in enumerate(keys)}
        known = np.zeros(len(keys), bool)
        for file in sorted(self._folder.glob("*.npz")):
            for key, vector in self._read(file, place):
                row = place[key]
                out[row], known[row] = vector, True
        return known

    def _read(self, file: Path, wanted: dict[bytes, int]) -> list[tuple[bytes, np.ndarray]]:
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
                keys = [key.tobytes() for key in arrays["keys"]]
                places = [place for place, key in enumerate(keys) if key in wanted]
                values = arrays["values"] if places else np.empty((len(keys), self._width), np.float16)
        except _DAMAGE:
            return []
        is_ours = values.shape == (len(keys), self._width) and values.dtype == np.float16
        return [(keys[place], values[place]) for place in places] if is_ours else []

    def put(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Keep these vectors [n, width]."""
        name = hashlib.sha256(keys.tobytes()).hexdigest()[:32]
        write_with(self._folder / f"{name}.npz", lambda file: np.savez(file, keys=keys, values=values))


def features_of(
    encoder: FrozenEncoder,
    examples: ExampleTable,
    progress: Progress | None = None,
    memory: int | None = None,
    device: str = "cpu",
) -> np.ndarray:
    """float16 [N, width] of all examples, in their order; only contents never seen before are encoded.

    memory: bytes; images are decoded by no more threads than that allows. device: where it works; what its memory does
    not hold is encoded in halves. What is finished when it is cancelled or
    killed is kept. Raises `ModelError` without the encoder's package or for values that are not finite, `DataError`
    for a file that has gone.
    """
    progress = progress or SilentProgress()
    cache = FeatureCache(cache_root() / "features" / f"{encoder.name}-{encoder.digest}", encoder.width)
    distinct, first, of_row = np.unique(content_keys(examples), axis=0, return_index=True, return_inverse=True)
    vectors = np.zeros((len(distinct), encoder.width), np.float16)
    missing = np.flatnonzero(~cache.fill(distinct, vectors))
    if len(missing):
        missing = missing[np.argsort(first[missing])]  # in the order of the examples
        place = {int(first[m]): int(m) for m in missing}
        pending = _Pending(cache, distinct, vectors)
        try:
            for rows, values in _encoded(encoder, examples, first[missing], progress, memory, device):
                pending.add([place[int(row)] for row in rows], values)
        finally:
            pending.write()
    return vectors[of_row.reshape(-1)]


class _Pending:
    """Vectors that are encoded and not yet written."""

    def __init__(self, cache: FeatureCache, keys: np.ndarray, vectors: np.ndarray):
        self._cache, self._keys, self._vectors = cache, keys, vectors
        self._places: list[int] = []
        self._since = time.monotonic()

    def add(self, places: list[int], values: np.ndarray) -> None:
        self._vectors[places] = values
        self._places += places
        if len(self._places) >= _PIECE or time.monotonic() - self._since > _PATIENCE:
            self.write()

    def write(self) -> None:
        if self._places:
            self._cache.put(self._keys[self._places], self._vectors[self._places])
        self._places, self._since = [], time.monotonic()


def _encoded(
    encoder: FrozenEncoder,
    examples: ExampleTable,
    rows: np.ndarray,
    progress: Progress,
    memory: int | None,
    device: str,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows, float16 vectors of them), batch by batch. Progress counts the batches."""
    progress.stage(f"Encoding with {encoder.title}", -(-len(rows) // BATCH))
    encode = on_device(encoder.load(encoder.require()), device)
    for some, content in batches(examples, encoder, rows, BATCH, memory):
        values = _values(encode, _full(content), encoder.width)[: len(some)]
        if not np.isfinite(values).all():
            raise ModelError(
                f"{encoder.name} gives values that are not finite, first in the batch of row {int(some[0])}.",
                f"Install {encoder.distribution} again.",
            )
        yield some, values
        progress.advance()


def on_device(encode: Callable[[Any], Any], device: str) -> Callable[[Any], Any]:
    """The encoder on that device ("": as `choose_device`), where it can move there. Raises `ModelError` without it."""
    from core.numerics.devices import choose_device

    place = choose_device(device)
    moved: Callable[[Any], Any] = encode.to(place) if hasattr(encode, "to") else encode
    return moved


def _values(encode: Callable[[Any], Any], content: Any, width: int) -> np.ndarray:
    """float16 [b, width]; where the device's memory runs out, of the batch in halves."""
    import torch

    from core.numerics.devices import in_halves

    values = np.empty((len(content), width), np.float16)

    def take(start: int, stop: int) -> None:
        values[start:stop] = encode(content[start:stop]).cpu().numpy().astype(np.float16)

    with torch.inference_mode():
        in_halves(take, 0, len(content), lambda: None)
    return values


def _full(content: Any) -> Any:
    """Images in batches of one size, so that the last digits of a vector do not depend on how a run was cut."""
    if not isinstance(content, np.ndarray) or len(content) in (1, BATCH):
        return content
    return np.concatenate([content, np.zeros((BATCH - len(content), *content.shape[1:]), content.dtype)])


__all__ = ["BATCH", "KEY", "FeatureCache", "features_of"]
