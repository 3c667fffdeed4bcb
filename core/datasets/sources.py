"""From a path or a sample's name to the loader that knows it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.types.errors import DataError
from core.types.evidence import GivenEvidence
from core.types.examples import ExampleTable, Modality, Roles
from core.types.previews import SourcePreview
from core.types.recorded import RecordedFiles
from core.types.registry import check_name

from .array_inputs import ARRAYS
from .cache import kept_unless_refused
from .files import is_text, printable, unreadable
from .frames import is_table, read_sample
from .image_folders import IMAGES
from .limits import too_large
from .loader import Claim, Loader, Request
from .recorded_beside import join_recorded, open_recorded, outputs_of
from .roles import guess_modality
from .samples import SAMPLES, means_sample, sample_path
from .saved_images import SAVED_IMAGES
from .tabular import TABULAR
from .text import TEXT
from .traces import TRACES, load_recorded
from .traces import load_beside as beside_inputs

# Order here is order everywhere.
LOADERS: tuple[Loader, ...] = (IMAGES, SAVED_IMAGES, ARRAYS, TEXT, TABULAR, TRACES)
_WITHOUT_LABELS = (ARRAYS, TRACES)  # whose labels may lie in a file of their own


def inspect_source(
    source: str | Path,
    modality: str | None = None,
    roles: Roles = Roles(),
    *,
    labels: str | Path | None = None,
    cache: Path | None = None,
) -> SourcePreview:
    """A look at a source before loading it: modality and roles guessed where not given, and the first rows."""
    request = _request(source, modality, roles, cache, None, labels)
    with kept_unless_refused(), _enough_memory(request):
        loader, request = _loader(request)
        return loader.inspect(request)


def load_examples(
    source: str | Path,
    modality: str | None = None,
    roles: Roles = Roles(),
    cache: Path | None = None,
    class_map: str | Path | None = None,
    labels: str | Path | None = None,
) -> ExampleTable:
    """The whole source as an ExampleTable.

    source: a path (CSV, TSV, Parquet, JSONL, NPZ, NPY, IDX, zip or folder) or the name of a sample.
    labels: a file of labels for arrays that have none. class_map: which class is which model output.
    Raises `DataError` saying what is wrong and where.
    """
    request = _request(source, modality, roles, cache, class_map, labels)
    with kept_unless_refused(), _enough_memory(request):
        loader, request = _loader(request)
        return loader.load(request)


def load_with_recorded(
    source: str | Path,
    files: RecordedFiles,
    modality: str | None = None,
    roles: Roles = Roles(),
    cache: Path | None = None,
    class_map: str | Path | None = None,
    labels: str | Path | None = None,
    own_embeddings: bool = True,
) -> tuple[ExampleTable, GivenEvidence]:
    """The whole source, and what was recorded elsewhere: in the source itself and in `files`, rows in table order.

    own_embeddings: whether embeddings that lie in the source beside its inputs are taken. Raises `DataError` as
    `load_examples` does, and for files that do not fit the examples.
    """
    request = _request(source, modality, roles, cache, class_map, labels)
    with kept_unless_refused(), _enough_memory(request):
        opened = open_recorded(files, roles.id, cache)
        outputs, names = outputs_of(opened)
        loader, request = _loader(replace(request, outputs=outputs, class_names=names))
        if loader is TRACES:
            examples, given = load_recorded(request)
        else:
            examples, given = loader.load(request), GivenEvidence()
            if loader is ARRAYS and own_embeddings and "embeddings" not in opened:
                inputs = loader.inspect(request).roles.inputs
                given = beside_inputs(request, inputs) if inputs else given
        return join_recorded(examples, opened, files, given) if files else (examples, given)


@contextmanager
def _enough_memory(request: Request) -> Iterator[None]:
    """Memory that runs out after the file was read, while its columns are looked at, is said as `DataError`, too."""
    try:
        yield
    except MemoryError:
        raise too_large(request.name) from None


def load_trace(
    source: str | Path,
    roles: Roles = Roles(),
    labels_source: str | Path | None = None,
    class_map: str | Path | None = None,
    cache: Path | None = None,
) -> tuple[ExampleTable, GivenEvidence]:
    """Recorded logits [S, T, N, C], probabilities [N, C] and embeddings [N, d] with their table (no inputs)."""
    request = _request(source, Modality.TRACE.value, roles, cache, class_map, labels_source)
    with kept_unless_refused():
        return load_recorded(request)


def source_path(source: str | Path) -> Path:
    """The path behind a source: a path that exists, else a sample's file; else `DataError`."""
    text = os.fspath(source)
    sample = sample_path(text)
    if sample is not None and means_sample(text):
        return sample
    if not is_text(text):
        raise DataError(f"{printable(text)} is a bad path: its name is not UTF-8.", "Rename the file or folder.")
    path = Path(os.path.expanduser(text))  # a person who does not exist stays as written, and is no such file
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            os.scandir(path).close()  # may be listed
            os.stat(os.path.join(path, "."))  # and entered
    except FileNotFoundError as error:
        failure = unreadable(path, error)
        names = ", ".join(s.name for s in SAMPLES)
        raise DataError(str(failure), f"Check the path, or name a sample: {names}.") from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return path


def _request(
    source: str | Path,
    modality: str | None,
    roles: Roles,
    cache: Path | None,
    class_map: str | Path | None,
    labels: str | Path | None,
) -> Request:
    path = source_path(source)
    if modality is not None:
        check_name(modality, Modality, "modality", DataError)
    name = os.fspath(source) if sample_path(os.fspath(source)) == path else path.name
    return Request(
        path,
        name,
        Modality(modality) if modality else None,
        roles,
        cache,
        Path(class_map) if class_map else None,
        Path(labels) if labels else None,
    )


def _loader(request: Request) -> tuple[Loader, Request]:
    """The loader that is surest, and the request with its modality settled for table files."""
    if request.modality is None and is_table(request.path):
        head = read_sample(request.path)
        request = replace(request, modality=guess_modality(head, request.roles))
    claims = {loader: loader.claims(request) for loader in LOADERS}
    surest = max(LOADERS, key=claims.__getitem__)
    if claims[surest] is Claim.NONE:
        wanted = f" as {request.modality.value}" if request.modality else ""
        raise DataError(
            f"{request.name} cannot be read{wanted}: no loader knows it.",
            "Give CSV, TSV, Parquet, JSONL, NPZ, NPY, IDX, a zip or folder of images, or a dataset saved to disk.",
        )
    if request.labels and surest not in _WITHOUT_LABELS:
        raise DataError(
            f"The file of labels {request.labels.name} would not be used: {request.name} has columns or folders of its "
            "own.",
            "Name its label column with --label, or join both into one file.",
        )
    return surest, request
