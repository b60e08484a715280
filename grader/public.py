"""`python -m grader public FOLDER`: a copy of the course that may be public, and the proof of it.

What goes into the copy is named here, so that a new folder stays private until somebody decides
otherwise: what readers and learners need, and what builds the site. The copy has a history of its
own, which begins with the first such copy; no commit of the private repository is in it. Then every
file that its history ever held is looked through for answers, as a release is.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.errors import CourseError
from grader.leaks import Leak, leaks_in, secrets_of

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = [
    *(".devcontainer", ".gitattributes", ".github/ISSUE_TEMPLATE", ".github/workflows/pages.yml"),
    *(".gitignore", "CHANGELOG.md", "CITATION.cff", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md"),
    *("LICENSE", "Makefile", "README.md", "SECURITY.md", "_config.yml", "_toc.yml", "book"),
    *("environment.yml", "exercises", "lossfns", "notebooks", "pyproject.toml"),
    "requirements.txt",
    # The page Coverage is made from them.
    "tests/book/contract",
]


def publish(folder: str, source: Path = ROOT) -> int:
    """Make the copy, or bring an earlier one up to date; 1 where something must not get out."""
    target = Path(folder).resolve()
    if target == source or source in target.parents or target in source.parents:
        raise CourseError(f"{target}: choose a folder outside the course")
    if target.exists() and any(target.iterdir()) and not (target / ".git").is_dir():
        raise CourseError(f"{target} is neither empty nor an earlier copy")
    if (target / ".git").is_dir() and _git(target, "status", "--porcelain"):
        raise CourseError(f"{target} has changes of its own: commit them or take them back")
    changed = _git(source, "status", "--porcelain", "--untracked-files=no")
    if changed:
        raise CourseError(f"what is published is the last commit; commit first:\n{changed}")

    target.mkdir(parents=True, exist_ok=True)
    if not (target / ".git").is_dir():
        _git(target, "init", "--quiet", "--initial-branch=main")
    _write(source, target)
    _git(target, "add", "--all")
    if _git(target, "status", "--porcelain"):
        version = _git(source, "log", "-1", "--format=%cd", "--date=short")
        _git(target, "commit", "--quiet", f"--message=The course as of {version}")

    leaks, files = prove(target, source)
    for leak in leaks:
        print(leak)
    commits = _git(target, "rev-list", "--all", "--count")
    print(f"{len(leaks)} leaks in {files} files of {commits} commits of {target}")
    if leaks:
        print("do not publish it; delete it and make it anew", file=sys.stderr)
    return 1 if leaks else 0


def _write(source: Path, target: Path) -> None:
    """Replace what the copy holds by what is public of the last commit."""
    if _git(target, "ls-files"):
        _git(target, "rm", "--quiet", "-r", ".")
    there = [path for path in PUBLIC if _git(source, "ls-tree", "HEAD", path)]
    command = ["git", "archive", "HEAD", *there]
    archive = subprocess.run(command, cwd=source, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content:
                path = target / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
                path.chmod(member.mode)


def prove(target: Path, source: Path = ROOT) -> tuple[list[Leak], int]:
    """What of the private repository is in the history of a copy, and how many files that has.

    By name, by content, which an old version of an answer has as well, and by the check that every
    release passes.
    """
    public = dict(_objects(target))
    private = dict(_objects(source, "solutions")).keys() - _now(source)
    leaks = [Leak(path, "is private") for path in public.values() if not _is_public(path)]
    leaks += [Leak(public[one], "a file of solutions/") for one in public.keys() & private]
    secrets = secrets_of(source / "solutions", source / "course_secret")
    with tempfile.TemporaryDirectory() as scratch:
        for blob, path in public.items():
            # Each version in a folder of its own; what is an exercise is held to more.
            top, _, rest = path.partition("/")
            kind = top if top == "exercises" else "files"
            file = Path(scratch, blob[:2], kind, blob, rest or top)
            file.parent.mkdir(parents=True, exist_ok=True)
            content = ["git", "cat-file", "blob", blob]
            file.write_bytes(subprocess.run(content, cwd=target, capture_output=True).stdout)
        for folder in sorted(Path(scratch).glob("*/*")):
            leaks += leaks_in(folder, secrets)
    return leaks, len(public)


def _is_public(path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in PUBLIC)


def _objects(repository: Path, *paths: str) -> Iterator[tuple[str, str]]:
    """Every file that the history of a repository ever held: its hash and its path."""
    listing = ["--raw", "--no-abbrev", "--no-renames", "--diff-filter=AM", "--format="]
    # With what merges changed, and the first commit.
    command = ["log", "--all", "-m", "--root", *listing, "--", *paths]
    for line in _git(repository, *command).splitlines():
        facts, path = line.split("\t", 1)
        yield facts.split()[3], path


def _now(source: Path) -> set[str]:
    """The hashes of what is public of the last commit: an empty file is in every folder."""
    lines = _git(source, "ls-tree", "-r", "HEAD").splitlines()
    rows = (line.split("\t", 1) for line in lines)
    return {facts.split()[2] for facts, path in rows if _is_public(path)}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise CourseError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
