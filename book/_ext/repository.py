"""Roles that link to files of the repository, whose address only _config.yml knows.

{repository}`solutions/README.md` shows the file there, {colab}`exercises/x/x.ipynb` opens a
notebook on Colab. Both take a title as {doc} does, and warn of a file that does not exist.
"""

from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole

LOGGER = logging.getLogger(__name__)


class RepositoryRole(ReferenceRole):
    def run(self):
        if not Path(self.env.srcdir, self.target).exists():
            LOGGER.warning("no %s in the repository", self.target, location=self.get_location())
        link = nodes.reference(self.rawtext, self.title, refuri=self.address(), internal=False)
        return [link], []

    def address(self):
        repository = self.config.html_theme_options
        url, branch = repository["repository_url"], repository["repository_branch"]
        return f"{url}/blob/{branch}/{self.target}"


class ColabRole(RepositoryRole):
    def address(self):
        path = super().address().removeprefix("https://github.com/")
        return f"https://colab.research.google.com/github/{path}"


def setup(app):
    app.add_role("repository", RepositoryRole())
    app.add_role("colab", ColabRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
