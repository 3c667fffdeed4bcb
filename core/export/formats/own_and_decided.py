"""Every row with the person's own columns and all that was decided, as one Arrow table."""

from __future__ import annotations

from typing import Any

from ..table import arrow_table, typed_array
from .format import HandOver


def every_row(handed: HandOver, skip: frozenset[str] = frozenset()) -> Any:
    """`pyarrow.Table`: the person's columns as they are, then those of decisions.csv but `skip`.

    A column of ours whose name is taken is called chaffinch_NAME. `kept` is true or false.
    """
    table = arrow_table([c for c in handed.decided if c.name not in skip])
    own = {} if handed.columns is None else _own(handed)
    names = [_free(name, own) for name in table.column_names]
    table = table.rename_columns(names)
    place = names.index(_free("kept", own))
    table = table.set_column(place, names[place], table.column(place).cast("bool"))
    for k, (name, array) in enumerate(own.items()):
        table = table.add_column(k, name, array)
    return table


def _own(handed: HandOver) -> dict[str, Any]:
    frame, kinds = handed.columns, handed.facts.kinds
    names = [str(name) for name in frame.columns]
    return {name: typed_array(_cells(frame.iloc[:, k]), kinds.get(name)) for k, name in enumerate(names)}


def _cells(series: Any) -> list[str]:
    return ["" if v is None or v != v else str(v) for v in series.tolist()]


def _free(name: str, taken: Any) -> str:
    while name in taken:
        name = f"chaffinch_{name}"
    return name


def column_named(table: Any, name: str) -> str:
    """What a column of ours is called in `every_row`: the last that ends so."""
    return next(one for one in reversed(table.column_names) if one.removeprefix("chaffinch_") == name)
