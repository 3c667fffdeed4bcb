"""`python -m core.attributions.worker RUN`: answers "why this prediction?" so that the web server needs no torch.

One JSON object per line in: {"id": 1, "row": 5, "method": "gradient_shap", "params": {}}; one per line out, with the
same id: {"id": 1, "attribution": {...}} or {"id": 1, "error": "...", "hint": "..."}. With "ask": "checks" the answer
holds "checks" (lights for that attribution), with "ask": "what_if" and an "edit" it holds "what_if" (the judgement
before and after). The first line is {"ready": true}.
Ends as soon as its input ends, which is what happens when the process that asked is gone.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .wire import decode_edit, encode_attribution, failure, from_line, to_line

if TYPE_CHECKING:
    from .session import Session


def main() -> None:
    """Serve one run until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m core.attributions.worker", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run")
    arguments = parser.parse_args()
    out = _own_output()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, lines), daemon=True).start()
    _say(out, {"ready": True})
    serve(arguments.run, lines, out)


def serve(run: Path, lines: queue.SimpleQueue[str], out: IO[str]) -> None:
    """Answer each line; no error of one question ends the next."""
    session = None
    try:
        from .session import Session

        _use_most_cores()
        session = Session(run)
        session.warm()
    except Exception as error:  # told to whoever asks: the boundary of a process, where nothing may be lost
        traceback.print_exc()
        unopened = failure(error)
    while True:
        message: dict[str, Any] = {}
        try:
            message = from_line(lines.get())
            if session is None:
                answer: dict[str, Any] = unopened
            else:
                answer = answered(session, message)
        except Exception as error:  # the same boundary: the asker gets the words, the log the traceback
            traceback.print_exc()
            answer = failure(error)
        _say(out, {"id": message.get("id"), **answer})


def answered(session: Session, message: dict[str, Any]) -> dict[str, Any]:
    """What the session says to one message, as JSON values; raises `CurationError` in words."""
    row, ask = int(message["row"]), message.get("ask", "attribution")
    if ask == "what_if":
        return {"what_if": asdict(session.what_if(row, decode_edit(dict(message["edit"]))))}
    method, params = str(message["method"]), dict(message.get("params") or {})
    if ask == "checks":
        return {"checks": [asdict(check) for check in session.check(row, method, params)]}
    return {"attribution": encode_attribution(session.explain(row, method, params))}


def _own_output() -> IO[str]:
    """The real standard output; whatever a library prints goes to the log instead of between the answers."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _say(out: IO[str], message: dict[str, Any]) -> None:
    out.write(to_line(message))
    out.flush()


def _read(source: IO[str], lines: queue.SimpleQueue[str]) -> None:
    for line in source:
        lines.put(line)
    os._exit(0)  # the asker is gone: an answer in the making is for nobody


def _use_most_cores() -> None:
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))  # one is left to the screen


if __name__ == "__main__":
    main()
