"""Who may see the explorer: a developer, in a browser on the machine that serves the app.

In goes the environment of a request; out comes why it is turned away, or ``None``. A client of
another machine, one behind a proxy and one that knows the app by another name (a page that
rebinds its own name to this machine) find no explorer: the app answers them, as if there were none.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import typing as t
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Headers of proxies: behind one, the address of the client is not known.
_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "werkzeug.proxy_fix.orig",
)
_SAME_ORIGIN = (None, "same-origin", "none")


def reason_to_hide(environ: WSGIEnvironment, names: Collection[str] = ()) -> str | None:
    """Say why there is no explorer for a request; ``None`` if there is one.

    :param names: host names of the app besides those of this machine.
    """
    if not _is_loopback(environ.get("REMOTE_ADDR") or ""):
        return "the client is on another machine"
    if any(environ.get(header) for header in _FORWARDED):
        return "it came through a proxy"
    host = _host_name(environ.get("HTTP_HOST") or "")
    if host is None or not (_is_local(host) or host in names):
        return "its 'Host' does not name this machine"
    return None


def reason_to_refuse(request: Request, token: str) -> str | None:
    """Say why a request for the explorer is refused; ``None`` if it is answered.

    :param token: what forms of the explorer hold.
    """
    site = request.headers.get("Sec-Fetch-Site")
    is_followed = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
    # Another server on this machine may have a link here, and nothing else.
    if site not in _SAME_ORIGIN and not (site == "same-site" and is_followed):
        return "Another site asked for this page. Open its address yourself."
    if request.method not in ("GET", "HEAD", "POST"):
        return "The explorer answers GET and POST."
    if request.method == "POST" and not _is_own_form(request, token):
        return "The form has no valid token: it is not from this page, or from before a restart."
    return None


def make_token() -> str:
    """Make what forms of the explorer hold, and other sites cannot know."""
    return secrets.token_urlsafe(32)


def _is_own_form(request: Request, token: str) -> bool:
    given = request.form.get("token", "")
    origin = request.headers.get("Origin")
    is_own = origin is None or urlsplit(origin).netloc == request.host
    return is_own and hmac.compare_digest(given.encode(errors="replace"), token.encode())


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _host_name(host: str) -> str | None:
    """Give the name of a ``Host`` header without its port; ``None`` if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    is_plain = parts.netloc == host and "@" not in host
    return parts.hostname if is_plain else None


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or _is_loopback(host)
