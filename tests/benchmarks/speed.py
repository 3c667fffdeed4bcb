"""How long every score takes, beside the bare passes over the same data and beside other libraries.

`python -m tests.benchmarks.speed`               every row; keeps results/speed.json and results/speed.md
`python -m tests.benchmarks.speed --quick --json -`   the main ratios in a few minutes, as JSON on stdout

A ratio is the median over rounds; both sides of it ran in the same round, one after the other, on the same threads, and
the bare pass with the batch size that it likes best. Rounds go on until the seconds of a row are used up.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks import speed_arrays, speed_growth, speed_pairs, speed_passes, speed_runs
from tests.benchmarks.comparison import Comparison, Effort, measure, table
from tests.benchmarks.measure import environment, keep, kept, markdown_table, set_threads
from tests.benchmarks.peers import PEERS, installed
from tests.benchmarks.workloads import WORKLOADS, cifar, digits
from tests.benchmarks.workloads import table as wide_table

FULL = Effort(rounds=7, seconds=60.0)
QUICK = Effort(rounds=9, seconds=12.0, peers=False, memory=False)
_QUICK_IMAGES = 1_000  # ratios on these are those on all 10,000
_IMAGES = 10_000
_CLOCKS = {"wall": "median", "cpu": "cpu"}
_RATIOS = {
    "pass for logits and features": "fused_pass_x_forward",
    "pass for grand": "grand_x_fwd_bwd",
    "passes for vog": "vog_x_input_gradient",
    "passes for every signal": "all_over_dearest",
    "six scores by core.score": "six_scores_x_forward",
    "twelve scores by core.score": "twelve_scores_x_fwd_bwd",
}


def quick(effort: Effort = QUICK, clock: str = "median") -> dict[str, Any]:
    """The main ratios; {"W2": ..., "W3": ...} where they are of a pass. Missing libraries give None.

    clock: "median" of wall time, or "cpu".
    """
    began, found, errors = time.perf_counter(), {}, {}
    for load in (cifar(_QUICK_IMAGES), wide_table()):
        for one in speed_passes.rows(speed_passes.Bench.of(load)):
            if one.row in _RATIOS:
                figures = measure(one, effort)
                found.setdefault(_RATIOS[one.row], {})[load.name] = round(figures["times_limit"][clock], 3)
                if one.row == "pass for grand":
                    errors[load.name] = figures["largest_relative_error"]
    by_workload = found["all_over_dearest"]
    found |= {"all_over_dearest": max(by_workload.values()), "all_over_dearest_by_workload": by_workload}
    found["knn_shapley_x_product"] = round(measure(speed_arrays.shapley_row(), effort)["times_limit"][clock], 3)
    found |= kronfluence_speedups(effort, clock)
    about = {"grand_largest_relative_error": errors, "clock": clock, "seconds": round(time.perf_counter() - began)}
    return found | about | {"synthetic": cifar(1).synthetic} | environment()


def kronfluence_speedups(effort: Effort, clock: str) -> dict[str, float | None]:
    """kronfluence's time over ours, EK-FAC pairs on W1: one checkpoint each, and our mean of three over its one; and
    our default method, Gauss-Newton, at one checkpoint.
    """
    names = (
        "ekfac_pairs_speedup_over_kronfluence",
        "ekfac_pairs_of_three_checkpoints_speedup_over_its_one",
        "gauss_newton_pairs_speedup_over_kronfluence",
    )
    if not installed("kronfluence"):
        print("kronfluence is not installed: no comparison of EK-FAC.", file=sys.stderr)
        return dict.fromkeys(names)
    load = digits()
    three, one, newton = (
        row
        for row in speed_pairs.rows(load, speed_pairs.late_checkpoints(load))
        if row.row.startswith(("ekfac", "gauss_newton"))
    )
    out: dict[str, float | None] = {}
    for name, row in zip(names, (one, three, newton), strict=True):
        alone = replace(row, peers=[peer for peer in row.peers if peer.module == "kronfluence"])
        found = measure(alone, replace(effort, peers=True))["peers"]["kronfluence"]
        print(found.get("failed", ""), file=sys.stderr)
        out[name] = None if "failed" in found else round(found["times_ours"][clock], 2)
    return out


def everything(names: list[str], images: int) -> Iterator[Comparison]:
    """All rows of the named workloads, passes and whole runs, then pairs and arrays."""
    for name in names:
        load = cifar(images) if name == "W2" else WORKLOADS[name]()
        yield from speed_passes.rows(speed_passes.Bench.of(load))
        with tempfile.TemporaryDirectory(prefix="chaffinch-speed-") as folder:
            yield from speed_runs.rows(load, Path(folder))
    load = digits()
    yield from speed_pairs.rows(load, speed_pairs.late_checkpoints(load))
    yield from speed_arrays.rows()


def report(rows: list[dict[str, Any]], growth: list[dict[str, Any]], about: dict[str, Any]) -> str:
    """The results as Markdown."""
    missing = [package for module, package in PEERS.items() if not installed(module)]
    used = ", ".join(f"{name} {found}" for name, found in about["versions"].items())
    lines = [
        "# Speed",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['threads']} threads, load {about['load']}; "
        f"Python {about['python']}, {used}. Not installed: {', '.join(missing) or 'none'}.",
        "",
        "Ratios: median over alternated rounds (lowest to highest; of CPU seconds). MB: peak over the memory before.",
        "",
        table(rows),
    ]
    if growth:
        cells = [(g["family"], g["what"], *(f"{s:.3g}" for s in g["seconds"]), f"{g['exponent']:.2f}") for g in growth]
        columns = ("family", "sizes", "N (s)", "4 N (s)", "16 N (s)", "exponent")
        lines += ["Growth: seconds = c x size^exponent over three sizes.", "", markdown_table(columns, cells)]
    return "\n".join(lines)


def full(effort: Effort, options: argparse.Namespace) -> dict[str, Any]:
    """Every row whose name contains `options.only`; all of them are kept in the results folder, row by row.

    With `options.merge` those rows take their places among the kept ones, whose others and whose environment stay.
    """
    began, rows, growth = time.perf_counter(), [], []
    whole = not options.only and set(options.workloads) == set(WORKLOADS)

    def collected() -> dict[str, Any]:
        about = environment(list(PEERS.values())) | {"clock": options.clock, "images": options.images}
        about["seconds"] = round(time.perf_counter() - began)
        if whole:
            keep("speed", {"environment": about, "rows": rows, "growth": growth}, report(rows, growth, about))
        return {"environment": about, "rows": rows, "growth": growth}

    for one in everything(options.workloads, options.images):
        if options.only in one.row:
            rows.append(measure(one, effort))
            collected()
    if whole:
        growth += speed_growth.measured()
    figures = merged(rows) if options.merge else collected()
    print(report(figures["rows"], figures["growth"], figures["environment"]), file=sys.stderr)
    return figures


def merged(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The kept figures with `rows` in place of those of the same name and workload, each with where it was measured."""
    figures = kept("speed")
    about = environment(list(PEERS.values()))
    new = {(row["workload"], row["row"]): row | {"environment": about} for row in rows}
    stay = [new.pop((row["workload"], row["row"]), row) for row in figures["rows"]]
    figures["rows"] = sorted([*stay, *new.values()], key=lambda row: not row["workload"].startswith("W"))
    keep("speed", figures, report(figures["rows"], figures["growth"], figures["environment"]))
    return figures


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="Only the main ratios, in a few minutes.")
    parser.add_argument("--json", default="", metavar="FILE", help="Write the figures here; - is standard output.")
    parser.add_argument("--threads", type=int, default=0, help="Threads of every library (default: torch's own).")
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--only", default="", metavar="TEXT", help="Rows whose name contains TEXT; nothing is kept.")
    parser.add_argument("--merge", action="store_true", help="Keep the rows of --only among those kept before.")
    parser.add_argument("--rounds", type=int, default=FULL.rounds, help="Alternated repeats at most.")
    parser.add_argument("--seconds", type=float, default=FULL.seconds, help="That a row may take at most.")
    parser.add_argument("--images", type=int, default=_IMAGES, help="How many images W2 has.")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="Quote ratios of; cpu if it is busy.")
    parser.add_argument("--no-peers", action="store_true", help="Leave out other libraries.")
    return parser.parse_args()


def main() -> None:
    options = parse()
    warnings.simplefilter("ignore")  # other libraries'
    set_threads(options.threads)
    os.environ["TQDM_DISABLE"] = "1"
    effort = Effort(options.rounds, options.seconds, not options.no_peers)
    figures = quick(clock=_CLOCKS[options.clock]) if options.quick else full(effort, options)
    text = json.dumps(figures, indent=1)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    elif options.quick:
        print(text)


if __name__ == "__main__":
    main()
