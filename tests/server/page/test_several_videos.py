"""A memory of two videos: each can be shown, and a moment leads into the one that it lies in."""

import re

from playwright.sync_api import expect


def test_a_moment_of_the_second_video_is_shown_there(visit, watch):
    """The second video can be chosen; choosing a moment of it loads it, at that time, with its own timeline."""
    first = watch(title="two parts", start=0, end=8)
    path = f"/v1/memories/{first['id']}/append"
    both = visit.api("POST", path, source={"memory_id": first["id"]}, title="two parts", start=48, end=64)
    page = visit.open(f"/?memory={both['id']}")
    videos = page.get_by_label("Which video")
    expect(videos.locator("option")).to_have_count(2)
    expect(page.locator(".watching")).to_be_hidden()
    page.get_by_label("Ask about the video").fill("What picture was inserted?")
    page.keyboard.press("Enter")
    moment = page.locator(".exchange").last.locator(".moment", has_text="in video 2").first
    moment.click()
    expect(videos).to_have_value("1")
    expect(page.locator("video")).to_have_attribute("src", re.compile(r"\?source=1$"))
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuenow", re.compile("4[89]|5"))
    expect(page.locator(".mark").first).to_be_visible()
    videos.select_option("0")
    expect(page.locator("video")).to_have_attribute("src", re.compile("/video$"))
    visit.api("DELETE", f"/v1/memories/{both['id']}")
