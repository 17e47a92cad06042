"""The app: routes behind a door, in layers from the outside in.

RequestLog      an id, a line in the log, no failure that reaches the outside as it is
ResponseGuard   security headers, an end for clients that do not read
Door            Host, key, origin
BodyLimit       bytes and seconds of a body
routes
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from videoxl import __version__
from videoxl.server.body_limit import BodyLimit
from videoxl.server.config import ServeConfig
from videoxl.server.door import Door
from videoxl.server.failure import handle_failures
from videoxl.server.request_log import RequestLog
from videoxl.server.response_guard import ResponseGuard
from videoxl.server.routes import ask, chat, events, files, health, memories, models, page, recipes, search, session
from videoxl.server.site import Site, build_site

ROUTERS = (health, ask, chat, memories, events, files, models, session, recipes, search, page)  # the busiest first


def create_app(config: ServeConfig) -> FastAPI:
    """An app that opens the library now, and loads its model when it is started."""
    site = build_site(config)
    app = FastAPI(
        title="videoxl",
        version=__version__,
        description="Watch a video once, ask it as often as you like. OpenAI's routes, and our own for memories.",
        docs_url=None,  # both would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.site = site
    handle_failures(app, site)
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_middleware(BodyLimit, limits=config.limits)
    app.add_middleware(Door, keys=site.keys, hosts=site.hosts)
    app.add_middleware(ResponseGuard, send_seconds=config.limits.send_seconds)
    app.add_middleware(RequestLog, metrics=site.metrics, redact=site.redact)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    site.room.start(on_ready=site.memories.make_room)
    try:
        yield
    finally:
        site.is_stopping = True
        await run_in_threadpool(site.room.stop)
        site.library.close()
