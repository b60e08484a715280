"""A step of nbgrader's release that tells a notebook where the course is published."""

import re
from pathlib import Path

import yaml
from nbgrader.preprocessors import NbGraderPreprocessor

CONFIG = Path(__file__).resolve().parent.parent / "_config.yml"


class RepositoryAddress(NbGraderPreprocessor):
    """Fill in the repository, which only _config.yml knows.

    A learner's copy lies alone, perhaps on Colab: links that are relative to the repository
    become absolute, and the set-up cell learns from where to install.
    """

    def preprocess(self, nb, resources):
        repository = yaml.safe_load(CONFIG.read_text(encoding="utf8"))["repository"]
        url, branch = repository["url"], repository["branch"]
        for cell in nb.cells:
            cell.source = cell.source.replace("{{repository}}", url).replace("{{branch}}", branch)
            if cell.cell_type == "markdown":
                cell.source = re.sub(r"\]\(\.\./\.\./", f"]({url}/blob/{branch}/", cell.source)
        return nb, resources
