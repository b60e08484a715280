"""What the tests need that pip cannot install, and how to get it."""

import os
import shutil
import subprocess
import sys
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


# The mark of the tests that need it: (how to find it, its package, what the tests are).
NEEDS = {
    "browser": (find_browser, "chromium", "the built pages in a browser"),
    "sandbox": (find_sandbox, "bubblewrap", "the sandbox of the grader"),
    "postgresql": (find_postgresql, "postgresql", "a gradebook in PostgreSQL"),
}


def install_missing():
    """Install what is missing where that needs no password. Return the marks still unmet."""
    missing = [mark for mark, (find, _, _) in NEEDS.items() if not find()]
    if missing and shutil.which("apt-get"):
        become_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        packages = [NEEDS[mark][1] for mark in missing]
        if not become_root or sudo_asks_nothing():
            print("installing " + " and ".join(packages), flush=True)
            subprocess.run([*become_root, "apt-get", "update", "-q"], check=False)
            install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
            subprocess.run([*become_root, *install], check=False)
    return [mark for mark in missing if not NEEDS[mark][0]()]


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
    return "sudo apt-get install " + " ".join(NEEDS[mark][1] for mark in marks)
