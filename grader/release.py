"""Make exercises/ from solutions/: nbgrader's release, for every assignment, reproducibly.

nbgrader does the work (see nbgrader_config.py): the same notebook comes out of
`nbgrader generate_assignment NAME`. What is added here: all assignments at once, a gradebook that
is thrown away, folders of assignments that are no more are removed, and a README says where the
folder comes from.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

README = """\
# Exercises: what learners get

Generated from [solutions/](../solutions) by `make exercises`; do not edit. One folder an
assignment: open its notebook in JupyterLab, VS Code or Colab, write, check, save, hand in.

{listing}
"""


def release(solutions: Path = ROOT / "solutions", exercises: Path = ROOT / "exercises") -> None:
    """Write the released form of every assignment of `solutions` into `exercises`."""
    names = sorted(path.parent.name for path in solutions.glob("*/*.ipynb"))
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, "exercises")
        for name in dict.fromkeys(names):
            _generate(name, solutions, fresh, Path(scratch, "gradebook.db"))
            print(f"released {name}", flush=True)
        listing = "\n".join(f"- [{name}]({name}/{name}.ipynb)" for name in names)
        Path(fresh, "README.md").write_text(README.format(listing=listing), encoding="utf8")
        _replace(exercises, fresh)


def _generate(name: str, solutions: Path, exercises: Path, gradebook: Path) -> None:
    command = [
        *(sys.executable, "-m", "nbgrader", "generate_assignment", name, "--force", "--create"),
        "--log-level=WARN",
        f"--db=sqlite:///{gradebook}",
        f"--CourseDirectory.source_directory={solutions.resolve()}",
        f"--CourseDirectory.release_directory={exercises.resolve()}",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode or not Path(exercises, name).is_dir():
        raise SystemExit(f"nbgrader could not release {name}:\n{done.stdout}{done.stderr}")


def _replace(old: Path, new: Path) -> None:
    """Put `new` where `old` is, leaving files that are the same as they are."""
    wanted = {path.relative_to(new) for path in new.rglob("*") if path.is_file()}
    for path in sorted(old.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(old) not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name in sorted(wanted):
        target = old / name
        if not target.exists() or target.read_bytes() != (new / name).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new / name, target)
