"""An ONNX graph, read as data and checked by us before it is run: no operator of others, no file elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.models.extras import required
from core.types.errors import ModelError
from core.types.examples import Modality

from .onnx_checks import refuse_elsewhere, refuse_large, refuse_others, tensors_of

_PASS_ON = ("Identity", "Cast", "Squeeze", "Reshape", "Flatten", "Dropout")
_ENDS = ("Softmax", "LogSoftmax", "Sigmoid")
_LAYERS = ("Gemm", "MatMul")
_FLOATS, _BYTES = (1, 10, 11), 2  # numbers of TensorProto for float32, float16, float64 and uint8
_ONE_INPUT = "Export a model of one input: images [N, C, H, W] or columns [N, d]; texts need a Hugging Face folder."


@dataclass(frozen=True, eq=False)
class Graph:
    """A checked graph. size: of its input, None where it is free. dtype: numpy's name of the input's numbers.

    logits: the tensor that scores read, before `end` (Softmax, Sigmoid or ""). features: what goes into the last
    layer, or a second output, "" where there is neither.
    """

    model: Any
    input: str
    size: tuple[int | None, ...]
    dtype: str
    output: str
    logits: str
    end: str
    features: str
    features_are: str
    opset: int
    nodes: int
    parameters: int

    @property
    def modality(self) -> Modality:
        """Four axes are images, two are columns."""
        return Modality.IMAGE if len(self.size) == 4 else Modality.TABLE

    @property
    def channels_first(self) -> bool:
        """[N, C, H, W]; else [N, H, W, C]."""
        return not (self.size[3] in (1, 3) and self.size[1] not in (1, 3))

    @property
    def image_size(self) -> tuple[int, ...]:
        """(height, width), () where the graph takes any."""
        sides = self.size[2:] if self.channels_first else self.size[1:3]
        return tuple(side for side in sides if side) if all(sides) else ()

    @property
    def width(self) -> int | None:
        """Channels of an image, or columns of a row."""
        return self.size[1] if len(self.size) == 2 or self.channels_first else self.size[3]


def read_checked(path: Path) -> Graph:
    """The graph at `path`; nothing of it is run. Raises `ModelError` for what is no graph, asks for code or for files
    elsewhere, or reads or gives something that is no row of a table or image and no number for each class.
    """
    refuse_large(path, path.stat().st_size)
    library = required("onnx", "onnx")
    try:
        model = library.load_model_from_string(path.read_bytes())
    except Exception as error:  # bytes of a stranger: whatever the parser says of them, they are no graph
        raise ModelError(f"{path.name} is no ONNX graph: {type(error).__name__}.", "Export the model again.") from None
    graph = model.graph
    if not graph.node or not graph.output:
        raise ModelError(f"{path.name} is an ONNX file without a graph.", "Export the model again.")
    refuse_others(path, model)
    refuse_elsewhere(path, list(tensors_of(path, graph)))
    return _described(path, library, model)


def _described(path: Path, library: Any, model: Any) -> Graph:
    graph = model.graph
    known = {tensor.name for tensor in graph.initializer}
    entry = _one_input(path, graph, known)
    size, dtype = _size_of(path, library, entry)
    output, second = _outputs(path, graph)
    makers = {name: node for node in graph.node for name in node.output}
    logits, end = _before_end(makers, output)
    features, are = _last_layer(makers, known, logits)
    if not features and second:
        features, are = second, f"the second output, {second}"
    return Graph(
        model=model,
        input=entry.name,
        size=size,
        dtype=dtype,
        output=output,
        logits=logits,
        end=end,
        features=features,
        features_are=are,
        opset=max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0),
        nodes=len(graph.node),
        parameters=sum(math.prod(tensor.dims) for tensor in graph.initializer),
    )


def _one_input(path: Path, graph: Any, known: set[str]) -> Any:
    inputs = [one for one in graph.input if one.name not in known]
    if len(inputs) != 1:
        raise ModelError(
            f"{path.name} reads {len(inputs)} inputs: {', '.join(one.name[:30] for one in inputs[:6])}.", _ONE_INPUT
        )
    return inputs[0]


def _size_of(path: Path, library: Any, value: Any) -> tuple[tuple[int | None, ...], str]:
    kind = value.type.tensor_type
    size = tuple(int(dim.dim_value) or None for dim in kind.shape.dim)
    dtype = str(library.helper.tensor_dtype_to_np_dtype(kind.elem_type)) if kind.elem_type in (*_FLOATS, _BYTES) else ""
    if not dtype or len(size) not in (2, 4):
        raise ModelError(
            f"{path.name} reads {value.name[:40]!r} with {len(size)} axes, no images or columns of numbers.", _ONE_INPUT
        )
    return size, dtype


def _outputs(path: Path, graph: Any) -> tuple[str, str]:
    """(numbers for each class, a second output or ""), by name. Raises `ModelError` where there are no such numbers."""
    floats = [one for one in graph.output if one.type.tensor_type.elem_type in _FLOATS]
    flat = [one.name for one in floats if len(one.type.tensor_type.shape.dim) in (0, 2)]
    if not flat:
        raise ModelError(
            f"{path.name} gives {', '.join(one.name[:30] for one in graph.output[:6])}, no numbers for each class.",
            "Export a classifier with the output [N, classes] (of skl2onnx: zipmap=False).",
        )
    return flat[0], flat[1] if len(flat) > 1 else ""


def _before_end(makers: dict[str, Any], name: str) -> tuple[str, str]:
    """(tensor before the last Softmax or Sigmoid, which of them); the output itself where there is none."""
    place = name
    for _ in makers:  # no longer way than there are tensors, even where a stranger's graph goes in circles
        if place not in makers or makers[place].op_type not in _PASS_ON:
            break
        place = makers[place].input[0]
    end = makers[place].op_type if place in makers else ""
    return (makers[place].input[0], end) if end in _ENDS else (name, "")


def _last_layer(makers: dict[str, Any], known: set[str], name: str) -> tuple[str, str]:
    """(what goes into the last linear layer, in words); "" where the graph does not end with one."""
    for _ in makers:
        node = makers.get(name)
        if node is None:
            break
        if node.op_type in _LAYERS:
            return str(node.input[0]), f"the input of the last {node.op_type}"
        ways = [one for one in node.input if one not in known]
        if node.op_type not in (*_PASS_ON, "Add") or not ways:
            break
        name = ways[0]
    return "", ""
