"""Two ratios of the same film, asked the same question side by side."""

import re

from playwright.sync_api import expect


def test_two_ratios_answer_side_by_side(visit, watch):
    """A second ratio is watched from the page; both get a timeline, a cost and an answer; a reload keeps them."""
    memory = watch(title="to compare", start=40, end=72)
    page = visit.open(f"/?memory={memory['id']}")
    page.get_by_role("button", name="Compare", exact=True).click()
    dialog = page.get_by_role("dialog", name="Compare ratios")
    dialog.get_by_role("button", name="16:1").click()
    expect(page.locator(".lane-head")).to_have_text(
        [re.compile(r"8:1\s*17 rows"), re.compile(r"16:1\s*9 rows")], use_inner_text=True
    )
    expect(page.get_by_role("slider")).to_have_count(2)
    page.get_by_label("Ask about the video").fill("What picture was inserted?")
    page.keyboard.press("Enter")
    replies = page.locator(".exchange").last.locator(".reply")
    expect(replies.locator(".reply-name")).to_have_text(["8:1", "16:1"])
    expect(replies.locator(".reply-cost")).to_have_count(2)
    for slider in page.get_by_role("slider").all():
        expect(slider.locator(".mark").first).to_be_visible()
    page.reload()
    expect(page.locator(".exchange .reply-cost")).to_have_count(2)
    page.get_by_role("button", name="Stop comparing").click()
    expect(page.get_by_role("slider")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("compare="))
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(dialog.locator(".compare-list")).to_contain_text(re.compile("16:1.*9 rows"))
    dialog.locator(".compare-list button", has_text="9 rows").click()
    expect(page.get_by_role("slider")).to_have_count(2)
    other = page.url.split("compare=")[1].split("&")[0]
    visit.api("DELETE", f"/v1/memories/{other}")
