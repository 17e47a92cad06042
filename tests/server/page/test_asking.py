"""Questions and answers: streamed, with moments to jump to; stopped, cut off, refused, hostile."""

import json
import re
from functools import partial

import pytest
from playwright.sync_api import expect

RECORD_STREAM = """() => {
  window.streamed = [];
  const look = () => window.streamed.push(document.querySelector(".reply.is-streaming .reply-text")?.textContent);
  const all = { childList: true, subtree: true, characterData: true };
  new MutationObserver(look).observe(document.querySelector("#exchanges"), all);
}"""
REFUSALS = [
    (
        429,
        '{"error": {"message": "128 questions wait already. Ask again in a moment."}}',
        "128 questions wait already.",
    ),
    (503, "<h1>Bad gateway</h1>", "The server failed (503)."),
    (500, '{"error": {}}', "The server failed (500)."),
]
HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>"


@pytest.fixture
def page(visit, memory):
    """A tab on the film."""
    page = visit.open(f"/?memory={memory['id']}")
    expect(page.locator(".watching")).to_be_hidden()
    expect(page.locator("#film-facts")).to_contain_text("kept as")
    expect(page.locator("#exchanges")).to_have_attribute("aria-busy", "false")  # earlier questions are on the page
    return page


def ask(page, question):
    """Ask, and give the exchange that answers."""
    before = page.locator(".exchange").count()
    page.get_by_label("Ask about the video").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(before + 1)
    return page.locator(".exchange").last


def seconds(page):
    return page.evaluate("() => document.querySelector('video').currentTime")


def answered(route, text, **parts):
    """Let a request for an answer have this one."""
    answer = {"object": "answer", "id": None, "question": "?", "text": text, "evidence": [], **parts}
    body = f"event: text\ndata: {json.dumps({'text': text})}\n\nevent: answer\ndata: {json.dumps(answer)}\n\n"
    route.fulfill(body=body, headers={"content-type": "text/event-stream"})


def refused(status, body, route):
    """Let a request for an answer have this refusal."""
    route.fulfill(status=status, body=body)


SHOWS_IT = re.compile(r"^00:00:(48|56) to 00:0(0:56|1:04)$")  # the picture is there from 54.6 to 56.6 seconds


def test_an_answer_streams(page):
    """Words stand on the page before the answer is complete."""
    page.evaluate(RECORD_STREAM)
    exchange = ask(page, "When is it inserted?")
    expect(exchange.locator(".reply-text")).to_have_text(SHOWS_IT)
    expect(exchange.locator(".reply-cost")).to_contain_text("token said")
    assert any(page.evaluate("() => window.streamed")), "the text came only with the whole answer"


def test_a_moment_takes_the_player_there(page):
    """Choosing a moment moves the player to its start, marks it, and the address keeps the place."""
    moment = ask(page, "What picture was inserted?").locator(".moment").first
    expect(moment).to_have_accessible_name(re.compile(r"Play from 48 seconds to .+, \d+ % of the evidence"))
    expect(moment.locator("img")).to_have_js_property("complete", True)
    assert moment.locator("img").evaluate("(image) => image.naturalWidth") > 0
    moment.click()
    expect(moment).to_have_attribute("aria-pressed", "true")
    assert 48 <= seconds(page) < 56
    expect(page).to_have_url(re.compile(r"&t=(4[89]|5)"))


def test_a_time_in_the_words_takes_the_player_there(page):
    """Times that an answer names are buttons."""
    exchange = ask(page, "When is it inserted?")
    exchange.get_by_role("button", name="00:00:56").click()
    assert 56 <= seconds(page) < 70


