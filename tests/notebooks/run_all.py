"""Execute notebooks, each in a kernel and a folder of its own, two at a time.

`python run_all.py FILE...` runs with a Python of its own, and writes the outputs into the files.
What goes wrong is told on stderr, a notebook a paragraph, and by the exit status.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "book" / "_ext"))

from warm import warm_kernels  # noqa: E402 (the extension lies there)


def main(paths):
    with warm_kernels() as kernels, ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(lambda path: run(path, kernels), paths) if fault]
    sys.exit("\n\n".join(faults) or 0)


def run(path, kernels):
    notebook = nbformat.read(path, as_version=4)
    options = {"kernel_manager_class": kernels} if kernels else {}
    client = NotebookClient(
        notebook,
        timeout=300,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(Path(path).parent)}},
        **options,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return f"{notebook.metadata.get('title', path)}: {error}"
    finally:
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main(sys.argv[1:])
