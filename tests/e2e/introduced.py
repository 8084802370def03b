"""Everybody is introduced and asked, as the scenes of other matters need it: by the page's own buttons."""

from playwright.sync_api import Page, expect

PATIENCE_MS = 30_000


def introduce(doctor: Page) -> None:
    """Both sides have said aloud who is there; the doctor notes it."""
    doctor.locator("#rollcall-noted").click(timeout=PATIENCE_MS)
    expect(doctor.locator("#rollcall-state")).to_have_text("vorgestellt", timeout=PATIENCE_MS)


def allow(doctor: Page, stream: str) -> None:
    """The doctor has asked for *stream* already; the patient says yes aloud, and she notes it."""
    row = doctor.locator(f"#streams [data-stream='{stream}']")
    row.locator("[data-yes=yes]").click(timeout=PATIENCE_MS)
    expect(row).to_have_attribute("data-state", "yes", timeout=PATIENCE_MS)
