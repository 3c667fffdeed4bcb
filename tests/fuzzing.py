"""Mutated files, read by a worker with limits: a right answer or a refusal in words is all that may come out.

A few cases of each kind are part of the suite; thousands run when asked for:
    CHAFFINCH_FUZZ_CASES=5000 CHAFFINCH_FUZZ_SEED=7 pytest -n 0 tests/datasets/test_fuzz_tables.py
CHAFFINCH_FUZZ_SEED chooses other cases than the suite's, which never change.
"""

import copy
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck
from hypothesis import strategies as st

SECONDS = 300  # a reader that hangs never answers; a busy machine makes an honest one slow
MEMORY = 2 << 30  # bytes of address space above what the libraries themselves reserve
_CHUNKS = [
    b"\0",
    b'"',
    b"\r",
    b"\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\xbd",
    b",",
    b"\t",
    b"[" * 3000,
    b"9" * 5000,
    b"1e308",
    b"1e400",
    b"-inf",
    b"NaN",
    b"\\ud83d",
    b"{}",
    b"null",
    b"\x1b[2J",
    b"../",
    b"\xff" * 8,
    b"\x80\x80\x80\x80\x10",
    b"\x7f\xff\xff\xff",
    bytes(8),
]
_VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2.5,
    -0.0,
    1e308,
    2**62,
    2**70,
    -(2**63),
    "",
    "x",
    "\ufeff",
    "'",
    "=1",
    "a" * 3000,
    "../../x",
    "0",
    "nan",
    "el2n",
    "keep",
    [],
    {},
    [[]],
    [1, "a", None],
    {"a": 1},
    {"": None},
    [{}] * 3,
]


