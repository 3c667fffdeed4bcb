"""The asking side of the worker: holds one child process per run, free of torch."""

from __future__ import annotations

import queue
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Any

from core.types import child
from core.types.attributions import Attribution, Edit, WhatIf
from core.types.errors import CurationError, RunError
from core.types.scores import AssumptionCheck

from .wire import decode_attribution, decode_what_if, encode_edit, from_line, to_line

FIRST_ANSWER = 120.0  # seconds: importing torch and reading the data on a slow machine


class AttributionClient:
    """Starts the worker of a run at once, asks it, restarts it when it died. Safe to share between threads.

    The worker runs the run's own module:factory only where this machine's workspace allows it. Close it, or use it in a
    `with` block; a client that is dropped or whose process dies takes its worker along.
    """

    def __init__(self, run_path: str | Path):
        self._command = child.python("-m", "core.attributions.worker", str(run_path))
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._closed = False
        self._child: subprocess.Popen[str] | None = None
        self._start()

    def explain(
        self, row: int, method: str, params: dict[str, Any] | None = None, timeout: float = FIRST_ANSWER
    ) -> Attribution:
        """The attribution of one row; raises `CurationError` with the worker's words, or after `timeout` seconds."""
        return decode_attribution(
            self._ask({"row": int(row), "method": method, "params": params or {}}, timeout)["attribution"]
        )

    def check(
        self, row: int, method: str, params: dict[str, Any] | None = None, timeout: float = FIRST_ANSWER
    ) -> tuple[AssumptionCheck, ...]:
        """Lights for that attribution: does it add up, does it depend on what the model learned?"""
        answer = self._ask({"ask": "checks", "row": int(row), "method": method, "params": params or {}}, timeout)
        return tuple(AssumptionCheck(**check) for check in answer["checks"])

    def what_if(self, row: int, edit: Edit, timeout: float = FIRST_ANSWER) -> WhatIf:
        """The model's judgement before and after an edit."""
        question = {"ask": "what_if", "row": int(row), "edit": encode_edit(edit)}
        return decode_what_if(self._ask(question, timeout)["what_if"])

    def _ask(self, question: dict[str, Any], timeout: float) -> dict[str, Any]:
        with self._lock:
            if self._closed:
                raise RunError("This explainer is closed.", "Open the example again.")
            number = next(self._numbers)
            self._send({"id": number, **question})
            answer = self._receive(number, time.monotonic() + timeout, timeout)
        if "error" in answer:
            raise CurationError(answer["error"], answer.get("hint", ""))
        return answer

    def close(self) -> None:
        """End the worker; may be called again."""
        self._closed = True
        self._stop()

    def __enter__(self) -> AttributionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_child", None) is not None:
            self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the worker, None when there is none."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def _start(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - read when the worker dies, gone with this object
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env=child.environment(PYTHONWARNINGS="ignore"),
        )
        assert self._child.stdout is not None
        threading.Thread(target=_pump, args=(self._child.stdout, self._answers), daemon=True).start()

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        if child.stdin is not None:
            with suppress(BrokenPipeError):  # a question still on its way to a worker that is gone: nothing to save
                child.stdin.close()
        self._log.close()

    def _send(self, question: dict[str, Any]) -> None:
        if self.pid is None:
            self._stop()
            self._start()
        assert self._child is not None
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(to_line(question))
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _receive(self, number: int, deadline: float, timeout: float) -> dict[str, Any]:
        while True:
            try:
                line = self._answers.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                self._stop()
                raise RunError(
                    f"No explanation within {timeout:.0f} seconds.", "Ask again, with fewer samples or another method."
                ) from None
            if line is None:
                raise self._died()
            answer = from_line(line)
            if answer.get("id") == number:  # "ready" is none
                return answer

    def _died(self) -> RunError:
        assert self._child is not None
        code = self._child.wait()
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace").strip().splitlines()
        self._stop()
        why = f": {said[-1][:200]}" if said else f" (code {code})."
        return RunError(
            f"The process that explains predictions ended{why}",
            "Ask again: it is started anew. It may have run out of memory.",
        )


def _pump(source: IO[str], answers: queue.SimpleQueue[str | None]) -> None:
    with source:
        for line in source:
            answers.put(line)
    answers.put(None)
