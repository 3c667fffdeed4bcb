"""Files in, never trusted: one ExampleTable from whatever a person has.

Names are loaded when first used: a page or command that reads a finished run needs neither pandas nor pyarrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.datasets.guarded import preview_in_child as preview_in_child
    from core.datasets.guarded import report_in_child as report_in_child
    from core.datasets.limits import UnsafeFileError as UnsafeFileError
    from core.datasets.loader import Loader as Loader
    from core.datasets.loader import Request as Request
    from core.datasets.samples import SAMPLES as SAMPLES
    from core.datasets.samples import Sample as Sample
    from core.datasets.samples import means_sample as means_sample
    from core.datasets.samples import sample_key as sample_key
    from core.datasets.samples import sample_named as sample_named
    from core.datasets.samples import sample_path as sample_path
    from core.datasets.samples import sample_run as sample_run
    from core.datasets.sources import LOADERS as LOADERS
    from core.datasets.sources import inspect_source as inspect_source
    from core.datasets.sources import load_examples as load_examples
    from core.datasets.sources import load_trace as load_trace
    from core.datasets.sources import load_with_recorded as load_with_recorded
    from core.datasets.sources import source_path as source_path

_HOMES = {
    "LOADERS": "sources",
    "Loader": "loader",
    "Request": "loader",
    "SAMPLES": "samples",
    "Sample": "samples",
    "UnsafeFileError": "limits",
    "inspect_source": "sources",
    "load_examples": "sources",
    "load_trace": "sources",
    "load_with_recorded": "sources",
    "means_sample": "samples",
    "preview_in_child": "guarded",
    "report_in_child": "guarded",
    "sample_key": "samples",
    "sample_named": "samples",
    "sample_path": "samples",
    "sample_run": "samples",
    "source_path": "sources",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'core.datasets' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(f"core.datasets.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
