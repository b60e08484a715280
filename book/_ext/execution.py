"""Executes the chapters in parallel before the build, and keeps the cache of outputs honest.

MyST-NB takes outputs from a jupyter-cache but runs the chapters one after the other, and the cache
knows a chapter by its code cells alone. This extension fills the same cache first, one kernel a
core, and drops an entry when something else that the chapter uses has changed: the library, the
pinned environment or the chapter's quizzes.
"""

import hashlib
import json
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from warm import warm_kernels

# What of the library a page may show: its code, and what explorers are made of.
SOURCES = {".py", ".js", ".css"}
QUIZ = re.compile(r"(?:\.\./)*quizzes/[\w.-]+\.json")


@dataclass
class Chapter:
    docname: str
    path: Path
    notebook: object
    inputs: str  # a hash of everything that the outputs depend on, the code cells apart
    code_cell: int = 0  # the one that runs, counted from 1

    @property
    def name(self):
        return self.docname.removeprefix("book/")

    @property
    def code_cells(self):
        return [i for i, c in enumerate(self.notebook.cells) if c.cell_type == "code"]


def execute_changed_chapters(app):
    config = app.env.mystnb_config
    app.executed_docnames, app.executed_seconds = [], {}
    if app.builder.format != "html":
        # Generated notebooks carry no outputs; a link checker needs none.
        app.env.mystnb_config = config.copy(execution_mode="off")
        return

    chapters = read_chapters(app)
    cache = get_cache(config.execution_cache_path)
    record = Path(config.execution_cache_path, "inputs.json")
    inputs = json.loads(record.read_text()) if record.exists() else {}
    for chapter in chapters:
        if inputs.get(chapter.docname) != chapter.inputs:
            forget(cache, chapter)
    changed = [chapter for chapter in chapters if not cached(cache, chapter)]

    failures = []
    with (
        warm_kernels() if changed else nullcontext() as kernels,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        jobs = {pool.submit(execute, c, config.execution_timeout, kernels): c for c in changed}
        for done, job in enumerate(as_completed(jobs), start=1):
            chapter, result = jobs[job], job.result()
            if result.err:
                failures.append(describe_failure(chapter, result.err))
                say(f"{chapter.name} FAILED ({done} of {len(changed)})")
                continue
            join_streams(result.nb)
            bundle = CacheBundleIn(
                result.nb, str(chapter.path), data={"execution_seconds": result.time}
            )
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            inputs[chapter.docname] = chapter.inputs
            record.write_text(json.dumps(inputs, indent=1))
            app.executed_docnames.append(chapter.docname)
            say(f"{chapter.name} done in {result.time:.0f} s ({done} of {len(changed)})")
    if failures:
        # Not an exception: what failed is the chapter, and a traceback of ours would bury it.
        sys.exit("\n\n".join(failures))
    for chapter in chapters:
        app.executed_seconds[chapter.docname] = cached(cache, chapter).data["execution_seconds"]


def read_chapters(app):
    """Return the pages that have code cells, in the order of the table of contents."""
    library = hash_of(
        [
            *(p for p in Path(app.srcdir, "lossfns").rglob("*") if p.suffix in SOURCES),
            Path(app.srcdir, "requirements.txt"),
        ]
    )
    chapters = []
    for docname in app.config.external_site_map:
        path = Path(app.env.doc2path(docname))
        notebook = path.exists() and read_notebook(app, docname)  # Sphinx reports what is missing
        if not notebook:
            continue
        names = QUIZ.findall(path.read_text(encoding="utf8"))
        quizzes = [path.parent / name for name in names]
        chapter = Chapter(docname, path, notebook, library + hash_of(quizzes))
        if chapter.code_cells:
            chapters.append(chapter)
    return chapters


def read_notebook(app, docname):
    """The notebook that a page is written as, or None."""
    path = app.env.doc2path(docname)
    text = Path(path).read_text(encoding="utf8")
    reader = create_nb_reader(path, app.env.myst_config, app.env.mystnb_config, text)
    return reader and reader.read(text)


def printed_by(app, docname):
    """What the cells of a page printed when they ran; empty where it is not built or not run."""
    if app.builder.format != "html" or docname not in app.env.found_docs:
        return ""
    cache = get_cache(app.env.mystnb_config.execution_cache_path)
    try:
        _, notebook = cache.merge_match_into_notebook(read_notebook(app, docname))
    except KeyError:
        return ""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return "".join(output.get("text", "") for output in outputs)


def hash_of(paths):
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(set(paths)):
        digest.update(path.name.encode())
        digest.update(path.read_bytes() if path.exists() else b"missing")
    return digest.hexdigest()[:16]


def cached(cache, chapter):
    try:
        return cache.match_cache_notebook(chapter.notebook)
    except KeyError:
        return None


def forget(cache, chapter):
    record = cached(cache, chapter)
    if record:
        cache.remove_cache(record.pk)


def execute(chapter, timeout, kernels):
    """Run a chapter's cells in a kernel of its own, as jupyter-cache does."""
    say(f"{chapter.name} running, {len(chapter.code_cells)} cells")
    last_word = time.monotonic()

    def report(cell, cell_index):
        nonlocal last_word
        chapter.code_cell = chapter.code_cells.index(cell_index) + 1
        if time.monotonic() - last_word > 10:
            last_word = time.monotonic()
            say(f"{chapter.name} at cell {chapter.code_cell} of {len(chapter.code_cells)}")

    return single_nb_execution(
        chapter.notebook,
        cwd=str(chapter.path.parent),
        timeout=timeout,
        allow_errors=False,
        on_cell_execute=report,
        extra_arguments=["--log-level=ERROR"],  # or each kernel tells that it uses TCP
        **({"kernel_manager_class": kernels} if kernels else {}),
    )


def join_streams(notebook):
    """Make one output of what a cell printed in one go, however often the kernel sent some of it.

    MyST-NB can join them, too, but puts a line break between the pieces, which fall as chance will.
    """
    for cell in notebook.cells:
        outputs = []
        for output in cell.get("outputs", []):
            before = outputs[-1] if outputs else {}
            if output.output_type == "stream" and output.name == before.get("name"):
                before["text"] += output.text
            else:
                outputs.append(output)
        if outputs:
            cell["outputs"] = outputs


def describe_failure(chapter, error):
    index = chapter.code_cells[chapter.code_cell - 1]
    line = chapter.notebook.metadata.source_map[index] + 1
    source = os.path.relpath(chapter.path)
    return f"{source}:{line}: code cell {chapter.code_cell} of {chapter.name} failed:\n\n{error}"


def say(message):
    print(f"  {message}", flush=True)


def reread_executed(app, env, added, changed, removed):
    """Have the pages rebuilt whose outputs are new although their source is not."""
    return [docname for docname in app.executed_docnames if docname in env.all_docs]


def forget_build_with_warnings(app, error):
    """Have a repeated build repeat the warnings, which Sphinx gives only for pages it reads."""
    if app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def setup(app):
    os.environ["LOSSFNS_EXPLORE"] = "static"  # explorers that work without a kernel
    # The same sums in the same order on every machine, and no two chapters fighting for the cores.
    os.environ["OMP_NUM_THREADS"] = "1"
    app.connect("builder-inited", execute_changed_chapters, priority=600)  # after MyST-NB's
    app.connect("env-get-outdated", reread_executed)
    app.connect("build-finished", forget_build_with_warnings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
