"""Adding a video: from a file, by dropping one, by its address; and what is said when that fails."""

import os
import re

from playwright.sync_api import expect

LARGE_BYTES = 2**30  # sparse on the disk; sent it takes seconds, so that it is seen on its way

DROP = """async ([name, address]) => {
  const bytes = await (await fetch(address)).arrayBuffer();
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "video/mp4" }));
  const how = { dataTransfer: transfer, bubbles: true, cancelable: true };
  const target = document.querySelector("#drop");
  for (const kind of ["dragenter", "dragover", "drop"]) target.dispatchEvent(new DragEvent(kind, how));
}"""


def part_of_it(page, start, end):
    """Ask for a short part, so that watching takes no time."""
    page.get_by_text("How it is watched").click()
    page.get_by_label("From").fill(start)
    page.get_by_label("To", exact=True).fill(end)


def forget(visit, page):
    """Delete the memory that a tab shows."""
    memory_id = page.url.split("memory=")[1].split("&")[0]
    visit.api("DELETE", f"/v1/memories/{memory_id}")


def test_a_chosen_file_is_watched(visit, film):
    """A file that is chosen is sent, and then the film is open and watched."""
    page = visit.open()
    part_of_it(page, "0:00", "0:08")
    page.set_input_files("#video-file", film)
    expect(page.get_by_role("heading", level=1, name=film.name)).to_be_visible()
    expect(page.locator(".upload")).to_have_count(0)
    expect(page.locator("#film-facts")).to_contain_text("32 tokens kept as 5 rows")
    forget(visit, page)


def test_an_upload_shows_progress_and_can_be_cancelled(visit, film, tmp_path):
    """One sees how far a file is, how fast, how long it takes; cancelled, it is gone from the page and the server."""
    large = tmp_path / "large.mp4"
    large.write_bytes(film.read_bytes())
    os.truncate(large, LARGE_BYTES)
    page = visit.open()
    page.set_input_files("#video-file", large)
    state = page.get_by_role("list", name="Uploads").locator(".upload-state")
    expect(state).to_have_text(re.compile(r"\d+ % of 1.0 GiB . [\d.]+ MiB/s . \d+\ss\sleft"))
    page.get_by_role("button", name="Cancel large.mp4").click()
    expect(page.locator(".upload")).to_have_count(0)
    expect(page).to_have_url(visit.url + "/")
    assert large.name not in {file["filename"] for file in visit.api("GET", "/v1/files")["data"]}


def test_a_dropped_file_is_watched(visit, film):
    """A file that is dropped on the page is taken as a chosen one is."""
    page = visit.open()
    part_of_it(page, "0:08", "0:16")
    page.route("**/given.mp4", lambda route: route.fulfill(path=film))
    page.evaluate(DROP, [film.name, visit.url + "/given.mp4"])
    expect(page.get_by_role("heading", level=1, name=film.name)).to_be_visible()
    expect(page.locator("#drop-veil")).to_be_hidden()
    expect(page.locator("#film-facts")).to_contain_text("kept as 5 rows")
    forget(visit, page)


def test_a_file_that_is_no_video_is_refused_in_words(visit, tmp_path):
    """What the server refuses is said where the file was added, and can be tried again or put away."""
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear reader, this is no film.")
    page = visit.open()
    page.set_input_files("#video-file", letter)
    card = page.locator(".upload")
    expect(card.get_by_role("alert")).to_contain_text("The file is no video or picture")
    expect(card.get_by_role("button", name="Try letter.mp4 again")).to_be_visible()
    card.get_by_role("button", name="Cancel letter.mp4").click()
    expect(card).to_have_count(0)


def test_a_private_address_is_refused_in_words(visit):
    """An address that the server does not fetch is marked, and the sentence says why."""
    page = visit.open()
    page.get_by_label("Or give an address").fill("http://127.0.0.1:8080/film.mp4")
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.locator("#address-error")).to_contain_text("127.0.0.1")
    expect(page.get_by_label("Or give an address")).to_have_attribute("aria-invalid", "true")


def test_what_is_no_address_is_not_sent(visit):
    """Only http and https addresses are sent to the server."""
    page = visit.open()
    field, sent = page.get_by_label("Or give an address"), []
    page.on("request", lambda request: sent.append(request.method))
    for address in ("film", "ftp://example.org/film.mp4", "javascript:alert(1)", "/etc/passwd", "file:///etc/passwd"):
        field.fill(address)
        field.press("Enter")
        expect(page.locator("#address-error")).to_contain_text("Give a whole address")
    assert "POST" not in sent


def test_settings_that_cannot_be_are_said(visit, film):
    """A part that ends before it begins is refused before anything is sent."""
    page = visit.open()
    part_of_it(page, "1:30", "0:30")
    page.set_input_files("#video-file", film)
    expect(page.locator("#settings-error")).to_have_text("The end must come after the beginning.")
    expect(page.locator(".upload")).to_have_count(0)


def test_the_ratios_are_the_models(visit):
    """One chooses among the ratios that the model has; its own is chosen at first."""
    page = visit.open()
    page.get_by_text("How it is watched").click()
    expect(page.get_by_role("radio")).to_have_count(6)
    expect(page.get_by_role("radio", name="8:1")).to_be_checked()


def test_a_memory_comes_back_from_its_file(visit, watch, tmp_path):
    """A memory that was downloaded is in the library again once its file is given back."""
    memory = watch(title="to take along", start=16, end=24)
    page = visit.open(f"/?memory={memory['id']}")
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the memory").click()
    download.value.save_as(tmp_path / "taken.vxlz")
    visit.api("DELETE", f"/v1/memories/{memory['id']}")
    page.reload()
    title = page.locator(".entry-title", has_text="to take along")
    expect(page.get_by_role("heading", level=1, name="Watch once.")).to_be_visible()
    expect(title).to_have_count(0)
    page.set_input_files("#import-file", tmp_path / "taken.vxlz")
    expect(title).to_be_visible()
    expect(title.locator("xpath=ancestor::a")).to_have_attribute("href", re.compile(memory["id"]))
