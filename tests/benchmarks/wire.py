"""What passes between a browser and a server, with the time at which the operating system had it.

The browser's own clock for a message is that of its main thread, which draws the page at that moment: it says when the
page read an answer, not when the server gave it.
"""

from __future__ import annotations

import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_CHUNK = 1 << 16
_PONG = 32  # bytes; what the browser sends unasked is shorter


class Wire:
    """A relay in front of a server: passes bytes on, and notes what came and when."""

    def __init__(self, address: str):
        self.server = urllib.parse.urlsplit(address)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://localhost:{self.listening.getsockname()[1]}"
        self.noted: list[tuple[float, bool, bytes]] = []  # seconds, whether the browser sent it, bytes
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, began: float, *words: bytes) -> float:
        """Milliseconds from the first bytes that the browser sent after `began` (monotonic seconds) to the first moment
        at which each of `words` had come back.
        """
        noted = [entry for entry in self.noted if entry[0] >= began]
        asked = next(at for at, sent, data in noted if sent and len(data) > _PONG)
        return 1000 * (max(_first(noted, asked, word) for word in words) - asked)

    def close(self) -> None:
        """Let nobody in any more."""
        self.listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self.listening.accept()
                threading.Thread(target=self._pass_on, args=(browser,), daemon=True).start()

    def _pass_on(self, browser: socket.socket) -> None:
        try:
            upstream = socket.create_connection((self.server.hostname or "localhost", self.server.port or 80))
        except OSError:  # the server has ended: so does this connection
            browser.close()
            return
        for side in (browser, upstream):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._pump, args=(upstream, browser, False), daemon=True).start()
        self._pump(browser, upstream, True)

    def _pump(self, source: socket.socket, sink: socket.socket, sent: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                self.noted.append((time.monotonic(), sent, data))
                sink.sendall(self._as_the_server_wants(data) if sent else data)
            sink.shutdown(socket.SHUT_WR)

    def _as_the_server_wants(self, data: bytes) -> bytes:
        """Its own address in place of the relay's; no compressed messages, which nobody here could read."""
        if not data.startswith(b"GET "):
            return data
        own, theirs = self.address.removeprefix("http://").encode(), self.server.netloc.encode()
        lines = data.replace(own, theirs).split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(b"sec-websocket-extensions"))


def _first(noted: Sequence[tuple[float, bool, bytes]], asked: float, word: bytes) -> float:
    """When `word` had come back; it may be cut in two by the network."""
    tail = b""
    for at, sent, data in noted:
        if sent or at < asked:
            continue
        if word in tail + data:
            return at
        tail = data[-len(word) :]
    raise AssertionError(f"{word!r} did not come back")


@contextmanager
def wire(address: str) -> Iterator[Wire]:
    """A relay in front of `address` while it is open."""
    opened = Wire(address)
    try:
        yield opened
    finally:
        opened.close()
