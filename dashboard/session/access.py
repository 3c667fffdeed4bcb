"""Who can reach this dashboard: on addresses other than this machine's own, nothing is done without login or proxy."""

from __future__ import annotations

import ipaddress
import os

import streamlit as st

from core.types.errors import CurationError

BEHIND_PROXY = "CHAFFINCH_BEHIND_PROXY"  # said by whoever starts the server, never by who visits it


def exposed() -> CurationError | None:
    """What is wrong with where the server listens, in two lines; None where nothing is."""
    server_address = st.get_option("server.address") or "0.0.0.0"
    if _is_own(server_address) or os.environ.get(BEHIND_PROXY) == "yes" or _logged_in():
        return None
    return CurationError(
        f"This dashboard answers on {server_address} without a login: whoever reaches it sees what this account can "
        "read. Nothing is decided, started or opened here.",
        "Start it with --server.address 127.0.0.1; or put a proxy that asks who comes in front of it and set "
        f"{BEHIND_PROXY}=yes; or set up st.login.",
    )


def _is_own(address: str) -> bool:
    if address == "localhost" or address.startswith("unix://"):
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:  # a host name: who it answers to is not known
        return False


def _logged_in() -> bool:
    return bool(getattr(st.user, "is_logged_in", False))


def can_log_in() -> bool:
    """Whether st.login is set up and this visitor has not used it yet."""
    return getattr(st.user, "is_logged_in", None) is False
