"""Floor 1: nouns to disk and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .runs import Run
from .states import CurationEvent, CurationState, RunSummary
from .workspace import workspace_root

if TYPE_CHECKING:
    from .decisions import CurationLog
    from .registry import RunRegistry

__all__ = ["CurationEvent", "CurationState", "Run", "RunSummary", "curation_log", "run_registry", "workspace_root"]


def curation_log() -> CurationLog:
    """The log of this workspace's decisions (SQLAlchemy is imported here, not with the package)."""
    from .database import database
    from .decisions import CurationLog

    return CurationLog(database())


def run_registry() -> RunRegistry:
    """The runs of this workspace."""
    from .database import database
    from .registry import RunRegistry

    return RunRegistry(database())
