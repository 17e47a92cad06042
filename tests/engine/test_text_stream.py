"""Text comes in pieces that nothing takes back: whole characters, no stop string, no mark that is to be replaced."""

from hypothesis import given
from hypothesis import strategies as st

from videoxl.engine.text_stream import TextStream

MARK, OTHER = "<time>", "<all>"
letters = st.text(alphabet="ab <", max_size=6)


@given(
    pieces=st.lists(st.one_of(letters, st.sampled_from([MARK, OTHER])), max_size=6),
    stop=st.lists(st.text(alphabet="ab 0", min_size=1, max_size=3), max_size=2),
)
def test_what_was_handed_out_is_the_beginning_of_the_end(pieces, stop) -> None:
    """However text is cut into tokens, and wherever marks and stop strings lie, what was sent is the final text."""
    sent: list[str] = []
    stream = TextStream(lambda ids: "".join(pieces[i] for i in ids), sent.append, hold_back=[MARK, OTHER], stop=stop)
    for token in range(len(pieces)):
        if stream.put(token):
            break
    final = stream.up_to_stop(stream.text.replace(MARK, "00:10").replace(OTHER, "aa"))
    stream.finish(final)
    assert "".join(sent) == final
    assert not any(each in final for each in stop)


def test_a_stop_string_ends_text_within_a_token() -> None:
    """The token that completes it says so, and what may be its beginning waits until then."""
    sent: list[str] = []
    tokens = ("one ", "two ", "three ")
    stream = TextStream(lambda ids: "".join(tokens[i] for i in ids), sent.append, stop=["o t"])
    assert [stream.put(token) for token in range(3)] == [False, False, True]
    assert sent == ["one ", "tw"]
    assert stream.text == "one tw"
