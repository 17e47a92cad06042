"""Requests, and what a model may give back for one."""

from dataclasses import dataclass, field


@dataclass
class TokenCounts:
    """Tokens of one answer."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass
class GenerationResult:
    """An answer with its counts; a plain text is taken, too."""

    text: str
    token_counts: TokenCounts | None = None


@dataclass
class Instance:
    """A request. For chat: (context, doc_to_messages, generation_kwargs, doc_id, task, split)."""

    request_type: str
    arguments: tuple
    idx: int
    metadata: dict = field(default_factory=dict)

    @property
    def args(self) -> tuple:
        return self.arguments
