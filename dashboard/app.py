"""The door of the dashboard: what the server answers around the page, and the border where its errors become words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.session import error_boundary
from dashboard.session.callbacks import keep_callbacks_whole

_HEADERS = [(b"x-frame-options", b"DENY"), (b"content-security-policy", b"frame-ancestors 'none'")]


class NoFrames:
    """No other page may show this one in a frame, where a press meant for that page would be a press here."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def elsewhere(request: Request) -> Response:
    """The page looks for its server below its own address first. 300: not here, and no error in the console."""
    return Response(status_code=300)


def start(request: Request) -> Response:
    """The first step has no name in the address."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/")


keep_callbacks_whole()
app = st.App(
    Path(__file__).with_name("page.py"),
    middleware=[Middleware(NoFrames)],
    routes=[
        Route("/start", start),
        Route("/{step}/_stcore/health", elsewhere),
        Route("/{step}/_stcore/host-config", elsewhere),
    ],
    on_script_error=error_boundary.show,
)
