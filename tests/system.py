"""What the tests need that pip cannot install, and how to get it."""

import atexit
import ctypes.util
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
MAC_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find_browser():
    """Return the path of a Chromium, or None."""
    if Path(MAC_BROWSER).exists():
        return MAC_BROWSER
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def find_sandbox():
    return shutil.which("bwrap")


def find_postgresql():
    """Debian keeps the programs of the server out of PATH."""
    return next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)


def find_libatomic():
    """The node that Playwright brings along to drive the browser is linked with it."""
    return ctypes.util.find_library("atomic") or sys.platform == "darwin"


# The mark of the tests that need it: (what the tests are, the packages and how to find them).
# Tests that use a fixture of FIXTURES have the mark without saying so.
FIXTURES = {"chromium": "browser", "sandbox": "sandbox", "postgresql": "postgresql"}
NEEDS = {
    "browser": (
        "the built pages in a browser",
        {"chromium": find_browser, "libatomic1": find_libatomic},
    ),
    "sandbox": ("the sandbox of the grader", {"bubblewrap": find_sandbox}),
    "postgresql": ("a gradebook in PostgreSQL", {"postgresql": find_postgresql}),
}


@functools.cache
def path_without_sandbox():
    """PATH, where a folder of links stands for each one that holds bwrap."""
    around = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, around, ignore_errors=True)
    folders = os.environ["PATH"].split(os.pathsep)
    for at, folder in enumerate(folders):
        if Path(folder, "bwrap").exists():
            folders[at] = os.path.join(around, str(at))
            os.mkdir(folders[at])
            for program in Path(folder).iterdir():
                if program.name != "bwrap":
                    os.symlink(program, Path(folders[at], program.name))
    return os.pathsep.join(folders)


def missing_packages(marks=NEEDS):
    return [name for mark in marks for name, find in NEEDS[mark][1].items() if not find()]


def install_missing():
    """Install what is missing where that needs no password. Return the marks still unmet."""
    packages = missing_packages()
    if packages and shutil.which("apt-get"):
        become_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if not become_root or sudo_asks_nothing():
            print("installing " + " and ".join(packages), flush=True)
            settings = ["env", "DEBIAN_FRONTEND=noninteractive"]
            subprocess.run([*become_root, "apt-get", "update", "-q"], check=False)
            install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
            subprocess.run([*become_root, *settings, *install], check=False)
    return [mark for mark in NEEDS if missing_packages([mark])]


def sudo_asks_nothing():
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


def how_to_get(marks):
    """Return the one command that would install what these marks need."""
    if sys.platform == "darwin":
        return (
            "brew install --cask google-chrome (the sandbox exists on Linux only, and the test of "
            "PostgreSQL needs Debian's package)"
        )
    return "sudo apt-get install " + " ".join(missing_packages(marks))
