"""Words on a terminal: parse, one action, print. Errors are two lines and exit code 2."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from core import actions
from core.types.child import wait_without_spinning
from core.types.errors import Cancelled, CurationError

from .say import complain, complain_of, escape_what_libraries_say

EXIT_BUG, EXIT_ERROR, EXIT_CANCELLED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 incomplete or our bug, 2 an error in words, 130 stopped."""
    wait_without_spinning()
    from .parser import parse

    escape_what_libraries_say()
    try:
        asked = parse(list(sys.argv[1:] if arguments is None else arguments))
        return asked.command(asked) or 0
    except CurationError as error:
        complain_of(error)
        return EXIT_ERROR
    except (Cancelled, KeyboardInterrupt):
        complain("Stopped. What is finished is kept; `python -m core resume RUN` goes on.")
        return EXIT_CANCELLED
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # our bug: the traceback goes to the log, one calm sentence to the person
        where = _log_bug()
        complain(f"Something went wrong inside Chaffinch ({type(error).__name__}: {error}).", *where.splitlines())
        return EXIT_BUG


def _log_bug() -> str:
    text = traceback.format_exc()
    with suppress(OSError, CurationError):
        return f"The details are in {actions.workspace.log_bug(text)}; please report them."
    return text
