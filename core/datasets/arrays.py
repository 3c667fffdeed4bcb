"""Pictures or features in .npz, .npy or IDX files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality, Roles

from . import identity
from .archives import Header
from .arrayfile import ArrayFile, check_lengths, class_names_of, is_arrays, row_columns
from .assemble import Parts, assemble
from .labelfile import join_labels
from .loader import Column, Loader, Request, SourcePreview
from .pixels import ImageArray
from .tabular import feature_parts

_INPUTS = ("images", "image", "x", "inputs", "data", "features", "x_train", "pixels", "imgs", "array")
_RECORDED = ("logit", "prob", "embed")
_CHANNELS = (1, 3, 4)
_BLOCK = 256


def _claims(request: Request) -> int:
    if not is_arrays(request.path):
        return 0
    if request.modality in (Modality.IMAGE, Modality.TABLE):
        return 9
    return 5 if request.modality is None and guess_inputs(ArrayFile(request.path), request.roles) else 0


def guess_inputs(file: ArrayFile, roles: Roles) -> str | None:
    """The array that holds the examples: as named, else the first usual name, else the largest that is pictures."""
    if roles.inputs:
        named = any(word in roles.inputs.lower() for word in _RECORDED)
        return (
            None
            if named or not (_is_images(file.header(roles.inputs)) or len(file.header(roles.inputs).shape) == 2)
            else roles.inputs
        )
    usable = [h for h in file.headers.values() if _is_images(h) or (len(h.shape) == 2 and h.dtype.kind in "fiu")]
    usable = [h for h in usable if not any(word in h.name.lower() for word in _RECORDED)]
    if file.path.suffix.lower() == ".npy":  # one array without a name: pictures only if it is bytes
        usable = [h for h in usable if h.dtype == np.uint8]
    by_name = {h.name.lower(): h.name for h in usable}
    for name in _INPUTS:
        if name in by_name:
            return by_name[name]
    pictures = sorted((h for h in usable if _is_images(h)), key=lambda h: -h.size)
    return pictures[0].name if pictures else (usable[0].name if len(usable) == 1 else None)


def _is_images(header: Header) -> bool:
    shape = header.shape
    if len(shape) == 3:
        return header.dtype.kind in "buif" and min(shape[1:]) >= 2
    return len(shape) == 4 and header.dtype.kind in "buif" and (shape[3] in _CHANNELS or shape[1] in _CHANNELS)


def _inspect(request: Request) -> SourcePreview:
    file, inputs = _open(request)
    header = file.header(inputs)
    columns, roles = _columns(request, file, inputs)
    listed = tuple(
        Column(h.name, _words(h), "" if h.shape != (header.shape[0],) else str(columns[h.name].iloc[0]))
        for h in file.headers.values()
        if h.name in columns or h.shape != (header.shape[0],)
    )
    images = _is_images(header)
    pictures = tuple(images_of(file, inputs)[i] for i in range(min(5, header.shape[0]))) if images else ()
    modality = Modality.IMAGE if images else Modality.TABLE
    return SourcePreview(
        request.name,
        modality,
        "arrays",
        roles,
        listed,
        columns.head(5),
        header.shape[0],
        (f'the examples are the array "{inputs}" {header.shape}',),
        pictures,
    )


def _words(header: Header) -> str:
    return f"{header.dtype} {header.shape}"


def _open(request: Request) -> tuple[ArrayFile, str]:
    file = ArrayFile(request.path, request.cache)
    inputs = guess_inputs(file, request.roles)
    if inputs is None:
        listed = ", ".join(f"{h.name} {h.shape}" for h in file.headers.values())
        raise DataError(
            f"{request.name}: no array holds pictures [N, H, W(, C)] or features [N, d]. Arrays: {listed}.",
            "Choose one with --inputs.",
        )
    return file, inputs


def _columns(request: Request, file: ArrayFile, inputs: str) -> tuple[pd.DataFrame, Roles]:
    wanted = request.roles
    check_lengths(file, inputs, (wanted.label, wanted.id, wanted.split, wanted.group, *_usual_labels(file, wanted)))
    columns = row_columns(file, file.header(inputs).shape[0])
    columns, roles = join_labels(columns, request.labels, wanted, request.name)
    return columns, replace(roles, inputs=inputs)


def _usual_labels(file: ArrayFile, roles: Roles) -> tuple[str, ...]:
    """An array that is surely meant as the labels must fit, even though nobody named it."""
    return () if roles.label else tuple(n for n in ("label", "labels") if n in file.headers)


def _load(request: Request) -> ExampleTable:
    file, inputs = _open(request)
    columns, roles = _columns(request, file, inputs)
    count = file.header(inputs).shape[0]
    if _is_images(file.header(inputs)):
        images = images_of(file, inputs)
        parts = Parts(Modality.IMAGE, images, _picture_digests(images), columns, roles)
    else:
        parts = _feature_parts(file, inputs, columns, roles)
    return assemble(request, replace(parts, known_classes=class_names_of(file, count)))


def _picture_digests(images: ImageArray) -> np.ndarray:
    blocks = [
        identity.digest_array(images.take(range(start, min(start + _BLOCK, len(images)))))
        for start in range(0, len(images), _BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.array([], dtype=object)


def _feature_parts(file: ArrayFile, inputs: str, columns: pd.DataFrame, roles: Roles) -> Parts:
    array = file.mapped(inputs)
    names = [f"{inputs}_{i}" for i in range(array.shape[1])]
    features = pd.DataFrame(np.asarray(array, dtype=np.float64), columns=names)
    return feature_parts(features, identity.digest_array(array), columns, roles)


def images_of(file: ArrayFile, name: str) -> ImageArray:
    """The pictures, memory-mapped; all other kinds are turned into uint8 [N, H, W, C] once."""
    header = file.header(name)
    first = len(header.shape) == 4 and header.shape[3] not in _CHANNELS
    if header.dtype == np.uint8 and not first:
        return ImageArray(file.mapped(name))
    target = file.target(name, "uint8")
    if not target.exists():
        _convert(file.mapped(name), target, first, file.path.name)
    return ImageArray(np.load(target, mmap_mode="r", allow_pickle=False))


def _convert(array: np.ndarray, target, channels_first: bool, source: str) -> None:
    turned = array.transpose(0, 2, 3, 1) if channels_first else array
    scale = _scale(array, source)
    beside = target.with_suffix(f".{id(array):x}.tmp")
    out = np.lib.format.open_memmap(beside, mode="w+", dtype=np.uint8, shape=turned.shape)
    for start in range(0, len(turned), _BLOCK):
        block = turned[start : start + _BLOCK]
        out[start : start + _BLOCK] = np.clip(np.rint(block * scale), 0, 255) if scale != 1 else block
    out.flush()
    beside.replace(target)


def _scale(array: np.ndarray, source: str) -> float:
    """What takes the values to 0..255: floats up to 1, bytes, or 16 bits."""
    low, high = _range(array)
    if not np.isfinite((low, high)).all() or low < 0:
        raise DataError(
            f"{source}: the pictures hold values from {low:g} to {high:g}.",
            "Give 0..255, 0..1 or 16-bit pixels, not standardized ones.",
        )
    if array.dtype.kind in "fb" and high <= 1:
        return 255.0
    return 1.0 if high <= 255 else 255 / 65535


def _range(array: np.ndarray) -> tuple[float, float]:
    blocks = [array[start : start + _BLOCK] for start in range(0, len(array), _BLOCK)]
    return min((float(b.min()) for b in blocks), default=0.0), max((float(b.max()) for b in blocks), default=0.0)


ARRAYS = Loader(
    "arrays", "Pictures or features in NPZ, NPY or IDX", (Modality.IMAGE, Modality.TABLE), _claims, _inspect, _load
)
