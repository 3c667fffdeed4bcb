"""The map's own JavaScript, run by an engine without a browser: what it computes is asked, not said again."""

import base64
import json
from typing import Any

import numpy as np
import quickjs

from dashboard.components.assets import asset

_READ = ("store", "rows", "colors", "raster", "share", "cut", "frame", "pointer", "legend")
_ARITHMETIC = tuple(f"map/{name}.js" for name in _READ)
# What these files name of a browser when they are read.
_PAGE = """
globalThis.window = globalThis
globalThis.TextDecoder = class { decode(bytes) { return String.fromCharCode(...bytes) } }
"""


class MapScript:
    """One page with the map's code; columns put into it stay, as in a browser."""

    def __init__(self, *names: str) -> None:
        """names: other asset files than the map's."""
        self._context = quickjs.Context()
        self._context.add_callable("atob", lambda text: base64.b64decode(text).decode("latin-1"))
        self._context.eval(_PAGE + asset(*names or _ARITHMETIC).replace("export default ", "globalThis.component = "))

    def ask(self, expression: str, **values: Any) -> Any:
        """What an expression comes to, in which each of `values` has its name. Arrays arrive as typed arrays."""
        names = ", ".join(values)
        given = ", ".join(_literal(value) for value in values.values())
        return json.loads(self._context.eval(f"JSON.stringify((({names}) => {expression})({given}))"))

    def column(self, key: str, data: dict[str, np.ndarray], **header: Any) -> None:
        """Put columns where maps find them."""
        put = (
            "home.columns.set(key, { key, ...header, data: Object.fromEntries(names.map((n, i) => [n, columns[i]])) })"
        )
        fields = {f"c{k}": values for k, values in enumerate(data.values())}
        expression = f"{{ const columns = [{', '.join(fields)}]; {put}; return true }}"
        self.ask(expression, key=key, header=header, names=list(data), **fields)


_TYPED = {"u1": "Uint8Array", "u2": "Uint16Array", "u4": "Uint32Array", "f4": "Float32Array", "f8": "Float64Array"}


def _literal(value: Any) -> str:
    if isinstance(value, bytes):
        value = np.frombuffer(value, np.uint8)
    if not isinstance(value, np.ndarray):
        return json.dumps(value, allow_nan=False)
    text = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return f"new {_TYPED[value.dtype.str[1:]]}(fromBase64({json.dumps(text)}).buffer)"
