"""Numbers side by side: a table in the page and in a notebook, aligned text in a terminal."""

import html

# Close together, so that the five columns of a gradient check fit on a phone.
_CELL = "padding: 0.3em 0.5em; font-size: 0.9em; text-align: "
_NUMBER = _CELL + "right; font-variant-numeric: tabular-nums; white-space: nowrap"
_WORDS = _CELL + "left"


def table(columns, rows):
    """Make a table that shows itself when it is the last expression of a cell.

    Arguments
        columns: `{heading: format}`, where the format is that of an f-string, as ".3f" or "d";
            a text in a column stays as it is. With the format "", numbers are left to `str`.
        rows: a sequence of rows, each with a value for every column.

    Errors
        ValueError: a row has more or fewer values than there are columns.

    >>> table({"loss": "", "mean": ".2f"}, [("MSE", 2.0), ("Huber", -1.25)])
    loss    mean
    MSE     2.00
    Huber  −1.25
    """
    return Table(columns, [_formatted(columns, row) for row in rows])


class Table:
    """What `table` returns; a column that holds numbers is aligned to the right.

    >>> table({"δ": ".1f"}, [[0.5]])._repr_html_()[:21]
    '<table class="table">'
    """

    def __init__(self, headings, rows):
        self.headings, self.rows = list(headings), rows
        self._right = [any(number for _, number in column) for column in zip(*rows, strict=True)]

    def _repr_html_(self):
        styles = [_NUMBER if right else _WORDS for right in self._right]
        sides = [_CELL + ("right" if right else "left") for right in self._right]
        head = "".join(
            f'<th style="{style}">{html.escape(heading)}</th>'
            for heading, style in zip(self.headings, sides, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="{style}">{html.escape(text)}</td>'
                for (text, _), style in zip(row, styles, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        return f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'

    def __repr__(self):
        lines = [self.headings] + [[text for text, _ in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, self._right, strict=True)
            ).rstrip()
            for line in lines
        )


def _formatted(columns, row):
    """Return `(text, is it a number)` for every value of a row."""
    row = list(row)
    if len(row) != len(columns):
        raise ValueError(f"{len(columns)} columns need {len(columns)} values, got {row!r}")
    return [
        (value, False) if isinstance(value, str) else (_number(value, form), True)
        for form, value in zip(columns.values(), row, strict=True)
    ]


def _number(value, form):
    text = f"{value:{form}}"
    if text.startswith("-") and not any(digit in text for digit in "123456789in"):
        text = text[1:]  # −0.000 is 0
    return text.replace("-", "−")