def test_evidence_is_drawn_on_the_timeline(page):
    """The shown answer's moments are on the timeline; choosing another answer shows that one's."""
    first = ask(page, "What picture was inserted?")
    expect(first.locator(".reply-cost")).to_be_visible()
    first_moments = first.locator(".moment").count()
    expect(page.locator(".mark")).to_have_count(first_moments)
    assert (
        float(page.locator(".mark").first.evaluate("(mark) => parseFloat(mark.style.getPropertyValue('--from'))")) == 40
    )
    expect(ask(page, "Can you see a picture of a kite?").locator(".reply-cost")).to_be_visible()
    first = page.locator(".exchange").nth(-2)
    first.locator("h3").click()
    expect(first).to_have_class(re.compile("is-shown"))
    expect(page.locator(".mark")).to_have_count(first_moments)


def test_an_answer_can_be_stopped(page):
    """Stopping ends the request; the question can be asked again, and the box is free."""
    page.route("**/ask", lambda route: None)  # an answer that does not come
    exchange = ask(page, "Will this ever end?")
    page.get_by_role("button", name="Stop answering").click()
    expect(exchange).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    page.unroute("**/ask")
    exchange.get_by_role("button", name="Ask again").click()
    expect(exchange.locator(".reply-cost")).to_be_visible()


def test_a_question_that_a_reload_cut_off_comes_back(page):
    """What was asked and not answered stands in the box again; so does what was typed."""
    page.route("**/ask", lambda route: None)
    ask(page, "Is this question lost?")
    page.reload()
    expect(page.get_by_label("Ask about the video")).to_have_value("Is this question lost?")


def test_a_refusal_is_one_sentence(page):
    """Whatever the server answers, one reads a sentence where the answer would be, and can ask again."""
    for status, body, said in REFUSALS:
        page.route("**/ask", partial(refused, status, body))
        error = ask(page, "What is wrong?").locator(".reply-error")
        expect(error).to_have_text(re.compile(f"^{re.escape(said)}.*Ask again$"))
        expect(error.get_by_role("button", name="Ask again")).to_be_visible()
        page.unroute("**/ask")


def test_an_answer_that_breaks_off_keeps_its_words(page):
    """A stream that ends early leaves the words that came, and says that they are not all."""
    part = 'event: text\ndata: {"text": "A red "}\n\n'
    page.route("**/ask", lambda route: route.fulfill(body=part, headers={"content-type": "text/event-stream"}))
    exchange = ask(page, "What is it?")
    expect(exchange).to_contain_text("The answer broke off before it was complete.")
    expect(exchange.locator(".reply-text")).to_have_text("A red ")


def test_html_in_a_question_an_answer_and_a_title_stays_text(page, visit, watch):
    """Nothing that a person, a model or a file's name says becomes part of the page."""
    page.route("**/ask", lambda route: answered(route, HOSTILE, unknown_words=[HOSTILE]))
    exchange = ask(page, HOSTILE)
    expect(exchange.locator("h3")).to_have_text(HOSTILE)
    expect(exchange.locator(".reply-text")).to_have_text(HOSTILE)
    expect(exchange.locator(".reply-note")).to_contain_text(HOSTILE)
    assert exchange.locator("b").count() == 0
    other = watch(title=HOSTILE, start=24, end=32)
    hostile = visit.open(f"/?memory={other['id']}")
    expect(hostile.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(hostile.locator(".entry-title").first).to_have_text(HOSTILE)
    expect(hostile).to_have_title(f"{HOSTILE} - videoxl")
    assert hostile.locator("img[onerror]").count() == 0


def test_words_that_the_model_does_not_know_are_named(page):
    """An answer to a question with unknown words says which they are."""
    expect(ask(page, "Where is the zeppelin?")).to_contain_text("The model does not know: zeppelin")


def test_two_tabs_show_the_same_answers(page, visit):
    """What is asked in one tab stands in the other without a reload."""
    other = visit.open(page.url.replace(visit.url, ""))
    expect(other.locator("#film-facts")).to_contain_text("kept as")
    expect(other.locator(".exchange")).to_have_count(page.locator(".exchange").count())
    count = other.locator(".exchange").count()
    expect(ask(page, "What comes first?").locator(".reply-cost")).to_be_visible()
    expect(other.locator(".exchange")).to_have_count(count + 1)
    expect(other.locator(".exchange").last).to_contain_text("What comes first?")
