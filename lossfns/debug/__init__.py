"""One training step, looked at from all sides: `diagnose(model, batch, loss)`.

The tools that it is made of, one question each, are in `lossfns.torch`: `check_finite`, `watch`,
`gradient_norms`, `expected_initial_loss`, `overfit_one_batch`.
"""

# ruff: noqa: E402 (what follows needs the library that is asked for here)
from lossfns._extras import require

require("torch", "lossfns.debug", "PyTorch", "torch")

from lossfns._signatures import make_readable
from lossfns.debug.diagnosing import diagnose

__all__ = ["diagnose"]

make_readable(globals(), __all__)
del make_readable, require
