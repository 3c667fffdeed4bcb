"""Images or features in .npz, .npy or IDX files."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import NO_COLUMN, ExampleTable, Modality, Roles
from core.types.previews import Column, SourcePreview

from . import identity
from .array_archives import Header
from .array_file import (
    ArrayFile,
    check_lengths,
    check_not_empty,
    class_names_of,
    is_arrays,
    refuse_wide_labels,
    row_columns,
)
from .assemble import Parts, assemble
from .beside import beside_findings
from .cache import cached_file
from .image_arrays import ImageArray
from .label_file import join_labels
from .loader import Claim, Loader, Request
from .ranges import Reading, blocks, reading_of, spread_of
from .roles import LABEL_NAMES
from .tabular import feature_parts

_INPUTS = ("images", "image", "x", "inputs", "data", "features", "x_train", "pixels", "imgs", "array")
_RECORDED = ("logit", "prob", "embed")
_CHANNELS = (1, 3, 4)  # gray, RGB, RGB with opacity


def _claims(request: Request) -> Claim:
    if not is_arrays(request.path):
        return Claim.NONE
    if request.modality in (Modality.IMAGE, Modality.TABLE):
        return Claim.REQUESTED
    if request.modality is not None:
        return Claim.NONE
    return Claim.RECOGNIZED if guess_inputs(ArrayFile(request.path), request.roles) else Claim.FALLBACK


def guess_inputs(file: ArrayFile, roles: Roles) -> str | None:
    """The array that holds the examples: as named, else the first usual name, else the largest that is images."""
    if roles.inputs:
        return roles.inputs if _may_hold_examples(file.header(roles.inputs), "buif") else None
    candidates = [h for h in file.headers.values() if _is_candidate(h, nameless=file.path.suffix.lower() == ".npy")]
    for choose in (_usually_named, _largest_images, _only_one):
        if (header := choose(candidates)) is not None:
            return header.name
    return None


def _may_hold_examples(header: Header, kinds: str) -> bool:
    """Images, or features [N, d] of these kinds of numbers; by its name no logits, probabilities or embeddings."""
    is_features = len(header.shape) == 2 and header.dtype.kind in kinds
    return (_is_images(header) or is_features) and not _is_recorded(header.name)


def _is_candidate(header: Header, nameless: bool) -> bool:
    """Whether an array that nobody named may be the examples; nameless, only as bytes: floats may be anything."""
    if header.name.lower() in LABEL_NAMES or (nameless and header.dtype != np.uint8):
        return False
    return _may_hold_examples(header, "fiu")


def _usually_named(candidates: list[Header]) -> Header | None:
    by_name = {header.name.lower(): header for header in candidates}
    return next((by_name[name] for name in _INPUTS if name in by_name), None)


def _largest_images(candidates: list[Header]) -> Header | None:
    return max(filter(_is_images, candidates), key=lambda header: header.size, default=None)


def _only_one(candidates: list[Header]) -> Header | None:
    return candidates[0] if len(candidates) == 1 else None


def _is_recorded(name: str) -> bool:
    return any(word in name.lower() for word in _RECORDED)


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
    notes = [f'the examples are the array "{inputs}" {header.shape}']
    shown: tuple[np.ndarray, ...] = ()
    if images := _is_images(header):
        array, reading = images_of(file, inputs)
        shown = tuple(array[i] for i in range(min(5, len(array))))
        notes += [reading.note] if reading.note else []
    notes += [beside.text for beside in beside_findings(file, inputs)]
    modality = Modality.IMAGE if images else Modality.TABLE
    return SourcePreview(
        request.name,
        modality,
        "arrays",
        roles,
        listed,
        columns.head(5),
        header.shape[0],
        tuple(notes),
        shown,
    )


def _words(header: Header) -> str:
    return f"{header.dtype} {header.shape}"


def _open(request: Request) -> tuple[ArrayFile, str]:
    file = ArrayFile(request.path, request.cache)
    inputs = guess_inputs(file, request.roles)
    if inputs is None:
        listed = ", ".join(f"{h.name} {h.shape}" for h in file.headers.values())
        raise DataError(
            f"{request.name}: no array holds images [N, H, W(, C)] or features [N, d]. Arrays: {listed}.",
            "Choose one with --inputs; images have 1, 3 or 4 channels, first or last.",
        )
    check_not_empty(file, inputs)
    return file, inputs


def _columns(request: Request, file: ArrayFile, inputs: str) -> tuple[pd.DataFrame, Roles]:
    wanted = request.roles
    check_lengths(file, inputs, (wanted.label, wanted.id, wanted.split, wanted.group, *_usual_labels(file, wanted)))
    columns = row_columns(file, file.header(inputs).shape[0])
    columns, roles = join_labels(columns, request.labels, wanted, request.name)
    if not roles.label and wanted.label not in (NO_COLUMN, ""):
        refuse_wide_labels(file, inputs, len(columns))
    return columns, replace(roles, inputs=inputs)


def _usual_labels(file: ArrayFile, roles: Roles) -> tuple[str, ...]:
    """An array that is surely meant as the labels must fit, even though nobody named it."""
    return () if roles.label else tuple(n for n in ("label", "labels") if n in file.headers)


def _load(request: Request) -> ExampleTable:
    file, inputs = _open(request)
    columns, roles = _columns(request, file, inputs)
    count = file.header(inputs).shape[0]
    if _is_images(file.header(inputs)):
        images, reading = images_of(file, inputs)
        digests = _image_digests(images)
        parts = Parts(Modality.IMAGE, images, digests, columns, roles, findings=reading.findings(count))
    else:
        parts = _feature_parts(file, inputs, columns, roles)
    findings = (*parts.findings, *beside_findings(file, inputs))
    return assemble(request, replace(parts, known_classes=class_names_of(file, count), findings=findings))


def _image_digests(images: ImageArray) -> np.ndarray:
    return np.concatenate([identity.digest_array(block) for _, block in blocks(images.array)])


def _feature_parts(file: ArrayFile, inputs: str, columns: pd.DataFrame, roles: Roles) -> Parts:
    array = file.mapped(inputs)
    names = [f"{inputs}_{i}" for i in range(array.shape[1])]
    features = pd.DataFrame(np.asarray(array, dtype=np.float64), columns=names)
    return feature_parts(features, identity.digest_array(array), columns, roles)


def images_of(file: ArrayFile, name: str) -> tuple[ImageArray, Reading]:
    """The images, memory-mapped, and how they were read; what is not bytes becomes uint8 [N, H, W, C] once."""
    header, array = file.header(name), file.mapped(name)
    reading = reading_of(spread_of(array, file.path.name), header.dtype, file.path.name)
    first = len(header.shape) == 4 and header.shape[3] not in _CHANNELS
    if header.dtype == np.uint8 and not first:
        return ImageArray(array), reading
    target = file.target(name, f"uint8 by {reading.factor!r}")
    if not target.exists():
        turned = array.transpose(0, 2, 3, 1) if first else array
        with cached_file(target, file.path.name) as out:
            _write_bytes(out, turned, reading)
    return ImageArray(np.load(target, mmap_mode="r", allow_pickle=False)), reading


def _write_bytes(out: BinaryIO, turned: np.ndarray, reading: Reading) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": turned.shape}
    np.lib.format.write_array_header_1_0(out, header)
    for _, block in blocks(turned):
        out.write(reading.pixels(block).tobytes())


ARRAYS = Loader(
    "arrays", "Images or features in NPZ, NPY or IDX", (Modality.IMAGE, Modality.TABLE), _claims, _inspect, _load
)
