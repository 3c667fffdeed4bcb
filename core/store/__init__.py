"""Floor 1: nouns to disk and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .runs import Run
from .workspace import workspace_root

if TYPE_CHECKING:
    from .branching import Branches
    from .decisions import CurationLog
    from .picking import Picks
    from .registry import RunRegistry

__all__ = [
    "Run",
    "branches",
    "curation_log",
    "picks",
    "run_registry",
    "workspace_root",
]


def curation_log(refuse_lost: Callable[[str, int], object] | None = None) -> CurationLog:
    """The log of this workspace's decisions (SQLAlchemy is imported here, not with the package)."""
    from .database import database
    from .decisions import CurationLog

    return CurationLog(database(), refuse_lost)


def run_registry() -> RunRegistry:
    """The runs of this workspace."""
    from .database import database
    from .registry import RunRegistry

    return RunRegistry(database())


def branches() -> Branches:
    """The branches of this workspace's curations."""
    from .branching import Branches
    from .database import database

    return Branches(database())


def picks() -> Picks:
    """The rows just selected in this workspace's runs."""
    from .database import database
    from .picking import Picks

    return Picks(database())
