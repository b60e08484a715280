"""Keeps what `{index}` says of the pages that are not built anew in the index of the search.

Of an earlier build's index Sphinx takes over words and titles, and forgets these entries: after an
edit of one page the search would find the questions of no other by the words that people type.
"""

from pathlib import Path


def keep(app):
    """Read them from the file that is about to be replaced; emits no pages."""
    indexer = getattr(app.builder, "indexer", None)
    earlier = Path(app.outdir, app.builder.searchindex_filename or "")
    if indexer is None or not earlier.is_file():
        return []
    found = {}
    with earlier.open(encoding="utf8") as stream:
        frozen = app.builder.indexer_format.load(stream)
    for entry, places in frozen.get("indexentries", {}).items():
        for page, anchor, main in places:
            name = frozen["docnames"][page]
            found.setdefault(name, []).append((entry, anchor, "main" if main else ""))
    for name in indexer._titles.keys() - indexer._index_entries.keys():
        indexer._index_entries[name] = found.get(name, [])
    return []


def setup(app):
    app.connect("html-collect-pages", keep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
