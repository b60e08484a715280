"""How time and memory of the losses that work in chunks grow, for a figure of the book.

    make bench-curves

Against the number of words, of tokens and of pairs in a batch: a forward and backward pass of
`linear_cross_entropy` and of `clip`, and of the same with the whole matrix. Each point is a cell
of losses.py, measured in processes of its own. The numbers go into lossfns/explore/costs.json,
which the page on large vocabularies draws wherever it runs: nothing is timed there.
"""

import json
from pathlib import Path

from losses import in_a_process, machine
from page import today

DATA = Path(__file__).resolve().parents[1] / "lossfns" / "explore" / "costs.json"
ROUNDS = 3
VOCABULARY, PAIRS = "matmul, F.cross_entropy", "the matrix"
# what is varied: (its values, the loss, its peer, the size by the value)
CURVES = {
    "words": (
        [2**k for k in (10, 13, 16)], "linear_cross_entropy", VOCABULARY,
        lambda words: [2**10, 2**8, words]),
    "tokens": (
        [2**k for k in (7, 10, 13)], "linear_cross_entropy", VOCABULARY,
        lambda tokens: [tokens, 2**8, 2**14]),
    "pairs in a batch": (
        [2**k for k in (10, 12, 13)], "clip", PAIRS, lambda pairs: [pairs, 2**8]),
}  # fmt: skip


def main() -> None:
    curves = {}
    for varied, (values, name, peer, size_of) in CURVES.items():
        curves[varied] = {"loss": name, "sizes": values} | {
            kind: {"all at once": [], "in chunks": []} for kind in ("seconds", "megabytes")
        }
        for value in values:
            cell = {"kind": "torch", "name": name, "peer": peer, "size": size_of(value),
                    "rounds": ROUNDS, "errors": False}  # fmt: skip
            row = in_a_process(cell)
            whole, chunks = (in_a_process(cell | {"memory": who}) for who in ("peer", "ours"))
            point = {
                "seconds": (row["seconds"], row["ratio"] * row["seconds"]),
                "megabytes": (whole, chunks),
            }
            for kind, pair in point.items():
                for way, number in zip(("all at once", "in chunks"), pair, strict=True):
                    curves[varied][kind][way].append(float(f"{number:.3g}"))
            print(varied, value, point, flush=True)
    measured = {"day": today(), "machine": machine(), "curves": curves}
    DATA.write_text(json.dumps(measured, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
