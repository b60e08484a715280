"""What a record of a loss holds."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
Sampler = Callable[[np.random.Generator, int], Arrays]


# The default of a hyper-parameter that has none.
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True, kw_only=True)
class Hyper:
    """A hyper-parameter: its default, the values it may take, and some that it may not.

    A tuple of numbers among the values stands for an array, one entry per class.
    """

    default: Any
    domain: str
    valid: tuple[Any, ...]
    wrong: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known about one loss.

    Attributes:
        name: of the function, in `lossfns.numpy` and `lossfns.torch`.
        family: the module that holds it, or of which the one that does is the second file; named
            like the file of the record; the catalog sets it.
        task: what it is used for, a few words.
        formula: of one item, in LaTeX; p a probability, z a logit, e = ŷ - y, u = e / scale.
        units: of the loss.
        convex: in the model's output, the first argument.
        differentiable: "everywhere", or where it is not.
        bounded_pull: whether the slope in the first argument stays bounded however far off one
            prediction is: what "robust" means of outliers in regression.
        label_noise: whether the loss of an item stays bounded however sure the model is of
            another label: what "robust" means of wrong labels. None where no label is predicted.
        domain: of the arguments.
        sample: draws n items of valid arguments, away from the singular points.
        wrt: the arguments that have a gradient, the default of `.grad` first.
        item_axes: how many trailing axes of the first argument make up one item.
        batched: whether the items lie along the first axis, so that there is no grid of items and
            no item without an axis.
        coupled: whether the loss of an item depends on the rest of the batch: then an item has no
            weight of its own, and the items are `batched`.
        weightless: whether items that are `batched` have no weights of their own although they do
            not depend on each other: a label that is ignored says which of their parts count.
        held: what counts as a constant in the gradient although it depends on the prediction, so
            that the gradient is not the slope of the value; empty for nearly all.
        crosswise: arguments that hold pairs of items, along their first two axes.
        fewest: items that a batch must have.
        hyper: the hyper-parameters by name.
        compatible: whether a combination of valid hyper-parameters is valid, and among those to
            be tried where there are too many.
        reductions: those it offers.
        equivalents: the same or nearest loss elsewhere, by library.
        paper: the source, with arXiv number where there is one.
        backends: which twins exist; `why_not` says why one does not.
        double_backward: whether torch can differentiate it twice; `why_not` says why not.
    """

    name: str
    task: str
    formula: str
    units: str
    convex: bool
    differentiable: str
    bounded_pull: bool
    domain: str
    sample: Sampler
    paper: str
    family: str = ""
    wrt: tuple[str, ...] = ("pred",)
    item_axes: int = 0
    batched: bool = False
    coupled: bool = False
    weightless: bool = False
    held: str = ""
    crosswise: tuple[str, ...] = ()
    fewest: int = 0
    hyper: Mapping[str, Hyper] = field(default_factory=dict)
    compatible: Callable[[Mapping[str, Any]], bool] = lambda settings: True
    reductions: tuple[str, ...] = ("none", "mean", "sum")
    equivalents: Mapping[str, str] = field(default_factory=dict)
    label_noise: bool | None = None
    backends: tuple[str, ...] = ("numpy", "torch")
    double_backward: bool = True
    why_not: str = ""

    @property
    def chapter(self) -> str:
        """The label of the place in the book that explains it, see `lossfns.labels`."""
        return f"loss-{self.name.replace('_', '-')}"

    @property
    def takes_weights(self) -> bool:
        """Whether there is a `sample_weight`."""
        return not (self.coupled or self.weightless)


# Hyper-parameters that say how the batch is laid out, not what the loss is.
LAYOUT = ("axis", "class_axis", "ignore_index", "average", "chunk_size")


def needed(record: Record) -> dict[str, Any]:
    """Values for the hyper-parameters that have no default."""
    return {name: h.valid[0] for name, h in record.hyper.items() if h.default is REQUIRED}


@dataclass(frozen=True, kw_only=True)
class Function:
    """What is known about a public function or module that is not a loss of a prediction.

    Attributes:
        name: in `lossfns.numpy` and `lossfns.torch`.
        family: the module that holds it, as for a `Record`.
        task: what it is used for, a few words.
        formula: in LaTeX.
        gradient: whether it has one, and if not, why.
        paper: the source, with arXiv number where there is one.
        chapter: the label of the place in the book that explains it, see `lossfns.labels`.
        equivalents: the same or nearest function elsewhere, by library.
        backends: which twins exist; `why_not` says why one does not.
    """

    name: str
    task: str
    formula: str
    gradient: str
    paper: str
    chapter: str
    family: str = ""
    equivalents: Mapping[str, str] = field(default_factory=dict)
    backends: tuple[str, ...] = ("numpy", "torch")
    why_not: str = ""
