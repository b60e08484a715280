"""The built book, and a browser to read it with."""

import contextlib
import functools
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest
import runtime
from built_book import ROOT, build
from filelock import FileLock
from jupyter_cache import get_cache
from myst_nb.core.read import read_myst_markdown_notebook
from system import find_browser
from tiny_book import PART, Learner, complete, tiny


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The site, built once: workers that run side by side wait for the first of them."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder if worker_id == "master" else folder.parent
    with FileLock(folder / "site.lock"):
        if not (folder / "site.built").exists():
            result = build(ROOT)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "site.built").touch()
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def executed(site):
    """Return a function that gives the cells of a chapter with the outputs on its page."""

    cache = get_cache(ROOT / "_build" / ".jupyter_cache")

    def read(page):
        source = read_myst_markdown_notebook((ROOT / f"{page}.md").read_text())
        return cache.merge_match_into_notebook(source)[1].cells

    return read


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf8")


class Reader:
    """Somebody who reads the book; notes what a page asks of others and complains about."""

    def __init__(self, browser, address, width, scheme):
        self.address = address
        viewport = {"width": width, "height": 844}
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme)
        self.tab = self.context.new_page()
        self.complaints = []
        self.requests = []
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("console", self.listen)
        self.tab.on("request", self.note)

    def listen(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def note(self, request):
        if not request.url.startswith((self.address, "file:", "data:", "blob:")):
            self.requests.append(request.url)

    def open(self, page, query=""):
        self.tab.goto(f"{self.address}/{page}.html{query}")
        self.tab.evaluate(LOOK)
        self.tab.evaluate("look.settled(400)")
        return self.tab

    def turn(self, width, scheme):
        """To another screen, or another light."""
        self.tab.emulate_media(color_scheme=scheme)
        if self.tab.viewport_size["width"] != width:
            self.tab.set_viewport_size({"width": width, "height": 844})
            # The theme waits 300 ms before it lets the keyboard reach what scrolls now.
            self.tab.wait_for_timeout(300)
            self.tab.evaluate("look.settled(60)")


class Quiet(SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/favicon.ico":  # what browsers ask of a server unbidden
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *words):
        pass


@contextlib.contextmanager
def serving(folder):
    """The address at which a web server shows a site."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def serve():
    """Return a function that has a web server show a site until the tests end."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(serving(folder))


@pytest.fixture(scope="session")
def served(site, serve):
    return serve(site)


@pytest.fixture
def visit(chromium):
    """Return a function that makes a reader of what is at an address."""
    readers = []

    def make(address, width=1280, scheme="light"):
        readers.append(Reader(chromium, address, width, scheme))
        return readers[-1]

    yield make
    for one in readers:
        one.context.close()


@pytest.fixture
def reader(visit, site, request):
    def make(width=1280, scheme="light", *, served=False):
        """A reader of the site on the disk, or of a web server's."""
        address = request.getfixturevalue("served") if served else site.as_uri()
        return visit(address, width, scheme)

    return make


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """Return a function that builds the tiny book with a distribution, each once."""
    folder, built = tiny(tmp_path_factory.mktemp("practice")), {}

    def make(distribution):
        if distribution not in built:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PYODIDE", str(distribution))
                result = build(folder, "--toc", PART)
            assert result.returncode == 0, result.stdout + result.stderr
            built[distribution] = folder.parent / f"site{len(built)}"
            shutil.copytree(folder / "_build" / "html", built[distribution])
        return built[distribution]

    make.folder = folder
    return make


@pytest.fixture(scope="session")
def without(book):
    return book("")


@pytest.fixture(scope="session")
def pretended(book, tmp_path_factory):
    """A site that offers the editor; its Python does not start."""
    return book(complete(tmp_path_factory.mktemp("made") / "pyodide"))


@pytest.fixture(scope="session")
def real(book):
    return book(runtime.find())


@pytest.fixture
def learner(visit, serve, pretended):
    def make(site=pretended, width=1280, scheme="light", page="one"):
        return Learner(visit(serve(site), width, scheme), page)

    return make


@pytest.fixture
def writer(learner, request):
    return learner(request.getfixturevalue("real"))


@pytest.fixture(scope="session")
def run_py():
    path = ROOT / "book" / "_static" / "practice" / "run.py"
    module = ModuleType("practice_in_the_browser")
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    return module
