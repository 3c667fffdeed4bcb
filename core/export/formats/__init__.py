"""Formats that an export is handed over in: one file and one entry each."""

from __future__ import annotations

from collections.abc import Sequence

from core.types.errors import CurationError
from core.types.registry import check_name

from .atlas import ATLAS
from .cleanlab_columns import CLEANLAB
from .csv_tables import CSV
from .fiftyone import FIFTYONE
from .format import ExportFormat, HandOver, RunFacts
from .huggingface import HUGGINGFACE
from .image_arrays import NPZ
from .image_folders import IMAGES, LINKS
from .indices import INDICES
from .label_studio import LABEL_STUDIO
from .parquet import PARQUET
from .torch_loader import TORCH

# Order here is order everywhere; the first is always written.
FORMATS: tuple[ExportFormat, ...] = (
    CSV,
    PARQUET,
    HUGGINGFACE,
    INDICES,
    TORCH,
    LABEL_STUDIO,
    FIFTYONE,
    ATLAS,
    CLEANLAB,
    IMAGES,
    LINKS,
    NPZ,
)
FILES = tuple(
    dict.fromkeys(("curated.csv", "decisions.csv", "manifest.json", *(f for one in FORMATS for f in one.files)))
)


def formats_named(names: Sequence[str]) -> tuple[ExportFormat, ...]:
    """The registered formats of these names, in registry order; `CurationError` for an unknown one or none of csv."""
    for name in names:
        check_name(name, [one.name for one in FORMATS], "format")
    if CSV.name not in names:
        raise CurationError(
            f"The formats of an export are {','.join(names)!r}.",
            "csv must be among them: the CSV files are what an export is verified by.",
        )
    return tuple(one for one in FORMATS if one.name in names)


__all__ = ["FILES", "FORMATS", "ExportFormat", "HandOver", "RunFacts", "formats_named"]
