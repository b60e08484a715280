"""Print the cheat sheet of the built site: dist/cheat_sheet.pdf, one page of A4. `make sheet`."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "_build" / "html" / "book" / "cheat_sheet.html"
TARGET = ROOT / "dist" / "cheat_sheet.pdf"

# Whoever reads the PDF does not have the files of the site: its links lead to where that is
# published, if it is.
LINKS = """() => {
  const home = document.querySelector("link[rel=canonical]")?.href;
  for (const link of document.querySelectorAll("a[href]")) {
    if (!link.href.startsWith("file:")) continue;
    if (home) link.href = new URL(link.getAttribute("href"), home);
    else link.removeAttribute("href");
  }
}"""

sys.path.insert(0, str(ROOT / "tests"))
from system import find_browser  # noqa: E402 (the tests know where a Chromium is)


def write(page, target, browser):
    """Have a browser print the page as its style sheet says, once the equations are set."""
    target.parent.mkdir(parents=True, exist_ok=True)
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.evaluate("document.documentElement.dataset.theme = 'light'")
    tab.evaluate(LINKS)
    tab.wait_for_function("window.MathJax?.startup?.promise")
    tab.evaluate("MathJax.startup.promise.then(() => document.fonts.ready).then(() => true)")
    tab.pdf(path=target, prefer_css_page_size=True, print_background=True, tagged=True)
    tab.close()
    return target


def main():
    if not find_browser():
        sys.exit("Chromium prints the cheat sheet, and there is none: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        print(write(PAGE, TARGET, browser).relative_to(ROOT))
        browser.close()


if __name__ == "__main__":
    main()