def cases(of_the_suite: int):
    """Settings and seed of a fuzz test: `of_the_suite` fixed cases, or as many as the environment asks for."""
    count = int(os.environ.get("CHAFFINCH_FUZZ_CASES", 0)) or of_the_suite
    seed = os.environ.get("CHAFFINCH_FUZZ_SEED")
    settings = hypothesis.settings(
        max_examples=count,
        deadline=None,
        derandomize=seed is None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: settings(hypothesis.seed(int(seed or 0))(test) if seed else test)


@st.composite
def mutated(draw, sources: list[bytes], chunks: list[bytes] = _CHUNKS) -> bytes:
    """One of the sources with one to six edits: bytes changed, inserted, removed, repeated, or the end cut off."""
    data = bytearray(draw(st.sampled_from(sources)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        span = draw(st.integers(1, 40))
        edit = draw(st.sampled_from(["byte", "byte", "bit", "insert", "remove", "repeat", "cut", "number"]))
        if edit == "byte":
            data[start : start + 1] = bytes([draw(st.integers(0, 255))])
        elif edit == "bit" and data:
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif edit == "insert":
            data[start:start] = draw(st.sampled_from(chunks))
        elif edit == "remove":
            del data[start : start + span]
        elif edit == "repeat":
            data[start:start] = data[start : start + span] * draw(st.sampled_from([1, 2, 50]))
        elif edit == "number":
            data[start : start + 4] = draw(st.integers(0, 2**32 - 1)).to_bytes(4, "little")
        elif draw(st.integers(0, 3)) == 0:
            del data[start:]
    return bytes(data)


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


@st.composite
def edited(draw, values: list) -> object:
    """One of the JSON values with one to three entries replaced, removed, added, renamed, exchanged or wrapped."""
    whole = {"": copy.deepcopy(draw(st.sampled_from(values)))}
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))[1:]
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inner = whole
        for key in way:
            inner = inner[key]
        edit = draw(st.sampled_from(["replace", "replace", "remove", "rename", "wrap", "exchange", "add"]))
        if edit == "remove" and way:
            del inner[last]
        elif edit == "rename" and way and isinstance(inner, dict):
            inner[draw(st.sampled_from(["", "x", "kept", "rows", "a\tb"]))] = inner.pop(last)
        elif edit == "wrap":
            for _ in range(draw(st.sampled_from([1, 90, 3000]))):
                inner[last] = [inner[last]]
            break  # deeper than this test itself can walk
        elif edit == "exchange" and isinstance(inner, dict):
            other = draw(st.sampled_from(sorted(inner)))
            inner[last], inner[other] = inner[other], inner[last]
        elif edit == "add" and isinstance(inner[last], dict):
            inner[last][draw(st.sampled_from(["x", "label", "1"]))] = copy.deepcopy(draw(st.sampled_from(_VALUES)))
        else:
            inner[last] = copy.deepcopy(draw(st.sampled_from(_VALUES)))
    return whole[""]


def json_bytes(value: object) -> bytes:
    """As JSON, however deep."""
    depth, inner = 0, value
    while isinstance(inner, list) and len(inner) == 1:
        depth, inner = depth + 1, inner[0]
    return b"[" * depth + json.dumps(inner).encode() + b"]" * depth if depth > 900 else _dumped(value)


def _dumped(value: object) -> bytes:
    try:
        return json.dumps(value).encode()
    except RecursionError:  # written by hand, for the reader must refuse it, too
        return b'{"format": ' + b"[" * 3000 + b"]" * 3000 + b"}"


@contextmanager
def in_time() -> Iterator[None]:
    """A hang is an error."""

    def late(*_):
        raise AssertionError(f"no answer in {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass
class Outcome:
    """refused: the words, empty for a file that was read. crashed: what came out instead. megabytes: highest so far."""

    refused: str = ""
    crashed: str = ""
    megabytes: float = 0.0


class Reader:
    """A child process that reads one file after another under the limits, and a new one where the last one died."""

    def __init__(self, cache: Path, memory: int = MEMORY):
        self._cache, self._memory, self._child, self.highest = cache, memory, None, 0.0

    def read(self, path: Path, label: str | None = None) -> Outcome:
        """What reading the file comes to, with the labels asked for."""
        if self._child is None or self._child.poll() is not None:
            self._child = self._start()
        self._child.stdin.write(json.dumps([os.fspath(path), label]).encode() + b"\n")
        self._child.stdin.flush()
        answered, _, _ = select.select([self._child.stdout], [], [], SECONDS)
        if not answered:
            self.close()
            return Outcome(crashed=f"no answer in {SECONDS} s")
        line = self._child.stdout.readline()
        if not line:
            code = self._child.wait()
            self.close()
            return Outcome(crashed=f"the reader ended with {code}")
        outcome = Outcome(**json.loads(line))
        self.highest = max(self.highest, outcome.megabytes)
        return outcome

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-W", "error", __file__, os.fspath(self._cache), str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )


def check(examples) -> None:
    """What every table keeps, whatever its file was like."""
    import numpy as np

    count = len(examples)
    assert count > 0
    assert len(set(examples.ids.tolist())) == count
    assert not any("\0" in name for name in examples.ids)
    assert len(examples.labels) == len(examples.splits) == len(examples.columns) == count
    assert examples.labels.min() >= -1
    assert examples.labels.max() < max(examples.class_count, 1)
    if examples.modality == "table":
        numbers = examples.inputs.select_dtypes("number").to_numpy(float)
        assert not np.isinf(numbers).any()
    if examples.modality == "image":
        assert examples.inputs.take(range(min(count, 9)), size=(5, 6)).shape[:3] == (min(count, 9), 5, 6)
    json.dumps([f.text for f in examples.report]).encode()
    "\n".join(f.text for f in examples.report).encode()  # what the terminal prints


def _outcome(path: str, label: str | None, cache: Path) -> Outcome:
    from core.datasets import inspect_source, load_examples
    from core.types.errors import CurationError
    from core.types.examples import Roles

    try:
        inspect_source(path, roles=Roles(label=label), cache=cache)
        check(load_examples(path, roles=Roles(label=label), cache=cache))
    except CurationError as error:
        lines = error.lines()
        lines.encode()  # words that a terminal can print
        return Outcome(refused=lines, crashed="" if error.hint else f"no second line: {lines}")
    except BaseException:  # the outcome under test
        return Outcome(crashed=traceback.format_exc()[-3000:])
    return Outcome()


def _peak() -> float:
    """Megabytes at the highest; unlike getrusage it does not begin with those of the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Read paths from standard input, print an outcome a line."""
    import resource

    import pandas  # noqa: F401 - loaded before the limit is set
    import pyarrow.csv  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from core.datasets import load_examples  # noqa: F401

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    most = int(sys.argv[2]) + pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for line in sys.stdin:
        outcome = _outcome(*json.loads(line), Path(sys.argv[1]))
        outcome.megabytes = _peak()
        print(json.dumps(vars(outcome)), flush=True)


if __name__ == "__main__":
    main()
