"""Text that others wrote, where a table shows it: in a terminal or in a spreadsheet."""


def printable(text: str) -> str:
    """Text for a terminal: nothing in it acts, and it stays on its line."""
    return "".join(c if c.isprintable() else " " for c in text)


def harmless(text: str) -> str:
    """Text for a cell of a table: a spreadsheet must not take it for a formula."""
    text = printable(text)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text
