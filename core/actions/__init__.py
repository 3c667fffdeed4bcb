"""What a person can do, one function each, in one file per kind of thing: `from core import actions`.

The dashboard and the command line call these and nothing else of `core`. A file is imported when its first action is
called, so that starting costs next to nothing; none of them imports torch, umap or scikit-learn. Every action raises a
`CurationError` that says what happened and what to do.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import branches as branches
    from . import checks as checks
    from . import comparisons as comparisons
    from . import curation as curation
    from . import cuts as cuts
    from . import data as data
    from . import examples as examples
    from . import explanations as explanations
    from . import exports as exports
    from . import facets as facets
    from . import importance as importance
    from . import methods as methods
    from . import models as models
    from . import noise as noise
    from . import outcomes as outcomes
    from . import review as review
    from . import rounds as rounds
    from . import rules as rules
    from . import runs as runs
    from . import scores as scores
    from . import selections as selections
    from . import workspace as workspace

FILES = (
    "branches",
    "checks",
    "comparisons",
    "curation",
    "cuts",
    "data",
    "examples",
    "explanations",
    "exports",
    "facets",
    "importance",
    "methods",
    "models",
    "noise",
    "outcomes",
    "review",
    "rounds",
    "rules",
    "runs",
    "scores",
    "selections",
    "workspace",
)


def __getattr__(name: str) -> ModuleType:
    if name not in FILES:
        raise AttributeError(f"module 'core.actions' has no attribute {name!r}; it has: {', '.join(FILES)}")
    return import_module(f"core.actions.{name}")


def __dir__() -> list[str]:
    return list(FILES)
