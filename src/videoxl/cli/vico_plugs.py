"""Who `videoxl data vico` was told to ask: a captioner and a writer from what was typed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoxl.cli.console import note
from videoxl.cli.duration import parse_seconds
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.vico import Captioner, ChatClient, Writer


@dataclass(frozen=True, slots=True)
class Choice:
    """What was said of a captioner or a writer."""

    option: str
    who: str
    model: str | None
    """Of an endpoint."""
    key: str | None


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What was said of requests to endpoints."""

    timeout: str
    retries: int
    frames: int
    parallel: int


def make_captioner(choice: Choice, requests: RequestOptions, *, model: str, device: str | None) -> "Captioner":
    """Facts, a model of ours, or an endpoint."""
    if choice.who not in ("facts", "model"):
        from videoxl.vico.endpoint_captions import EndpointCaptioner

        client = _client(choice, requests, others="facts, model")
        return EndpointCaptioner(client, num_frames=requests.frames, num_parallel=requests.parallel)
    _refuse_unused(choice)
    if choice.who == "facts":
        from videoxl.vico.true_captions import FactsCaptioner

        return FactsCaptioner()
    from videoxl.cli.loading import load_vxl
    from videoxl.vico.model_captions import ModelCaptioner

    return ModelCaptioner(load_vxl(model, device))


def make_writer(choice: Choice, requests: RequestOptions) -> "Writer":
    """Rules, or an endpoint."""
    from videoxl.vico import EndpointWriter, RuleWriter

    if choice.who != "rules":
        return EndpointWriter(_client(choice, requests, others="rules"))
    _refuse_unused(choice)
    return RuleWriter()


def _client(choice: Choice, requests: RequestOptions, *, others: str) -> "ChatClient":
    from videoxl.vico import ChatClient, Endpoint

    option, who = choice.option, choice.who
    if "://" not in who:
        raise UsageError(f"{option} is {who!r}, expected {others}, or an address that begins with http:// or https://.")
    if choice.model is None:
        raise UsageError(f"{option} is an endpoint and {option}-model is missing; give the model that it is to run.")
    endpoint = Endpoint(
        url=who,
        model=choice.model,
        key_variable=choice.key,
        timeout_seconds=parse_seconds(requests.timeout, option="--timeout") or 0.0,
        num_retries=requests.retries,
    )
    if choice.key is not None and endpoint.is_in_the_clear:
        note(f"{endpoint.name} is not encrypted, and the key of {choice.key} is sent to it.")
    return ChatClient(endpoint)


def _refuse_unused(choice: Choice) -> None:
    if choice.model is not None or choice.key is not None:
        raise UsageError(
            f"{choice.option} is {choice.who} and {choice.option}-model or {choice.option}-key is given: these are for "
            "endpoints. " + ("Name the model with --model." if choice.who == "model" else "Leave them out.")
        )
