"""What an ONNX graph may not ask for: operators of others, files elsewhere, more than fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.types.errors import ModelError

MOST = 2**31 - 1  # bytes of a graph and all files beside it: what one message of protobuf holds
_OWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")  # of the standard; any other is a library that somebody must load
_DEEPEST = 16  # of graphs inside graphs


def refuse_large(path: Path, size: int) -> None:
    """Raise `ModelError` above what is read."""
    if size > MOST:
        raise ModelError(f"{path.name} and the files beside it have more than 2 GB.", "Give a smaller model.")


def refuse_others(path: Path, model: Any) -> None:
    """Raise `ModelError` for operators that some other library would have to bring."""
    made_here = {function.domain for function in model.functions}
    nodes = [*_nodes(path, model.graph, 0), *(node for function in model.functions for node in function.node)]
    others = sorted({node.domain for node in nodes} - {*_OWN_DOMAINS, *made_here})
    if others:
        kind = next(node.op_type for node in nodes if node.domain == others[0])
        raise ModelError(
            f"{path.name} asks for the operator {kind[:40]!r} of {others[0][:60]!r}, which is no part of ONNX. "
            "Nothing was run.",
            "Export it with standard operators alone.",
        )


def _inner(path: Path, graph: Any, depth: int) -> Iterator[Any]:
    """Graphs inside the nodes of a graph."""
    if depth > _DEEPEST:
        raise ModelError(f"{path.name} nests graphs {depth} deep.", "Export the model again.")
    for node in graph.node:
        for attribute in node.attribute:
            yield from ([attribute.g] if attribute.HasField("g") else [])
            yield from attribute.graphs


def _nodes(path: Path, graph: Any, depth: int) -> Iterator[Any]:
    yield from graph.node
    for inner in _inner(path, graph, depth):
        yield from _nodes(path, inner, depth + 1)


def tensors_of(path: Path, graph: Any, depth: int = 0) -> Iterator[Any]:
    """Every constant of the graph, of its nodes, and of the graphs inside them."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors
    for inner in _inner(path, graph, depth):
        yield from tensors_of(path, inner, depth + 1)


def refuse_elsewhere(path: Path, tensors: list[Any]) -> None:
    """Raise `ModelError` for numbers that lie outside the model's folder, or beyond the end of their file."""
    folder, files = path.parent.resolve(), {path: path.stat().st_size}
    for tensor in tensors:
        if tensor.data_location != 1 and not tensor.external_data:  # 1: in another file
            continue
        said = {entry.key: entry.value for entry in tensor.external_data}
        place = said.get("location", "")
        file = (folder / place).resolve()
        if not place or Path(place).is_absolute() or not file.is_relative_to(folder):
            raise ModelError(
                f"{path.name} keeps numbers in {place[:80]!r}, outside its own folder. Nothing was read.",
                "Give the model with its files beside it.",
            )
        if not file.is_file():
            raise ModelError(f"{path.name} keeps numbers in {place[:80]}, which is not there.", "Bring that file, too.")
        files[file] = file.stat().st_size
        _refuse_beyond(path, place, said, files[file])
    refuse_large(path, sum(files.values()))


def _refuse_beyond(path: Path, place: str, said: dict[str, str], size: int) -> None:
    try:
        start, length = int(said.get("offset") or 0), int(said.get("length") or 0)
    except ValueError:
        start = length = -1
    if start < 0 or length < 0 or start + length > size:
        raise ModelError(
            f"{path.name} asks for numbers beyond the end of {place[:80]}. Nothing was read.", "Export the model again."
        )
