"""Tries a grammar out, in a process that may be killed: reads it from standard input, and writes why it is no good.

Runs as a file, with nothing of this package: what it needs is llguidance alone, which is there in a moment.
"""

import json
import random
import resource
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLParserLimits

MAX_CPU_SECONDS = 1.0
MAX_BYTES = 2**30
NOTHING = "no text satisfies it"
NUM_TOKENS = 64  # of a text that is made up while trying; most of what a grammar costs shows in its first tokens


def main() -> None:
    """Write why the grammar is no good, or null, as JSON."""
    from llguidance import LLMatcher, LLTokenizer

    grammar = sys.stdin.buffer.read().decode()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_SECONDS)  # SIGPROF ends a process, wherever it is
    matcher = LLMatcher(LLTokenizer("byte"), grammar, log_level=0, limits=limits())
    json.dump(why_not(matcher), sys.stdout)


def limits() -> "LLParserLimits":
    """What llguidance counts of its work; it does not count all, which is why its time is limited as well."""
    from llguidance import LLParserLimits

    return LLParserLimits(
        max_items_in_row=1000,
        initial_lexer_fuel=500_000,
        step_lexer_fuel=100_000,
        step_max_items=20_000,
        max_lexer_states=20_000,
        max_grammar_size=100_000,
        precompute_large_lexemes=False,
        verbose_errors=False,
    )


def why_not(matcher: "LLMatcher") -> str | None:
    """Make a text up, as far as it goes, and say what is in the way."""
    drawn = random.Random(0)
    for number in range(NUM_TOKENS):
        bits = b"" if matcher.is_error() else matcher.compute_bitmask()
        if matcher.is_error():
            error = str(matcher.get_error())
            return NOTHING if error.startswith("NoExtension") else error
        allowed = [token for token in range(8 * len(bits)) if bits[token // 8] >> token % 8 & 1]
        if not allowed or (number == 0 and matcher.is_stopped()):
            return NOTHING
        if matcher.is_stopped():
            return None
        matcher.consume_token(drawn.choice(allowed))
    return None


if __name__ == "__main__":
    main()
