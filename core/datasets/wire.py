"""What a child process that reads a stranger's file answers: plain JSON, nothing that could run when it is read."""

from __future__ import annotations

import base64
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from core.types.examples import Finding, Modality, Roles, SourceReport
from core.types.previews import Column, SourcePreview

SHOWN = 2000  # characters of a cell that a look shows
_SIDE = 512  # pixels of an image that a look shows


def roles_from(plain: dict[str, Any]) -> Roles:
    """The roles behind `asdict(roles)`."""
    return Roles(**{**plain, "features": tuple(plain["features"])})


def preview_to_plain(preview: SourcePreview) -> dict[str, Any]:
    """The look as JSON values; long cells and large images are made small enough to be shown."""
    head = preview.head
    cells = [[str(cell)[:SHOWN] for cell in row] for row in head.astype(object).to_numpy()]
    return {
        **{name: getattr(preview, name) for name in ("name", "modality", "loader", "rows", "notes")},
        "roles": asdict(preview.roles),
        "columns": [[text[:SHOWN] for text in column] for column in preview.columns],
        "head": {"names": [str(name) for name in head.columns], "cells": cells},
        "images": [_packed(image) for image in preview.images],
    }


def preview_from_plain(plain: dict[str, Any]) -> SourcePreview:
    """The look that `preview_to_plain` packed."""
    head = plain["head"]
    return SourcePreview(
        plain["name"],
        Modality(plain["modality"]),
        plain["loader"],
        roles_from(plain["roles"]),
        tuple(Column(*column) for column in plain["columns"]),
        pd.DataFrame(head["cells"], columns=head["names"], dtype=object),
        plain["rows"],
        tuple(plain["notes"]),
        tuple(_unpacked(**image) for image in plain["images"]),
    )


def report_from_plain(plain: dict[str, Any]) -> SourceReport:
    """The report behind `asdict(report)`."""
    report = SourceReport(**{**plain, "modality": Modality(plain["modality"])})
    findings = tuple(Finding(**{**line, "rows": tuple(line["rows"])}) for line in plain["report"])
    names, counts = tuple(report.class_names), tuple(report.class_counts)
    return replace(report, class_names=names, class_counts=counts, report=findings)


def _packed(image: np.ndarray) -> dict[str, Any]:
    step = max(1, -(-max(image.shape[:2]) // _SIDE))
    small = np.ascontiguousarray(image[::step, ::step], dtype=np.uint8)
    return {"shape": small.shape, "pixels": base64.b64encode(small.tobytes()).decode()}


def _unpacked(shape: list[int], pixels: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(shape)
