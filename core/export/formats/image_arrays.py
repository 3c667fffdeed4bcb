"""`npz`: the kept images as arrays, what small image datasets are passed around as."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from core.types.errors import DataError

from .format import ExportFormat, HandOver
from .pictures import only_of_images

NAME = "kept_images.npz"


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    """images uint8 [kept, H, W, C], labels int64 (-1 none), example_ids, sample_weight float32 (0: not trained on) and
    class_names; images are written one after another, so memory holds one of them.
    """
    rows, view, outcome = handed.kept_rows, handed.view, handed.outcome
    with zipfile.ZipFile(folder / NAME, "w", allowZip64=True) as archive:
        _images(archive, handed)
        for name, values in (
            ("labels", np.asarray(outcome.label_final, np.int64)[rows]),
            ("example_ids", np.asarray(view.ids)[rows].astype(str)),
            ("sample_weight", handed.weights[rows]),
            ("class_names", np.asarray(view.class_names, str)),
        ):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)
    return {NAME: len(rows)}


def _images(archive: zipfile.ZipFile, handed: HandOver) -> None:
    shape = _shape(handed)
    head = {"descr": "|u1", "fortran_order": False, "shape": (len(handed.kept_rows), *shape)}
    with archive.open("images.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, head)
        for row in handed.kept_rows.tolist():
            member.write(_pixels(handed, row, shape).tobytes())


def _shape(handed: HandOver) -> tuple[int, ...]:
    rows = handed.kept_rows
    return np.asarray(handed.facts.read_input(int(rows[0]))).shape if len(rows) else (0, 0, 1)


def _pixels(handed: HandOver, row: int, shape: tuple[int, ...]) -> np.ndarray:
    pixels = handed.facts.read_input(row)
    if pixels is None:
        raise DataError(f"The image of {handed.view.ids[row]} cannot be read.", "Put the source back.")
    if pixels.shape != shape:
        raise DataError(
            f"The images differ in size: {handed.view.ids[row]} is {pixels.shape}, the first {shape}.",
            "An array needs one size: use the format images instead of npz.",
        )
    return np.asarray(pixels, np.uint8)


NPZ = ExportFormat(
    name="npz",
    title="Array of images",
    summary=f"{NAME}: the kept images with their final labels, ids, weights and class names.",
    write=_write,
    files=(NAME,),
    opened_by=f'numpy.load("{NAME}")["images"]',
    needs_run=True,
    why_not=only_of_images,
)
