"""Text for a terminal or a log: what ids, classes and files say cannot move the cursor or make up a line."""

from __future__ import annotations

import logging
import re

# Control characters, line and paragraph separators, half characters, and marks that turn the writing direction.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escaped(text: object) -> str:
    """One line: each control character as it is written in Python, such as \\x1b or \\n."""
    return _CONTROL.sub(lambda control: control[0].encode("unicode_escape").decode(), str(text))


def escaped_lines(text: object) -> str:
    """The same for text of several lines, such as a traceback: its line breaks stay."""
    return "\n".join(map(escaped, str(text).split("\n")))


class EscapedFormatter(logging.Formatter):
    """Log records without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """As `logging.Formatter` writes it, escaped."""
        return escaped_lines(super().format(record))
