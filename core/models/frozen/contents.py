"""What an encoder reads of each example, and the key of its content: equal contents are encoded once, and for good."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from core.datasets.image_arrays import resize
from core.types.examples import ExampleTable, Modality

from .entry import FrozenEncoder

KEY = 16  # bytes: chance gives two of 10^9 contents the same key once in 10^20 times
_COPIES = 4  # of a decoded image that reading and shrinking it hold at once
_CHANNELS = 3  # the encoders read colors; gray is repeated
_SHARE = 4  # of the stated memory, the part that decoding may take
_MOST_THREADS = 8  # decode more images than any encoder here takes


def content_keys(examples: ExampleTable) -> np.ndarray:
    """uint8 [N, KEY]: equal for equal images, or for equal texts. Files are known by the hash of their bytes."""
    digest_of = getattr(examples.inputs, "content_digest", None)
    keys = np.empty((len(examples), KEY), np.uint8)
    for row in range(len(examples)):
        if examples.modality is Modality.TEXT:
            content = str(examples.inputs[row]).encode("utf-8", "surrogatepass")
        elif digest_of is not None:
            content = digest_of(row).encode()
        else:
            pixels = np.ascontiguousarray(examples.inputs[row])
            content = str(pixels.shape).encode() + pixels.tobytes()
        keys[row] = np.frombuffer(hashlib.sha256(content).digest()[:KEY], np.uint8)
    return keys


def batches(
    examples: ExampleTable, encoder: FrozenEncoder, rows: np.ndarray, size: int, memory: int | None
) -> Iterator[tuple[np.ndarray, Any]]:
    """(rows, what the encoder reads of them), `size` rows at a time; images of the next batch are decoded meanwhile."""
    pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
    if examples.modality is Modality.TEXT:
        yield from ((piece, [str(examples.inputs[int(row)]) for row in piece]) for piece in pieces)
        return
    with ThreadPoolExecutor(_threads(examples.inputs, memory)) as pool:
        waiting: list[tuple[np.ndarray, list[Future[np.ndarray]]]] = []
        try:
            for piece in pieces:
                waiting.append((piece, [pool.submit(seen, examples.inputs, int(r), encoder.side) for r in piece]))
                if len(waiting) > 1:
                    yield _read(*waiting.pop(0))
            if waiting:
                yield _read(*waiting.pop(0))
        finally:  # someone cancelled, or an image is gone: what was only asked for is not decoded any more
            pool.shutdown(cancel_futures=True)


def _read(piece: np.ndarray, images: list[Future[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return piece, np.stack([image.result() for image in images])


def seen(inputs: Any, row: int, side: int) -> np.ndarray:
    """uint8 [side, side, 3]: the whole image at the encoder's size, whatever its shape: no part of it is cut away."""
    small = getattr(inputs, "at_least", None)
    image = np.asarray(small(row, side) if small is not None else inputs[row])
    image = image[..., None] if image.ndim == 2 else image
    image = image[..., :_CHANNELS] if image.shape[2] >= _CHANNELS else np.repeat(image[..., :1], _CHANNELS, axis=2)
    return resize(np.ascontiguousarray(image), (side, side))


def _threads(inputs: Any, memory: int | None) -> int:
    """As many decoders as the memory holds images of the largest size, and as there are cores."""
    cores = min(
        _MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    sizes = getattr(inputs, "sizes", None)
    if memory is None or sizes is None or not len(sizes):
        return cores
    largest = int(np.prod(np.asarray(sizes), axis=1).max()) * _CHANNELS * _COPIES
    return max(1, min(cores, memory // _SHARE // max(1, largest)))
