"""Small ONNX graphs, and ones that ask for what is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

SIDE, CLASSES = 8, 3


def save_cnn(path: Path, end: str = "", batch: int | str = "n") -> dict[str, np.ndarray]:
    """A convolution, the mean over the picture, one linear layer and perhaps an `end`; returns its weights."""
    onnx = pytest.importorskip("onnx")
    rng = np.random.default_rng(0)
    weights = {
        "kernel": rng.normal(size=(5, 3, 3, 3)),
        "head": rng.normal(size=(CLASSES, 5)),
        "bias": rng.normal(size=3),
    }
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    made = onnx.helper.make_node
    nodes = [
        made("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1]),
        made("Relu", ["c"], ["r"]),
        made("GlobalAveragePool", ["r"], ["g"]),
        made("Flatten", ["g"], ["f"]),
        made("Gemm", ["f", "head", "bias"], ["y" if not end else "z"], transB=1),
        *([made(end, ["z"], ["y"])] if end else []),
    ]
    save(path, nodes, [batch, 3, SIDE, SIDE], [batch, CLASSES], weights)
    return weights


def save(path: Path, nodes: list[Any], reads: list[Any], gives: list[Any], weights: dict[str, np.ndarray]) -> Any:
    """A graph from "x" to "y", as float32."""
    onnx = pytest.importorskip("onnx")
    of, number = onnx.helper, onnx.TensorProto.FLOAT
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    ends = [of.make_tensor_value_info("x", number, reads)], [of.make_tensor_value_info("y", number, gives)]
    domains = sorted({node.domain for node in nodes})
    imports = [of.make_opsetid(domain, 17 if not domain else 1) for domain in domains]
    model = of.make_model(of.make_graph(nodes, "g", *ends, tensors), opset_imports=imports, ir_version=8)
    onnx.save(model, path)
    return model


def plain_pass(weights: dict[str, np.ndarray], pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(logits, inputs of the last layer) of the same network, pixel by pixel: the oracle. pixels [N, 3, H, W]."""
    padded = np.pad(pixels.astype(np.float64), [(0, 0), (0, 0), (1, 1), (1, 1)])
    out = np.zeros((len(pixels), 5, SIDE, SIDE))
    for row in range(3):
        for column in range(3):
            seen = padded[:, :, row : row + SIDE, column : column + SIDE]
            out += np.einsum("nchw,oc->nohw", seen, weights["kernel"][:, :, row, column].astype(np.float64))
    features = np.maximum(out, 0).mean(axis=(2, 3))
    return features @ weights["head"].T + weights["bias"], features


def save_evil(folder: Path, what: str) -> Path:
    """A graph that asks for `what`; returns its path."""
    onnx = pytest.importorskip("onnx")
    path = folder / "model.onnx"
    save_cnn(path)
    if what == "a cut file":
        path.write_bytes(path.read_bytes()[:90])
        return path
    if what == "no graph":
        path.write_bytes(b"\x80\x04\x95 not a graph")
        return path
    model = onnx.load(path)
    if what in ("another library's operator", "inside a branch"):
        node = onnx.helper.make_node("RunPython", ["z"], ["y"], domain="stranger.ops", code=f"open({str(folder)!r})")
        model.graph.node[-1].output[0] = "z"
        branch = onnx.helper.make_graph([node], "b", [], [onnx.helper.make_tensor_value_info("y", 1, None)])
        inside = onnx.helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
        model.graph.node.append(inside if what == "inside a branch" else node)
    places = {
        "a file above": "../../etc/passwd",
        "an absolute file": "/etc/passwd",
        "a link": "link",
        "missing": "w.bin",
    }
    places["beyond the end"] = "short.bin"
    if what in places:
        (folder / "short.bin").write_bytes(b"1234")
        if what == "a link":
            (folder / "link").symlink_to("/etc/passwd")
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        for key, value in {"location": places[what], "offset": "0", "length": "540"}.items():
            tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


EVIL_GRAPHS = (
    "another library's operator",
    "inside a branch",
    "a file above",
    "an absolute file",
    "a link",
    "missing",
    "beyond the end",
    "a cut file",
    "no graph",
)
