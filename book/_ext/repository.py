"""Roles that link to files of the repository, whose address only _config.yml knows.

{repository}`solutions/README.md` shows the file there, {colab}`exercises/x/x.ipynb` opens a
notebook on Colab. Both take a title as {doc} does, and warn of a file that does not exist.
"""

from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole

LOGGER = logging.getLogger(__name__)


def address_of(config, path, kind="blob"):
    """Where the repository shows a file (blob) or hands it out (raw); empty without an address."""
    repository = config.html_theme_options
    url, branch = repository.get("repository_url"), repository.get("repository_branch")
    return f"{url}/{kind}/{branch}/{path}" if url else ""


class RepositoryRole(ReferenceRole):
    def run(self):
        if not Path(self.env.srcdir, self.target).exists():
            LOGGER.warning("no %s in the repository", self.target, location=self.get_location())
        address = self.address()
        if not address:
            return [self.without_address()], []
        return [nodes.reference(self.rawtext, self.title, refuri=address, internal=False)], []

    def address(self):
        return address_of(self.config, self.target)

    def without_address(self):
        """The path, which whoever has the repository can open."""
        return nodes.literal(self.rawtext, self.target)


class ColabRole(RepositoryRole):
    def address(self):
        path = super().address().removeprefix("https://github.com/")
        return path and f"https://colab.research.google.com/github/{path}"

    def without_address(self):
        return nodes.inline(self.rawtext, f"no link to {self.title} yet")


def show_buttons_that_lead_somewhere(app, config):
    """The theme's buttons for the repository and for Colab are there once it has an address."""
    options = config.html_theme_options
    published = bool(options.get("repository_url"))
    for button in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
        options[button] = published
    if not published:
        options["launch_buttons"] = {}


def setup(app):
    app.connect("config-inited", show_buttons_that_lead_somewhere)
    app.add_role("repository", RepositoryRole())
    app.add_role("colab", ColabRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
