"""A server with a key: asked for once, never shown, taken back."""

import pytest
from playwright.sync_api import expect

KEY = "a-key-for-the-page-of-32-letters"


@pytest.fixture(scope="module")
def guarded(make_page_server):
    """A server that needs a key."""
    return make_page_server(api_keys=(KEY,))


def test_the_key_is_asked_for_and_kept_in_a_cookie(make_visit, guarded):
    """A wrong key is refused in words; the right one opens the page, is kept from scripts, and can be given up."""
    visit = make_visit(guarded.url)
    page = visit.open()
    dialog = page.get_by_role("dialog", name="This server needs a key")
    dialog.get_by_label("Key").fill("not the key")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    expect(dialog.get_by_label("Key")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#library-note")).to_contain_text("Nothing yet")
    page.reload()
    expect(page.locator("#library-note")).to_contain_text("Nothing yet")
    expect(dialog).to_be_hidden()
    assert page.evaluate("() => document.cookie + JSON.stringify({...localStorage, ...sessionStorage})").find(KEY) < 0
    assert [cookie["httpOnly"] for cookie in visit.context.cookies()] == [True]
    page.get_by_role("button", name="Sign out").click()
    expect(dialog).to_be_visible()


def test_without_the_key_one_reads_why_nothing_is_shown(make_visit, guarded):
    """Whoever cancels sees a sentence, is not asked again and again, and can sign in later."""
    page = make_visit(guarded.url).open()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#library-note")).not_to_be_empty()
    expect(page.locator("#library-note")).to_contain_text("key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("dialog", name="This server needs a key")).to_be_visible()
