"""Kinds of calls that many exercises share.

A builder takes the names of the arguments and gives a `Probe`, which makes calls of its kind from
those that the exercise has drawn.
"""

from lossfns.check.kinds.bad_input import (
    columns as columns,
    labelled_by_column as labelled_by_column,
    labels as labels,
    lengths as lengths,
    lists as lists,
    no_distributions as no_distributions,
    outside as outside,
    shapes as shapes,
    words as words,
)
from lossfns.check.kinds.cases import (
    beyond_fifty as beyond_fifty,
    certain as certain,
    equal_logits as equal_logits,
    exact_items as exact_items,
    huge as huge,
    offset as offset,
    single_class as single_class,
    single_item as single_item,
    square as square,
    tiny as tiny,
    zero as zero,
)
from lossfns.check.kinds.missed import CLIPPED as CLIPPED, ROWS as ROWS

# Of errors in single items.
ERRORS = exact_items("pred", "target"), offset("pred", "target"), tiny("pred", "target")
