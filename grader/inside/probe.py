"""Put the grader's questions to a learner's function and send back what it answers.

Questions and answers are JSON with the bytes of arrays, in base64; nothing is unpickled on either
side. All this runs in the learner's process and can be forged there, which is why it holds nothing
that would help to: the grader compares the arrays itself.
"""

import base64
import contextlib
import dataclasses
import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from answer import Answer, ask
from IPython import get_ipython

# Numbers in an answer. No question has one of so many, and all answers are in memory at once.
LARGEST = 1_000_000


def reply(name: str, question: str) -> str:
    """Put every call to the function of that name; `grader.questions` reads the result."""
    asked = json.loads(base64.b64decode(question))
    function = get_ipython().user_ns.get(name)
    answers: list[dict[str, Any]] = []
    used: set[str] = set()
    for call in asked["calls"]:
        call = SimpleNamespace(
            arrays={name: _array(*parts) for name, parts in call["arrays"].items()},
            options=call["options"],
            wants=call["wants"],
            most_memory=call["most_memory"],
        )
        if function is None:
            answers.append(_plain(Answer(error="NameError", message=f"{name} is not defined")))
            continue
        with _watched(asked["torch"], used), contextlib.redirect_stdout(io.StringIO()):
            answers.append(_plain(ask(function, call, torch=asked["torch"])))
    text = json.dumps({"answers": answers, "used": sorted(used)})
    return base64.b64encode(text.encode()).decode()


def _array(dtype: str, shape: list[int], data: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


def _plain(answer: Answer) -> dict[str, Any]:
    known = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    known["value"] = _parts(answer.value)
    known["slopes"] = {name: _parts(slope) for name, slope in answer.slopes.items()}
    return known


def _parts(array: np.ndarray | None) -> list[Any] | None:
    if array is None:
        return None
    if array.size > LARGEST:
        array = array[:0] if array.ndim else array  # of the wrong shape, as what it stands for
    array = np.asarray(array, np.float64)
    return [list(array.shape), base64.b64encode(array.tobytes()).decode()]


@contextlib.contextmanager
def _watched(torch: bool, used: set[str]) -> Iterator[None]:
    """Note which functions of PyTorch are called."""
    if not torch:
        yield
        return
    from torch.overrides import TorchFunctionMode

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            used.add(getattr(function, "__name__", ""))
            return function(*args, **(kwargs or {}))

    with Watch():
        yield
