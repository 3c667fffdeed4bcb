"""Files in, never trusted: one ExampleTable from whatever a person has."""

from .column_types import column_types
from .guarded import UnsafeFileError, preview_in_child, report_in_child
from .loader import Loader, Request
from .samples import SAMPLES, Sample, means_sample, sample_key, sample_named, sample_path, sample_run
from .sources import LOADERS, inspect_source, load_beside, load_examples, load_trace, source_path

__all__ = [
    "LOADERS",
    "SAMPLES",
    "Loader",
    "Request",
    "Sample",
    "UnsafeFileError",
    "column_types",
    "inspect_source",
    "load_beside",
    "load_examples",
    "load_trace",
    "sample_key",
    "means_sample",
    "preview_in_child",
    "report_in_child",
    "sample_named",
    "sample_path",
    "sample_run",
    "source_path",
]
