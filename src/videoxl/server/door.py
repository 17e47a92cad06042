"""Who may come in: the right name, a key, and no web page of a stranger that speaks through a visitor's browser."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from videoxl.server.hosts import HostNames
from videoxl.server.keys import KeyRing
from videoxl.server.problem import Problem

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
OPEN = {("GET", "/health"), ("HEAD", "/health")}
DOORSTEP = {("GET", "/"), ("HEAD", "/"), ("POST", "/v1/session"), ("GET", "/v1/session")}
"""What has to be reached to show a key: the page (public files of the package) and where it shows it."""
PAGE_FILES = "/page/"


class Door:
    """Checks each request's Host, key and origin before anything else is done for it."""

    def __init__(self, app: ASGIApp, *, keys: KeyRing, hosts: HostNames) -> None:
        self._app, self._keys, self._hosts = app, keys, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            self._check(scope)
        except Problem as problem:
            problem.headers = {**(problem.headers or {}), "Connection": "close"}  # whatever else is sent is not read
            return await problem.response()(scope, receive, send)
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not self._hosts.include(headers.get("host", "")):
            raise Problem(
                403, "this server is not called by that name; start it with --allow-host NAME to allow it.",
                code="host_not_allowed",
            )  # fmt: skip
        method, path = scope["method"], scope["path"]
        if method not in SAFE_METHODS and (self._keys.is_empty or not self._keys.admits_bearer(headers)):
            _check_origin(headers)
        is_page = method in SAFE_METHODS and path.startswith(PAGE_FILES)
        if self._keys.is_empty or is_page or (method, path) in OPEN | DOORSTEP or self._keys.admits(headers):
            return
        raise Problem(
            401, "a valid API key is needed: send it as `Authorization: Bearer KEY`.", code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip


def _check_origin(headers: Headers) -> None:
    """Refuse what a page of another origin sends; programs that are no browsers send neither header."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    own = {f"{scheme}://{headers.get('host', '')}".lower() for scheme in ("http", "https")}
    if (site is not None and site not in ("same-origin", "none")) or (origin is not None and origin.lower() not in own):
        raise Problem(403, "requests from pages of another origin are refused.", code="cross_origin")
