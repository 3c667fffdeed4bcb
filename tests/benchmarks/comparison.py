"""One row of a benchmark: a piece of our work beside its physical limit and beside other libraries."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.measure import Timing, Work, alternate, markdown_table, peak_megabytes, ratio, time_once

_PEER_SECONDS = 45.0  # a slow peer is not repeated beyond this
_SLOW_SECONDS = 12.0


@dataclass(frozen=True)
class Peer:
    """Another library doing the same: `make` returns the call to time; `ours` the same task when it is a smaller one.

    module: what must be importable; package: its name in the index; note: how its task differs.
    """

    name: str
    module: str
    package: str
    make: Callable[[], Work]
    ours: Work | None = None
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """ours against `limit`, alternated in one process; then ours against each installed peer in the same way.

    most: how many times the limit it may take (None: no limit is asked for). memory: (module:function, arguments) of a
    set-up whose call is measured for peak memory in a process of its own.
    """

    row: str
    workload: str
    ours: Work
    limit: Work | None = None
    limit_name: str = ""
    most: float | None = None
    peers: Sequence[Peer] = ()
    memory: tuple[str, Mapping[str, Any]] | None = None
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, seconds after which no round begins, and whether peers and memory take part."""

    rounds: int = 7
    seconds: float = 120.0
    peers: bool = True
    memory: bool = True


def measure(one: Comparison, effort: Effort) -> dict[str, Any]:
    """The row's figures as JSON: seconds, ratios, peers (measured, missing or failed), memory."""
    print(f"{one.workload}  {one.row} ...", file=sys.stderr, flush=True)
    works = {"ours": one.ours} | ({"limit": one.limit} if one.limit else {})
    seen = alternate(works, effort.rounds, most_seconds=effort.seconds)
    figures: dict[str, Any] = {"row": one.row, "workload": one.workload, "ours": seen["ours"].figures(), **one.facts}
    if one.limit:
        figures |= {
            "limit": seen["limit"].figures(),
            "limit_name": one.limit_name,
            "most": one.most,
            "times_limit": _plain(seen["ours"], seen["limit"]),
        }
    if effort.peers and one.peers:
        figures["peers"] = {peer.name: _beside(one, peer) for peer in one.peers}
    if effort.memory and one.memory:
        figures["peak_megabytes"] = round(peak_megabytes(one.memory[0], **one.memory[1]), 1)
    if one.note:
        figures["note"] = one.note
    return figures


def _beside(one: Comparison, peer: Peer) -> dict[str, Any]:
    """Times of the peer over ours; a peer that is missing or fails is named as such."""
    from tests.benchmarks.peers import installed

    if not installed(peer.module):
        return {"missing": peer.package}
    print(f"    {peer.name}", file=sys.stderr, flush=True)
    try:
        seen = _against(peer.ours or one.ours, peer.make())
    except Exception as error:  # the failure of another library is a finding, not the end of the benchmark
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[:1]}"}
    found = {"peer": seen["peer"].figures(), "times_ours": _plain(seen["peer"], seen["ours"])}
    return found | ({"note": peer.note} if peer.note else {})


def _against(ours: Work, theirs: Work) -> dict[str, Timing]:
    """Three alternated rounds; a single one when the peer's first call is slow."""
    first = time_once(theirs)
    if first[0] < _SLOW_SECONDS:
        return alternate({"ours": ours, "peer": theirs}, 3, most_seconds=_PEER_SECONDS)
    return alternate({"ours": ours}, 1) | {"peer": Timing((first[0],), (first[1],))}


def _plain(one: Timing, other: Timing) -> dict[str, float]:
    found = ratio(one, other)
    return {"low": found.low, "median": found.median, "high": found.high, "cpu": found.cpu}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    columns = (
        "workload",
        "what",
        "seconds (CPU)",
        "limit",
        "times the limit",
        "asked",
        "others take, times ours",
        "MB",
    )
    return markdown_table(columns, [_cells(row) for row in rows])


def _cells(row: Mapping[str, Any]) -> list[str]:
    ours, times = row["ours"], row.get("times_limit")
    spread = (
        f"{times['median']:.2f} ({times['low']:.2f} to {times['high']:.2f}; CPU {times['cpu']:.2f})" if times else "-"
    )
    return [
        row["workload"],
        row["row"],
        f"{ours['wall']:.3g} ({ours['cpu']:.3g})",
        f"{row['limit_name']} {row['limit']['wall']:.3g} s" if times else "-",
        spread,
        f"{row['most']:g}" if row.get("most") else "-",
        "; ".join(f"{name} {_peer(found)}" for name, found in row.get("peers", {}).items()) or "-",
        f"{row['peak_megabytes']:.0f}" if "peak_megabytes" in row else "-",
    ]


def _peer(found: Mapping[str, Any]) -> str:
    if "missing" in found:
        return "not installed"
    return "failed" if "failed" in found else f"{found['times_ours']['median']:.3g}"
