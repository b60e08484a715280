"""Loss functions in NumPy (`lossfns.numpy`) and PyTorch (`lossfns.torch`), with a catalog of both.

>>> import lossfns, lossfns.numpy as ln
>>> ln.huber([0.5, 3.0], [0.0, 0.0], delta=1.0)
1.3125
>>> lossfns.catalog["huber"].equivalents["torch"]
'torch.nn.functional.huber_loss'
"""

from lossfns._signatures import make_readable
from lossfns.catalog import Function, Hyper, Record, catalog, functions
from lossfns.chooser import Suggestion, choose

__version__ = "0.1.0"

__all__ = ["Function", "Hyper", "Record", "Suggestion", "catalog", "choose", "functions"]

make_readable(globals(), ["choose"])
del make_readable
