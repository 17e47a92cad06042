"""`videoxl serve`: the library, an OpenAI-compatible API and the page, on this machine."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import LOG_LEVELS, note
from videoxl.cli.home import library_folder, open_library
from videoxl.errors import MissingDependencyError, UsageError

KEY_VARIABLE = "VIDEOXL_API_KEY"
SWITCH_SECONDS = 0.0002  # after each of its hundreds of operations the model waits so long for a thread of Python's


def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; any other than a loopback needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="0 takes any that is free.")] = 8000,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option("--api-key-file", metavar="FILE", help=f"Keys, one a line; else {KEY_VARIABLE}, one key."),
    ] = None,
    allow_folder: Annotated[
        list[Path] | None,
        typer.Option("--allow-folder", metavar="FOLDER", help="Videos in here may be watched by path; repeatable."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name that the server is called by; repeatable."),
    ] = None,
    allow_private_urls: Annotated[
        bool, typer.Option("--allow-private-urls", help="Fetch videos from private addresses, too.")
    ] = False,
    max_upload: Annotated[str, typer.Option("--max-upload", metavar="SIZE", help="Of one file.")] = "16GiB",
    max_files: Annotated[str, typer.Option("--max-files", metavar="SIZE", help="Of all uploads.")] = "256GiB",
    max_device_memory: Annotated[
        str, typer.Option("--max-device-memory", metavar="SIZE", help="Of memories kept ready to be asked.")
    ] = "8GiB",
    max_host_memory: Annotated[
        str, typer.Option("--max-host-memory", metavar="SIZE", help="Of memories behind those, beside a GPU.")
    ] = "16GiB",
    max_disk_memory: Annotated[
        str | None,
        typer.Option(
            "--max-disk-memory",
            metavar="SIZE",
            help="Of all memories in the library: beyond it the longest unused ones are removed. Default: keep all.",
        ),
    ] = None,
    max_running: Annotated[int, typer.Option("--max-running", metavar="N", help="Questions answered together.")] = 32,
    max_waiting: Annotated[
        int, typer.Option("--max-waiting", metavar="N", help="Questions that may wait; further ones get 429.")
    ] = 128,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", metavar="N", help="Of one answer.")] = 1024,
    log_level: Annotated[
        str, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error, on stderr.")
    ] = "info",
) -> None:
    """Serve the library: a page, and an OpenAI-compatible API.

    Prints its address when the page can be used; the model is loaded behind that, and GET /ready says when it is.
    Ctrl-C ends answers that are under way and saves what was watched. Several servers may share one library.
    """
    if log_level not in LOG_LEVELS:
        raise UsageError(f"--log-level is {log_level!r}, expected one of {', '.join(LOG_LEVELS)}.")
    from videoxl.compression.size import ByteSize

    try:
        from videoxl.server.app import create_app
        from videoxl.server.config import ServeConfig
        from videoxl.server.limits import Limits
        from videoxl.server.listener import Listener
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"serving needs the package {error.name}, which is not installed. Install it: pip install 'videoxl[serve]'"
        ) from error
    limits = Limits(
        max_upload_bytes=ByteSize.parse(max_upload), max_files_bytes=ByteSize.parse(max_files),
        device_bytes=ByteSize.parse(max_device_memory), host_bytes=ByteSize.parse(max_host_memory),
        disk_bytes=None if max_disk_memory is None else ByteSize.parse(max_disk_memory),
        max_running=max_running, max_waiting=max_waiting, max_new_tokens=max_new_tokens,
    )  # fmt: skip
    config = ServeConfig(
        library=library_folder(), model=model, device=device, host=host, port=port, api_keys=_keys(api_key_file),
        allow_folders=tuple(folder.expanduser() for folder in allow_folder or ()),
        allow_hosts=tuple(allow_host or ()), allow_private_urls=allow_private_urls, limits=limits,
    )  # fmt: skip
    _log_to_stderr(log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    open_library().close()  # takes in what earlier versions kept
    listener = Listener(create_app(config), config)
    listener.run(on_started=lambda: print(listener.address, flush=True))
    note("stopped; what was watched is saved, and goes on at the next start.")


def _keys(file: Path | None) -> tuple[str, ...]:
    """Keys from a file or the environment; never from the command line, which every user of the machine can read."""
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--api-key-file {file} cannot be read: expected a text file, one key a line.") from error
        keys = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
        if not keys:
            raise UsageError(f"--api-key-file {file} holds no key, expected one a line.")
        return keys
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return (key,) if key else ()


def _log_to_stderr(level: str) -> None:
    """One line an event: time, level, event and its values. Nothing else may log here, whoever it is."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("videoxl", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level.upper() if name == "videoxl" else "WARNING")
