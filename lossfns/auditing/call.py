"""How to call a loss of somebody else's: NumPy or torch, which argument is which, which options.

What a loss is asked are arrays by the names of the catalog (`pred`, `logits`, `target`, ...); a
`Subject` knows what its own arguments for them are called, and reads what comes back.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .draws import PER_CLASS
from .run import Outcome, Runner

Arrays = dict[str, npt.NDArray[Any]]

PREDICTION = (
    *("pred", "preds", "prediction", "predictions", "predicted", "input", "inputs", "output"),
    *("outputs", "logits", "logit", "score", "scores", "prob", "probs", "probabilities", "p"),
    *("y_pred", "ypred", "y_hat", "yhat", "y_p", "out", "model_output", "x", "z", "estimate"),
    *("log_probs", "log_prob", "log_rate", "log_input", "est", "hypothesis", "pr", "student"),
    *("student_logits", "predict", "embeddings", "features", "net_output"),
)
TARGET = (
    *("target", "targets", "label", "labels", "y", "y_true", "ytrue", "truth", "true", "gt"),
    *("ground_truth", "actual", "t", "tgt", "gold", "expected", "reference", "mask_true", "obs"),
    *("observed", "y_gt", "teacher", "teacher_logits", "masks", "classes"),
)
# Other names for what the catalog calls differently; found after the exact ones.
SYNONYMS = {
    "first": ("input1", "x1", "z1", "z_i", "zi", "emb1", "output1", "o1", "a", "left", "z_a"),
    "second": ("input2", "x2", "z2", "z_j", "zj", "emb2", "output2", "o2", "b", "right", "z_b"),
    "student_logits": ("student", "student_outputs"),
    "teacher_logits": ("teacher", "teacher_outputs"),
    "anchor": ("a", "anchors", "anc"),
    "positive": ("p", "pos", "positives"),
    "negative": ("n", "neg", "negatives"),
    "query": ("q", "queries", "anchor", "z1", "a"),
    "key": ("k", "keys", "positive", "z2", "b"),
    "var": ("variance", "sigma2", "variances"),
    "image": ("images", "image_features", "image_embeddings", "img"),
    "text": ("texts", "text_features", "text_embeddings", "txt"),
    "mean": ("mu", "means"),
    "log_var": ("logvar", "log_variance"),
}
REDUCTIONS = ("none", "mean", "sum")
ITEM_WEIGHTS = (
    "sample_weight",
    "sample_weights",
    "item_weight",
    "weights",
    "weight",
    "mask",
    "loss_mask",
    "valid",
    "valid_mask",
    "w",
)
_SETTINGS = {
    "temperature": ("tau", "temp", "t"),
    "gamma": ("focusing", "focusing_parameter"),
    "q": ("quantile", "tau"),
    "margin": ("m",),
    "smooth": ("smoothing", "epsilon", "eps"),
    "label_smoothing": ("smoothing",),
    "beta": ("threshold",),
    "delta": ("threshold", "beta"),
    "ignore_index": ("ignore_label", "ignore", "padding_idx", "pad_idx"),
    "pos_weight": ("positive_weight",),
}


class CannotCall(Exception):
    """Why a loss cannot be called, with what to do about it."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.cure = cure


@dataclass(frozen=True)
class Answer:
    """What came back for one question.

    `value` is None where there is no number in it; `kind` is the type of what there is. `grads`
    holds the gradient of the sum of the result by argument, None where none arrived.
    """

    value: npt.NDArray[np.float64] | None = None
    grads: dict[str, npt.NDArray[np.float64] | None] = field(default_factory=dict)
    kind: str = ""
    dtype: str = ""
    device: str = ""
    error: str = ""
    line: str = ""
    printed: str = ""
    hung: bool = False
    changed: tuple[str, ...] = ()
    detached: bool = False

    @property
    def finite(self) -> bool:
        return self.value is not None and bool(np.isfinite(self.value).all())

    @property
    def number(self) -> float | str:
        """The value for a report."""
        if self.error:
            return self.error
        if self.value is None:
            return self.kind
        return float(self.value) if self.value.size == 1 else shown(self.value)


