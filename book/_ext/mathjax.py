"""Ships the part of MathJax that the pages use: one script and its fonts, 1.6 of 24 MB.

The package sphinx-mathjax-offline holds all of it: other outputs, other inputs, speech in a dozen
languages. Its menu offers these to whoever clicks on an equation, so there is no menu; the MathML
that screen readers read is in the script. What an earlier build has copied goes, too.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
SCRIPT = "tex-chtml.js"
FONTS = "output/chtml/fonts/woff-v2/*.woff"


def copy(app, exception):
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", "mathjax")
    shutil.rmtree(target, ignore_errors=True)
    for source in [PACKAGE / SCRIPT, *sorted(PACKAGE.glob(FONTS))]:
        copied = target / source.relative_to(PACKAGE)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copied)


def setup(app):
    app.config.mathjax_path = f"mathjax/{SCRIPT}"
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
