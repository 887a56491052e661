"""The report in a real browser; run with `pytest -m browser`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bulkdel.report.report_files import write_report
from tests.support.findings import command, findings

pytestmark = pytest.mark.browser

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as the system has it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # of an extra of its own

    found = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on disk."""
    return write_report(findings(), tmp_path_factory.mktemp("run"), command)[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_it_loads_alone(browser: Any, written: Path, scheme: str, width: int) -> None:
    """Offline, in light and dark, phone to desk: no message, no request, no sideways scroll."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written.as_uri())
    assert said == []
    assert asked == [written.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("svg[role=img]:visible").count() == 5
    context.close()


def test_figures_can_be_reached_by_keyboard(browser: Any, written: Path) -> None:
    """Tab and Enter open the figures under a chart, and they are those of report.json."""
    page = browser.new_page()
    page.goto(written.as_uri())
    zego = page.locator("h2", has_text="zego: ZEGOCLOUD ZIM")
    figures = page.locator("details", has_text="Calls in each span").nth(1)
    assert zego.is_visible()
    assert not figures.locator("table").is_visible()
    figures.locator("summary").focus()
    page.keyboard.press("Enter")
    assert figures.locator("table").is_visible()
    rows = figures.locator("tbody tr").all_inner_texts()
    assert len(rows) == 6
    assert rows[0].split("\t")[:5] == ["2026-11-21 22:25:01", "10.0 s", "190", "19", "20"]
    assert rows[3].split("\t")[8] == "10.0 s"
    page.close()


def test_it_prints(browser: Any, written: Path) -> None:
    """It prints as a document of a few pages."""
    page = browser.new_page()
    page.goto(written.as_uri())
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page>") <= 8
    page.close()


def test_no_heading_is_the_last_of_its_page(browser: Any, written: Path) -> None:
    """On paper what a heading names begins on the same page."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    page = browser.new_page()
    page.goto(written.as_uri())
    headings = set(page.locator("h2, h3, caption").all_inner_texts())
    lonely = []
    for height in range(230, 298, 4):  # another height, other places where pages end
        printed = page.pdf(width="210mm", height=f"{height}mm")
        text = subprocess.run(  # our own arguments
            ["pdftotext", "-layout", "-", "-"],  # noqa: S607  # wherever it is
            input=printed,
            capture_output=True,
            check=True,
        ).stdout.decode()
        for sheet in text.split("\f"):
            lines = [line.strip() for line in sheet.splitlines() if line.strip()]
            lonely += [(height, lines[-1])] if lines and lines[-1] in headings else []
    assert headings
    assert lonely == []
    page.close()
