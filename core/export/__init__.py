"""Export of a curation and its verification: curated.csv, decisions.csv, manifest.json."""

from .replay import StoredExport, read_manifest
from .verify import LevelReport, raise_if_failed, verify
from .write import ExportReport, write_export

__all__ = ["ExportReport", "LevelReport", "StoredExport", "raise_if_failed", "read_manifest", "verify", "write_export"]
