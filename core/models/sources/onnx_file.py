"""ONNX graphs: checked by us, then run by onnxruntime in the process with limits."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.models.extras import required
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .looking import looked_at
from .onnx_checks import refuse_large
from .onnx_graph import Graph, read_checked
from .source import ModelSource, of_one_file
from .table_rows import as_logits, columns_for, numbers_of

_BATCH = 32  # rows at once, where the graph leaves it free
_SUM = 1e-3  # how far rows of probabilities in float32 lie from 1


def sniff(model: str) -> bool:
    """A file that ends with .onnx."""
    path = Path(model).expanduser()
    return path.suffix.lower() == ".onnx" and path.is_file()


def look(training: TrainingSpec) -> dict[str, Any]:
    """{"size": (height, width) or ()} of a graph that is fit to be run, found by a child process with limits and
    remembered while the file stays. Raises `DataError` in the words of `read_checked`.
    """
    path = Path(training.model)
    refuse_large(path, path.stat().st_size)
    return looked_at(__name__, path)


def check(training: TrainingSpec) -> None:
    """Raise `DataError` for a graph that is not fit to be run."""
    look(training)


def main() -> None:
    """What the child runs."""
    from core.datasets.guarded import answer_with

    answer_with(_done)


def _done(question: dict[str, Any]) -> dict[str, Any]:
    required("onnxruntime", "onnx")
    graph = read_checked(Path(question["path"]))
    return {"size": list(graph.image_size) if graph.modality is Modality.IMAGE else []}


def image_format(training: TrainingSpec) -> ImageFormat:
    """The size of its input; how pixels are normalized stands in no graph, and is asked for."""
    return ImageFormat(size=tuple(look(training)["size"]))


def describe(training: TrainingSpec) -> ModelFacts:
    """What the graph says; nothing of it is run. Raises `ModelError`."""
    graph = read_checked(Path(training.model))
    notes = [f"Its last step is {graph.end}: what goes into it is read as logits."] if graph.end else []
    if not graph.end:
        notes.append("No Softmax at its end: outputs are read as logits; rows that sum to 1 as probabilities.")
    cannot = {ability.value: why for ability, why in ONNX.cannot.items()}
    gives = ONNX.gives
    if graph.features:
        notes.append(f"Inputs of the last layer are {graph.features_are}.")
    else:
        gives = tuple(ability for ability in gives if ability is not Ability.FEATURES)
        cannot[Ability.FEATURES.value] = "the graph does not end with a linear layer, and has no second output"
    return ModelFacts(
        name=training.model,
        source=ONNX.name,
        what=f"ONNX graph of opset {graph.opset}, {graph.nodes:,} operators; output {graph.output}",
        input=_input(graph),
        layers=graph.nodes,
        parameters=graph.parameters,
        class_count=_classes(graph),
        moments=1,
        gives=gives,
        cannot=cannot,
        notes=tuple(notes),
    )


def _classes(graph: Graph) -> int:
    """Of its output, two for a single number; 0 where the graph leaves it open."""
    output = next(one for one in graph.model.graph.output if one.name == graph.output)
    dims = output.type.tensor_type.shape.dim
    count = int(dims[1].dim_value) if len(dims) == 2 else 0
    return 2 if count == 1 else count


def _input(graph: Graph) -> str:
    if graph.modality is Modality.TABLE:
        return f"a table of {graph.width or 'any number of'} columns of numbers, in order ({graph.dtype})"
    size = " x ".join(map(str, graph.image_size)) or "a size that must be told (--image-size)"
    order = "channels first" if graph.channels_first else "channels last"
    how = "as --mean and --std say, which must be told"
    return f"images of {size}, {graph.width or 3} channels, {order}, {graph.dtype}; the whole image resized, {how}"


def predict(training: TrainingSpec, examples: ExampleTable) -> dict[str, np.ndarray]:
    """{"logits": [N, C]} and "features" [N, d] where the graph has them. Raises `ModelError`; for the process with
    limits.
    """
    path = Path(training.model)
    graph = read_checked(path)
    if examples.modality is not graph.modality:
        raise ModelError(
            f"{path.name} reads data of the kind {graph.modality.value}; these are {examples.modality.value}.",
            "Give data of its kind, or another model.",
        )
    cut = _images(training, graph, examples) if graph.modality is Modality.IMAGE else _columns(path, graph, examples)
    run, names = _session(path, graph), list(dict.fromkeys([graph.logits, *filter(None, [graph.features])]))
    step = graph.size[0] or _BATCH
    parts: list[list[np.ndarray]] = []
    for start in range(0, len(examples), step):
        rows = np.arange(start, min(start + step, len(examples)))
        padded = np.resize(rows, step) if graph.size[0] else rows  # a graph of fixed batches gets full ones
        parts.append([out[: len(rows)] for out in _asked(path, run, names, {graph.input: cut(padded)})])
    whole = dict(zip(names, map(np.concatenate, zip(*parts, strict=True)), strict=True))
    found = {"logits": _logits(path, graph, whole[graph.logits])}
    features = whole.get(graph.features)
    return found | ({"features": features} if features is not None and features.ndim == 2 else {})


def _logits(path: Path, graph: Graph, raw: np.ndarray) -> np.ndarray:
    if raw.ndim != 2:
        raise ModelError(f"{path.name} gives {raw.shape[1:]} numbers a row.", "Export a classifier: [N, classes].")
    values = raw.astype(np.float64)
    probabilities = not graph.end and values.min() >= 0 and np.allclose(values.sum(1), 1, atol=_SUM)
    if probabilities and values.shape[1] > 1:
        return np.asarray(np.log(np.maximum(values, np.finfo(np.float32).tiny)))
    return as_logits(values)


def _images(training: TrainingSpec, graph: Graph, examples: ExampleTable) -> Any:
    """rows -> what the graph reads; each image is decoded when its batch is cut."""
    from core.models.image_encoding import ImageEncoder
    from core.models.image_inputs import refuse_unknown
    from core.types.image_format import image_format_in

    said = image_format_in(training)
    if graph.image_size and said.size and graph.image_size != said.size:
        told, wanted = ("x".join(map(str, size)) for size in (said.size, graph.image_size))
        raise ModelError(f"The graph reads images of {wanted}, not {told}.", "Leave out --image-size.")
    size, channels = graph.image_size or said.size, graph.width or 3
    refuse_unknown(replace(said, size=size), training.model)
    mean, std = (numbers * channels if len(numbers) == 1 else numbers for numbers in (said.mean, said.std))
    height, width = size
    encoder = ImageEncoder(height, width, mean, std, said.resampling)
    if len(mean) != channels:
        raise ModelError(f"The graph reads {channels} channels; --mean has {len(mean)}.", "Give one for each channel.")
    shift, scale = (np.asarray(numbers, np.float32) for numbers in (mean, std))

    def cut(rows: np.ndarray) -> np.ndarray:
        pixels = encoder.pixels(examples.inputs, rows)
        values = pixels if graph.dtype == "uint8" else (pixels.astype(np.float32) / 255 - shift) / scale
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2) if graph.channels_first else values, graph.dtype)

    return cut


def _columns(path: Path, graph: Graph, examples: ExampleTable) -> Any:
    count = graph.width or len(columns_for(examples, (), -1, path.name).columns)
    matrix = numbers_of(columns_for(examples, (), count, path.name), {}, path.name).astype(graph.dtype)
    return lambda rows: matrix[rows]


def _session(path: Path, graph: Graph) -> Any:
    """The graph on the CPU, with what scores read among its outputs; numbers of other files are put into it first."""
    library, onnx = required("onnxruntime", "onnx"), required("onnx", "onnx")
    model, given = graph.model, {one.name for one in graph.model.graph.output}
    onnx.load_external_data_for_model(model, str(path.parent))
    del model.metadata_props[:]  # a session can be told there to profile into files
    wanted = dict.fromkeys(name for name in (graph.logits, graph.features) if name and name not in given)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    options = library.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return library.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever the runtime finds wrong with a stranger's graph
        raise _in_words(path, error) from None


def _asked(path: Path, session: Any, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    try:
        return [np.asarray(out) for out in session.run(names, inputs)]
    except Exception as error:  # the same
        raise _in_words(path, error) from None


def _in_words(path: Path, error: Exception) -> ModelError:
    first = " ".join(str(error).split())[:160]
    return ModelError(f"{path.name} is not run by onnxruntime: {first}.", "Export the model again.")


ONNX = ModelSource(
    name="onnx",
    title="ONNX graph",
    summary="A classifier of images or of columns of numbers, exported as .onnx.",
    sniff=sniff,
    describe=describe,
    check=check,
    image_format=image_format,
    place=of_one_file,
    predict=predict,
    modalities=(Modality.IMAGE, Modality.TABLE),
    gives=(Ability.LOGITS, Ability.FEATURES, Ability.PROBABILITIES),
    cannot={
        Ability.GRADIENTS: "a graph is run forwards alone",
        Ability.TRAINING: "it is scored as it is",
        Ability.EMBEDDING: "record it: --embeddings FILE",
    },
    refuses="operators outside the standard, numbers in files outside its folder, several inputs, token ids",
    extra="onnx",
)
