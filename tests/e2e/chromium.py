"""Debian's Chromium without a screen, for whoever drives a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

EXECUTABLE = "/usr/bin/chromium"
"""The whole browser, as people have it: for the whole visit, for what a profile keeps and for figures."""
SHELL = "/usr/bin/chromium-headless-shell"
"""The same engine from the same source, without the browser around it: a window costs a sixth."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CAMERA = "--use-fake-device-for-media-stream"
CALL = (CAMERA, "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required")
"""Camera and microphone are simulated, and whoever asks gets them."""
CALL_REFUSED = (CAMERA, "--deny-permission-prompts")
MEDIA = ["camera", "microphone"]
"""The permissions of a window for a call: the shell keeps none by itself, and without them WebRTC knows no network."""
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser of its own; *more*: further flags."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=SHELL, args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium_beside(other: Browser, *more: str) -> Iterator[Browser]:
    """A second browser of the same Playwright, whole: the shell asks nobody and so refuses nothing."""
    browser = other.browser_type.launch(executable_path=EXECUTABLE, args=[*FLAGS, *more])
    try:
        yield browser
    finally:
        browser.close()