class Subject:
    """A loss under audit.

    Attributes:
        name: of the function or class.
        torch: whether it takes tensors.
        places: by the catalog's name of an argument, the loss's own name or its position.
        settings: by the catalog's name of a setting, the parameter that takes it.
        held: settings that the loss was built with, by the catalog's names.
        default: by parameter, the default where there is one.
        weight: the parameter for a weight of each item, if there is one.
        mode: "argument" or "attribute", by which a reduction is chosen; "" where it cannot be.
        weighted: whether it demands one; then all weigh 1 where nothing else is asked.
        one_hot: whether integer labels must be given as rows of 0 and 1, one for each of
            `classes`.
        by_name: whether the names of its arguments say which is which.
        dtype: in which it is asked where nothing else is said.
    """

    def __init__(self, loss: Any, runner: Runner) -> None:
        self.loss = loss
        self.runner = runner
        self.name = name_of(loss)
        self.torch = True
        self.places: dict[str, str | int] = {}
        self.settings: dict[str, str] = {}
        self.held: dict[str, Any] = {}
        self.default: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}
        self.weight = ""
        self.weighted = False
        self.mode = ""
        self.one_hot = False
        self.classes = 4
        self.by_name = True
        self.dtype = "float64"
        self._copies: dict[str, Any] = {}

    def ask(
        self,
        arrays: Mapping[str, Any],
        dtype: str | None = None,
        wants: Iterable[str] = (),
        how: str | None = None,
        setting: Mapping[str, Any] | None = None,
        change: Callable[[Any], Any] | None = None,
        **options: Any,
    ) -> Answer:
        """Ask one question.

        Arguments:
            arrays: by the catalog's names.
            dtype: of what is floating point; None for that of this subject.
            wants: arguments whose gradient is wanted.
            how: the reduction; None leaves it to the loss.
            setting: by the catalog's names; what the loss has no parameter for is left out.
            change: of each tensor or array, such as a view of it.
            options: further keyword arguments.
        """
        wants = tuple(wants)
        dtype = self.dtype if dtype is None else dtype
        work = functools.partial(self._work, arrays, dtype, wants, how, setting, change, options)
        return _answered(self.runner.call(work))

    def _work(
        self,
        arrays: Mapping[str, Any],
        dtype: str,
        wants: tuple[str, ...],
        how: str | None,
        setting: Mapping[str, Any] | None,
        change: Callable[[Any], Any] | None,
        options: Mapping[str, Any],
    ) -> Answer:
        leaves = {
            name: self._given(name, value, dtype, name in wants)
            for name, value in arrays.items()
            if name in self.places
        }
        given = {name: change(leaf) if change else leaf for name, leaf in leaves.items()}
        kept = {name: _copied(value) for name, value in leaves.items()}
        loss, keywords = self.prepared(how, setting, dtype)
        positional, named = self.placed(given)
        if self.weighted and self.weight not in options:
            ones = np.ones(np.shape(arrays.get("target", next(iter(arrays.values())))))
            keywords[self.weight] = self._given(self.weight, ones, dtype, wanted=False)
        result = loss(*positional, **named, **keywords, **options)
        changed = tuple(n for n, leaf in leaves.items() if not _unchanged(leaf, kept[n]))
        # Only a backward() of the loss itself leaves a gradient there.
        changed += tuple(
            f"{n}.grad" for n, leaf in leaves.items() if getattr(leaf, "grad", None) is not None
        )
        return self._read(
            result, leaves, wants, changed, positional, named, {**keywords, **options}
        )

    def prepared(
        self, how: str | None, setting: Mapping[str, Any] | None, dtype: str
    ) -> tuple[Any, dict[str, Any]]:
        """The loss and the keywords for a reduction and a setting."""
        keywords = dict(self.extra)
        for name, value in (setting or {}).items():
            if name in self.settings:
                if name in PER_CLASS and np.asarray(value).dtype.kind in "iu":
                    value = np.asarray(value, np.float64)  # weights that are typed as 1, 2, 5
                keywords[self.settings[name]] = self._option(value, dtype)
        loss = self._in(dtype)
        if how is not None and self.mode == "argument":
            keywords["reduction"] = how
        elif how is not None and self.mode == "attribute":
            loss = copy.copy(loss)
            loss.reduction = how
        return loss, keywords

    def _in(self, dtype: str) -> Any:
        """The loss; of a module a copy whose weights have a dtype, as `.to(dtype)` gives it.

        The copy is kept: what the loss itself keeps between calls is not hidden.
        """
        torch = sys.modules.get("torch")
        if torch is None or not isinstance(self.loss, torch.nn.Module):
            return self.loss
        if dtype not in self._copies:
            try:
                made = copy.deepcopy(self.loss)
            except Exception:  # it holds what cannot be copied, such as a file
                return self.loss
            self._copies[dtype] = made.to(getattr(torch, dtype))
        return self._copies[dtype]

    def placed(self, given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """What is given by position and what by name."""
        by_position = [n for n, place in self.places.items() if isinstance(place, int)]
        by_position.sort(key=lambda name: int(self.places[name]))
        named = {
            str(self.places[name]): value
            for name, value in given.items()
            if isinstance(self.places[name], str)
        }
        return [given[name] for name in by_position if name in given], named

    def _given(self, name: str, value: Any, dtype: str, wanted: bool) -> Any:
        array = np.asarray(value)
        if self.one_hot and array.dtype.kind in "iu":
            array = np.eye(self.classes)[array]
        if not self.torch:
            return array.astype(dtype if array.dtype.kind == "f" else array.dtype, copy=True)
        import torch

        tensor = torch.tensor(array)
        if tensor.is_floating_point():
            tensor = tensor.to(getattr(torch, dtype))
            tensor.requires_grad_(wanted)
        return tensor

    def _option(self, value: Any, dtype: str) -> Any:
        """What is given per class as an array or a tensor."""
        if not isinstance(value, tuple | list | np.ndarray):
            return value
        array = np.asarray(value)
        if not self.torch or array.dtype.kind not in "fiu":
            return array if array.dtype.kind in "fiu" else value
        import torch

        tensor = torch.tensor(array)
        return tensor.to(getattr(torch, dtype)) if tensor.is_floating_point() else tensor

    def _read(
        self,
        result: Any,
        leaves: Mapping[str, Any],
        wants: tuple[str, ...],
        changed: tuple[str, ...],
        positional: Sequence[Any],
        named: Mapping[str, Any],
        keywords: Mapping[str, Any],
    ) -> Answer:
        kind = type(result).__name__
        if isinstance(result, tuple | list) and result and hasattr(result[0], "dtype"):
            result = result[0]
        value = _number_of(result)
        if value is None:
            of = f" of {result.dtype}".replace("torch.", "") if hasattr(result, "dtype") else ""
            return Answer(kind=kind + of, changed=changed)
        answer = Answer(
            value,
            kind=kind,
            dtype=str(getattr(result, "dtype", "float64")).removeprefix("torch."),
            device=str(getattr(result, "device", "cpu")),
            changed=changed,
        )
        if not wants:
            return answer
        if not self.torch:
            slope = getattr(self.loss, "grad", None)
            if slope is None or not callable(slope):
                return answer
            gradient = slope(*positional, **named, **keywords)
            slopes: dict[str, Any] = {wants[0]: np.asarray(gradient, np.float64)}
            return replace(answer, grads=slopes)
        import torch

        if not getattr(result, "requires_grad", False):
            return replace(answer, grads=dict.fromkeys(wants), detached=True)
        asked = [name for name in wants if leaves[name].requires_grad]
        grads = torch.autograd.grad(
            result.sum(), [leaves[name] for name in asked], allow_unused=True
        )
        read: dict[str, npt.NDArray[np.float64] | None] = {
            n: None if g is None else np.asarray(g.detach().double().numpy(force=True))
            for n, g in zip(asked, grads, strict=True)
        }
        return replace(answer, grads=read)


def said_of(answer: Answer) -> str:
    """Why an answer is of no use, as the end of a sentence about the loss."""
    if answer.error:
        return f"it raises {answer.error}"
    if answer.value is None:
        return f"it returns {articled(answer.kind)}"
    return f"it gives {answer.number} for ordinary inputs"


def articled(kind: str) -> str:
    """The name of a type behind its article.

    >>> articled("ndarray")
    'an ndarray'
    """
    if kind == "NoneType":
        return "None"
    return f"{'an' if kind[:1].lower() in 'aeio' or kind == 'ndarray' else 'a'} {kind}"


def check_seconds(seconds: Any) -> None:
    """Refuse a time limit that is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds must be a number, got {type(seconds).__name__}")
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, got {seconds!r}")


def _answered(outcome: Outcome) -> Answer:
    if outcome.error:
        return Answer(
            error=outcome.error, line=outcome.line, hung=outcome.hung, printed=outcome.printed
        )
    answer: Answer = outcome.value
    return replace(answer, printed=outcome.printed)


def _number_of(result: Any) -> npt.NDArray[np.float64] | None:
    """The numbers in a result, or None."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(result, torch.Tensor):
        if result.is_complex() or result.dtype == torch.bool:
            return None
        return np.asarray(result.detach().double().numpy(force=True)).copy()
    if isinstance(result, bool | np.bool_) or not isinstance(
        result, int | float | np.ndarray | np.number
    ):
        return None
    array = np.asarray(result)
    return array.astype(np.float64) if array.dtype.kind in "fiu" else None


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value.detach().clone()


def _unchanged(value: Any, kept: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.shape == kept.shape and np.array_equal(value, kept, equal_nan=True)
    now = value.detach()
    same: Any = now.shape == kept.shape and ((now == kept) | ((now != now) & (kept != kept))).all()
    return bool(same)


def subject_of(
    loss: Any,
    names: Sequence[str],
    runner: Runner,
    *,
    arguments: str | Sequence[str] | None = None,
    hyper: Mapping[str, Any] | None = None,
    settings: Iterable[str] = (),
    required: Mapping[str, Any] | None = None,
    optional: Iterable[str] = (),
) -> Subject:
    """Find out how to call a loss with the arguments of these names.

    Arguments:
        names: of the arrays, as the catalog calls them, in its order.
        arguments: the same names in the order in which the loss takes them.
        hyper: settings for the loss, or for the class to be built.
        settings: names of settings that the catalog's loss has.
        required: values for the settings that a loss may demand without having a default.
        optional: those names that it may lack.
    Raises:
        CannotCall: it is no loss, cannot be built, or takes other arguments.
    """
    hyper = dict(hyper or {})
    settings = tuple(settings)
    if isinstance(loss, type):
        loss = _built(loss, hyper, settings, required or {}, runner)
    if not callable(loss):
        raise CannotCall(
            f"{type(loss).__name__} is not callable", "give a function or a module, not its result"
        )
    if inspect.isfunction(loss) and [*inspect.signature(loss).parameters][:1] == ["self"]:
        raise CannotCall("it is a method without its object", "give that of an instance")
    subject = Subject(loss, runner)
    subject.torch = takes_tensors(loss)
    parameters = _parameters(loss)
    if parameters is None:
        subject.by_name = False
        subject.places = {name: at for at, name in enumerate(_ordered(names, arguments))}
        return subject
    subject.default = {
        p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty
    }
    needs = [name for name in names if name not in set(optional)]
    there = {p.name for p in parameters}
    names = [name for name in names if name in needs or name in there]
    _assign(subject, parameters, names, arguments, settings, hyper, required or {})
    _attributes(subject, settings, hyper)
    return subject


def _assign(
    subject: Subject,
    parameters: Sequence[inspect.Parameter],
    names: Sequence[str],
    arguments: str | Sequence[str] | None,
    settings: Sequence[str],
    hyper: Mapping[str, Any],
    required: Mapping[str, Any],
) -> None:
    """Which parameter is which argument, setting or option."""
    Kind = inspect.Parameter
    plain = [p for p in parameters if p.kind not in (Kind.VAR_POSITIONAL, Kind.VAR_KEYWORD)]
    free = {p.name: p for p in plain}
    found: dict[str, str] = {}
    if arguments is not None:
        ordered = _ordered(names, arguments)
        if len(plain) < len(ordered):
            raise CannotCall(
                f"it takes {len(plain)} arguments, and arguments= names {len(ordered)}",
                "name as many as it takes",
            )
        found = {name: p.name for name, p in zip(ordered, plain, strict=False)}
    else:
        found = matched(names, [p.name for p in plain if _may_be_array(p, names)])
    demanded = [p.name for p in plain if p.default is Kind.empty and p.name not in found.values()]
    missing = [name for name in names if name not in found]
    subject.by_name = arguments is not None or len(missing) < 2
    for name in list(missing):
        options = [p for p in demanded if p not in (*settings, *hyper, *required)]
        if options:
            found[name] = options[0]
            demanded.remove(options[0])
            missing.remove(name)
    every = any(p.kind is Kind.VAR_POSITIONAL for p in parameters)
    if missing and every and not found:
        subject.places = {name: at for at, name in enumerate(_ordered(names, arguments))}
        missing = []
    if missing:
        raise CannotCall(
            f"it takes ({', '.join(p.name for p in plain)}), and nothing there is {missing[0]}",
            f"say the order with arguments=, of the names {', '.join(names)}",
        )
    positional_only = {p.name for p in plain if p.kind is Kind.POSITIONAL_ONLY}
    for name, parameter in found.items():
        at = [p.name for p in plain].index(parameter)
        subject.places[name] = at if parameter in positional_only else parameter
    taken = set(found.values())
    open_ended = any(p.kind is Kind.VAR_KEYWORD for p in parameters)
    for setting in (*settings, *hyper):
        choices = (setting, *_SETTINGS.get(setting, ()))
        parameter = next((c for c in choices if c in free and c not in taken), None)
        if parameter is not None:
            subject.settings[setting] = parameter
        elif open_ended and setting in hyper:
            subject.settings[setting] = setting
    taken |= set(subject.settings.values())
    for name in demanded:
        if name in taken:
            known = next((s for s, p in subject.settings.items() if p == name), name)
            if known in hyper or known in required:
                continue
        if name == "reduction":
            continue
        if name in ITEM_WEIGHTS and not subject.weighted:
            subject.weight, subject.weighted = name, True
            continue
        raise CannotCall(
            f"it demands {name!r}, which cannot be guessed",
            f"give it, as in audit(..., {name}=...), or a default",
        )
    if "reduction" in free:
        subject.mode = "argument"
        if free["reduction"].default is Kind.empty:
            subject.extra["reduction"] = "mean"
    if not subject.weighted:
        subject.weight = next((n for n in ITEM_WEIGHTS if n in free and n not in taken), "")


def _may_be_array(parameter: inspect.Parameter, names: Sequence[str]) -> bool:
    """A parameter with a default is an option, unless it has the very name of an array."""
    return parameter.default is inspect.Parameter.empty or parameter.name in names


def parameter_names(loss: Any) -> list[str]:
    """The parameters of a call, or of that of a class's objects, that have no default."""
    if isinstance(loss, type):
        loss = _attribute(loss, "forward" if takes_tensors(loss) else "__call__", loss)
    parameters = _parameters(loss) or []
    return [p.name for p in parameters if p.default is inspect.Parameter.empty]


def matched(names: Sequence[str], parameters: Sequence[str]) -> dict[str, str]:
    """The parameters whose names say what they are."""
    found = {name: name for name in names if name in parameters}
    for name in names:
        if name in found:
            continue
        choices: Sequence[str] = SYNONYMS.get(name, ())
        if name == "target":
            choices = TARGET
        elif name == names[0] and name not in SYNONYMS:
            choices = PREDICTION
        left = [p for p in parameters if p not in found.values()]
        lowered = {p.lower(): p for p in left}
        match = next((lowered[c] for c in choices if c in lowered), None)
        if match is not None:
            found[name] = match
    return found


def _attributes(subject: Subject, settings: Sequence[str], hyper: Mapping[str, Any]) -> None:
    """What a module was built with: its reduction, and its settings."""
    loss = subject.loss
    if inspect.isfunction(loss) or inspect.isbuiltin(loss):
        return
    if not subject.mode and _attribute(loss, "reduction") in REDUCTIONS:
        subject.mode = "attribute"
    if isinstance(loss, functools.partial):
        subject.held |= {s: loss.keywords[s] for s in settings if s in loss.keywords}
        return
    for setting in settings:
        if setting in subject.settings and subject.settings[setting] == setting:
            continue
        for attribute in (setting, *_SETTINGS.get(setting, ())):
            value = _plain(_attribute(loss, attribute, _plain))
            if value is not _plain:
                subject.held[setting] = value
                break


def _attribute(loss: Any, name: str, default: Any = None) -> Any:
    """An attribute, or the default where there is none or reading it fails."""
    try:
        return getattr(loss, name, default)
    except Exception:  # a property may do anything
        return default


def _plain(value: Any) -> Any:
    """A number, None, text or a tuple of numbers, else this function itself."""
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        array = _number_of(value)
        if array is None or array.ndim > 1:
            return _plain
        return float(array) if array.ndim == 0 else tuple(float(v) for v in array)
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(v, int | float) for v in value):
        return tuple(float(v) for v in value)
    return _plain


def _built(
    cls: type,
    hyper: dict[str, Any],
    settings: Sequence[str],
    required: Mapping[str, Any],
    runner: Runner,
) -> Any:
    """An instance of a class with those settings that it takes; they leave `hyper`."""
    try:
        parameters = list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    keywords = {}
    for p in parameters:
        known = next(
            (s for s in (*settings, *hyper) if p.name == s or p.name in _SETTINGS.get(s, ())), ""
        )
        if p.name in hyper:
            keywords[p.name] = hyper[p.name]
        elif known in hyper:
            keywords[p.name] = hyper[known]
        elif p.default is p.empty and known in required:
            keywords[p.name] = required[known]
    if open_ended:
        keywords |= hyper
    outcome = runner.call(functools.partial(_construct, cls, keywords))
    if outcome.error:
        raise CannotCall(
            f"{cls.__name__}({', '.join(keywords)}) cannot be built: {outcome.error}",
            "give an instance instead of the class, or the settings it demands",
        )
    return outcome.value


def _construct(cls: type, keywords: Mapping[str, Any]) -> Any:
    """What is given per class becomes a tensor for a module."""
    if takes_tensors(cls):
        import torch

        keywords = {
            n: torch.tensor(v, dtype=torch.float64) if isinstance(v, tuple | list) else v
            for n, v in keywords.items()
        }
    return cls(**keywords)


def _parameters(loss: Any) -> list[inspect.Parameter] | None:
    """Those of a call, or None where Python cannot tell."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(loss, torch.nn.Module):
        loss = loss.forward
    try:
        return list(inspect.signature(loss).parameters.values())
    except (TypeError, ValueError):
        return None


def _ordered(names: Sequence[str], arguments: str | Sequence[str] | None) -> list[str]:
    if arguments is None:
        return list(names)
    given = (
        [part.strip() for part in arguments.split(",")]
        if isinstance(arguments, str)
        else list(arguments)
    )
    roles = {"prediction": names[0]}
    given = [name if name in names else roles.get(name, _role(name, names)) for name in given]
    return given


def _role(name: str, names: Sequence[str]) -> str:
    """The catalog's name for what somebody calls a prediction or a target."""
    if name in TARGET and "target" in names:
        return "target"
    if name in PREDICTION:
        return names[0]
    raise CannotCall(
        f"arguments= names {name!r}, which this loss does not have",
        f"name some of {', '.join(names)}",
    )


def takes_tensors(loss: Any) -> bool:
    """Whether a loss works on torch tensors, by what it is made of; NumPy where torch is not."""
    if importlib.util.find_spec("torch") is None:
        return False
    seen = _libraries(loss)
    return "torch" in seen or "numpy" not in seen


def _libraries(loss: Any) -> set[str]:
    """Which of torch and NumPy a function names, or those that it calls."""
    found: set[str] = set()
    stack: list[Any] = [loss]
    done: set[int] = set()
    while stack and len(done) < 60:
        thing = stack.pop()
        if id(thing) in done:
            continue
        done.add(id(thing))
        if isinstance(thing, functools.partial):
            stack += [thing.func, *thing.args]
            continue
        module = getattr(thing, "__module__", None) or ""
        home = module.split(".")
        if home[:2] == ["lossfns", "numpy"] or home[0] == "numpy":
            found.add("numpy")
            continue
        if home[:2] == ["lossfns", "torch"] or home[0] == "torch":
            found.add("torch")
            continue
        torch = sys.modules.get("torch")
        if torch is not None:
            cls = thing if isinstance(thing, type) else type(thing)
            if issubclass(cls, torch.nn.Module):
                return {"torch"}
        function: Any = thing
        if not inspect.isfunction(function) and not inspect.ismethod(function):
            function = vars(type(thing)).get("__call__")
        function = getattr(inspect.unwrap(function), "__func__", function) if function else None
        code = getattr(function, "__code__", None)
        if code is None:
            continue
        scope = getattr(function, "__globals__", {})
        used = [scope[name] for name in _names(code) if name in scope]
        cells = [c for c in function.__closure__ or () if _filled(c)]
        used += [cell.cell_contents for cell in cells]
        for value in used:
            if inspect.ismodule(value):
                top = value.__name__.split(".")
                found |= {top[0]} & {"torch", "numpy"}
                if top[:2] in (["lossfns", "numpy"], ["lossfns", "torch"]):
                    found.add(top[1])
            elif callable(value):
                stack.append(value)
    return found


def _names(code: Any) -> set[str]:
    inner = (c for c in code.co_consts if hasattr(c, "co_names"))
    return set(code.co_names).union(*map(_names, inner))


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 (empty cells raise)
    except ValueError:
        return False
    return True


def name_of(loss: Any) -> str:
    """What a report calls it."""
    if isinstance(loss, functools.partial):
        return name_of(loss.func)
    return str(_attribute(loss, "__name__") or type(loss).__name__)


def shown(value: Any) -> str:
    """An array as it would be typed, in four digits.

    >>> shown(np.array([[0.5, 1.0]]))
    '[[0.5, 1]]'
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{array.item():.4g}" if array.dtype.kind == "f" else str(array.item())
    return "[" + ", ".join(shown(part) for part in array) + "]"


def written(arrays: Mapping[str, Any], **options: Any) -> str:
    """A question as it would be typed; long arrays are cut."""
    parts = []
    for name, value in arrays.items():
        text = shown(value) if np.size(value) else f"empty{np.shape(value)}"
        if len(text) > 160:
            text = text[:150] + f" … of shape {np.shape(value)}"
        parts.append(f"{name}={text}")
    parts += [f"{name}={value!r}" for name, value in options.items()]
    return ", ".join(parts)
