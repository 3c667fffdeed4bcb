"""Export of a curation and its verification: curated.csv, decisions.csv, manifest.json."""

from .formats import FORMATS, RunFacts
from .levels import LevelReport, raise_if_failed
from .replay import StoredExport, read_manifest
from .replayed import RunRows
from .verify import Recomputed, verify
from .write import CONFIRM, ExportReport, write_export

__all__ = [
    "CONFIRM",
    "FORMATS",
    "ExportReport",
    "LevelReport",
    "Recomputed",
    "RunFacts",
    "RunRows",
    "StoredExport",
    "raise_if_failed",
    "read_manifest",
    "verify",
    "write_export",
]
