"""Which loss for which problem: the function that reads the tables of `lossfns.advice`.

>>> import lossfns
>>> for suggestion in lossfns.choose("regression", outliers=True)[:2]:
...     print(suggestion.loss, "-", suggestion.reason)
huber - a large error pulls with at most δ, a small one in proportion to its size
mae - the fit follows the median: half of the targets may be wild
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict, Unpack

from lossfns.advice import ADVICE, QUESTIONS, TRAITS, Suggestion

__all__ = ["ADVICE", "TRAITS", "Suggestion", "Task", "Traits", "choose"]

# Tasks and traits once more for editors and type checkers, which complete and refuse by it.
Task = Literal[
    "regression",
    "binary",
    "multiclass",
    "multilabel",
    "segmentation",
    "boxes",
    "detection",
    "embeddings",
    "ranking",
    "preferences",
    "sequences",
    "generation",
    "multitask",
]


class Traits(TypedDict, total=False):
    """What may hold of a problem, see `TRAITS`."""

    outliers: bool
    quantiles: bool
    uncertainty: bool
    counts: bool
    zeros: bool
    relative: bool
    decades: bool
    imbalance: bool
    noisy_labels: bool
    margin: bool
    teacher: bool
    labels: bool
    pairs: bool
    modalities: bool
    small_batch: bool
    online: bool
    unpaired: bool
    overlap: bool
    many_classes: bool


def choose(task: Task, **traits: Unpack[Traits]) -> list[Suggestion]:
    """Suggest losses for a problem, the best match first, each with its reason.

    Args:
        task: one of `lossfns.chooser.ADVICE`, such as "regression" or "multiclass".
        traits: what holds of the problem, such as outliers=True; `lossfns.chooser.TRAITS` says
            what each means.
    Returns:
        Suggestions whose every trait holds, those with the most traits first; the usual choice
        comes last when something more fitting was found.
    Raises:
        ValueError: an unknown task or trait; a trait about which the task has no advice.
    Example:
        >>> import lossfns
        >>> [suggestion.loss for suggestion in lossfns.choose("regression", quantiles=True)]
        ['quantile', 'mse']
    """
    return suggestions(task, traits)


def suggestions(task: str, traits: Mapping[str, object]) -> list[Suggestion]:
    """As `choose`, for words that come from outside."""
    advice = ADVICE.get(task)
    if advice is None:
        raise ValueError(
            f"task must be one of {', '.join(ADVICE)}; got {task!r}{nearest(task, ADVICE)}"
        )
    known = {trait for suggestion in advice for trait in suggestion.because}
    for trait in traits:
        if trait not in TRAITS:
            raise ValueError(f"there is no trait {trait!r}{nearest(trait, TRAITS)}")
        if trait not in known:
            choices = ", ".join(t for t in TRAITS if t in known) or "none"
            raise ValueError(f"{trait} changes nothing for {task}; what does: {choices}")
    given = {trait for trait, holds in traits.items() if holds}
    fitting = [suggestion for suggestion in advice if given.issuperset(suggestion.because)]
    return sorted(fitting, key=lambda suggestion: -len(suggestion.because))


def questions(task: str) -> dict[str, list[str]]:
    """What to ask about a task: each question with the traits that may be its answer.

    >>> list(questions("binary").values())
    [['imbalance'], ['noisy_labels'], ['margin']]
    """
    known = {trait for suggestion in ADVICE[task] for trait in suggestion.because}
    asked = {
        question: [trait for trait in traits if trait in known]
        for question, traits in QUESTIONS.items()
    }
    return {question: traits for question, traits in asked.items() if traits}


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint at the word that was meant, to end an error message with."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
