"""A browser that opens an explorer's HTML from disk."""

import pytest
from system import find_browser

HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>explorer</title>'
    '<meta name="viewport" content="width=device-width">'
)


# The browser closes after each file: its event loop and nbclient's cannot run side by side.
@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, tmp_path):
    """Return a function that shows HTML in a page, which may not complain or ask for anything."""
    contexts, noise = [], []

    def visit(*fragments, width=800, **options):
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(HEAD + "<body>" + "\n".join(fragments), encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 700}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on(
            "request", lambda request: request.url == file.as_uri() or noise.append(request.url)
        )
        page.goto(file.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert noise == []
