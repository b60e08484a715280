"""A book of three small pages whose site carries Python, and somebody who writes in them."""

import json
import re
import shutil

import runtime
import yaml
from built_book import ROOT

from lossfns.check import EXERCISES

PART = "part.yml"


def solutions():
    """The model answers: {exercise: its cell}."""
    found = {}
    for path in ROOT.glob("solutions/*/*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            about = cell["metadata"].get("nbgrader", {})
            if cell["cell_type"] == "code" and about.get("solution"):
                found[about["grade_id"]] = "".join(cell["source"])
    return found


SOLUTIONS = solutions()
IN_NUMPY = [n for n in EXERCISES if not EXERCISES[n].torch and "torch" not in SOLUTIONS[n]]

CELLS = """\
---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Three

```{code-cell} ipython3
import numpy as np
import torch
from lossfns.explore import table
```

```{code-cell} ipython3
errors = np.array([1.0, -2.0])
print("mean", np.mean(errors**2))
```

```{code-cell} ipython3
table({"error": ".1f"}, [[e] for e in errors])
```

```{code-cell} ipython3
from lossfns.explore.style import figure

fig, ax = figure(xlabel="error", alt="A line.")
ax.plot(errors)
fig
```

```{code-cell} ipython3
print(torch.tensor(errors).mean().item())
```

```{code-cell} ipython3
:tags: [remove-input]

errors.sum()
```
"""


def complete(folder, *more):
    """A folder with all the names of a distribution, and more packages; nothing in it runs."""
    folder.mkdir(parents=True)
    packages = {name: {"name": name, "depends": []} for name in ("numpy", *more)}
    for name in runtime.NAMES:
        (folder / name).write_text("throw new Error('made for a test')")
    (folder / runtime.LOCK).write_text(json.dumps({"info": {}, "packages": packages}))
    for name in packages:
        (folder / f"{name}-2.2.5-made-for-a-test.whl").write_text(name)
    return folder


def tiny(folder):
    """A book of two pages with all exercises, and one with cells."""
    for name in ("_ext", "_static"):
        kept_out = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(ROOT / "book" / name, folder / "book" / name, ignore=kept_out)
    for name in ("exercises", "lossfns"):
        (folder / name).symlink_to(ROOT / name)
    config = (ROOT / "_config.yml").read_text()
    address = 'url: "https://github.com/us/course"'
    (folder / "_config.yml").write_text(re.sub(r"\burl: \S+", address, config, count=1))
    toc = {
        "format": "jb-book",
        "root": "book/one",
        "chapters": [{"file": f"book/{n}"} for n in ("two", "three")],
    }
    # By another name: the labels of the real book are not those of a part.
    (folder / PART).write_text(yaml.safe_dump(toc))
    (folder / "book" / "references.bib").write_text("")
    (folder / "book" / "one.md").write_text("# One\n\n```{practice} mse mse_grad fit_line\n```\n")
    others = " ".join(n for n in IN_NUMPY if n not in ("mse", "mse_grad", "fit_line"))
    (folder / "book" / "two.md").write_text(f"# Two\n\n```{{practice}} {others}\n```\n")
    (folder / "book" / "three.md").write_text(CELLS)
    return folder


def body(site, page="one"):
    html = (site / "book" / f"{page}.html").read_text()
    return re.search(r"<article.*?</article>", html, re.DOTALL)[0]


class Learner:
    """Somebody who writes an exercise."""

    def __init__(self, visitor, page="one"):
        self.visitor, self.asked = visitor, []
        self.tab = visitor.tab
        self.tab.on("request", lambda request: self.asked.append(request.url))
        visitor.open(f"book/{page}")

    def box(self, name="mse"):
        return self.tab.locator(f"#practice-{name}")

    def unfold(self, name="mse"):
        self.box(name).locator("summary").click()
        return self.box(name)

    def begin(self, name="mse"):
        box = self.unfold(name)
        box.get_by_role("button", name="Write it here").click()
        box.get_by_role("textbox", name=f"Your {name}").wait_for()
        return box

    def write(self, text, name="mse"):
        self.box(name).get_by_role("textbox").click()
        self.tab.keyboard.press("Control+A")
        self.tab.keyboard.insert_text(text)

    def text(self, name="mse"):
        lines = self.box(name).locator(".cm-line").all_inner_texts()
        return "\n".join(line.rstrip("\n") for line in lines)

    def press(self, button, name="mse", seconds=60):
        """What is said, once it is."""
        box = self.box(name)
        box.get_by_role("button", name=button).click()
        self.tab.wait_for_function(
            "id => !/^(Running|Looking)/.test(document.querySelector(id).innerText)",
            arg=f"#practice-{name} .lossfns-result", timeout=1000 * seconds)  # fmt: skip
        return box.get_by_role("status").last.inner_text()

    def kept(self):
        return json.loads(self.tab.evaluate("localStorage.getItem('lossfns-marks')") or "{}")

    def fetched(self):
        return [address for address in self.asked if re.search("/(practice|pyodide)/", address)]
