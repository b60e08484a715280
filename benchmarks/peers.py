"""The same losses in other libraries, where these are installed: `pip install -e .[bench]`.

`elsewhere(name)` gives the peers of a loss: a function that takes the inputs of losses.py, and how
many of them to differentiate, and returns a step, the loss and its gradients. The settings are such
that the losses agree; losses.py stops where they do not.
"""

import os
from importlib import import_module
from importlib.util import find_spec

import torch

OPTAX = {
    "mse": lambda o, p, t: o.squared_error(p, t).mean(),
    "huber": lambda o, p, t: o.huber_loss(p, t).mean(),
    "log_cosh": lambda o, p, t: o.log_cosh(p, t).mean(),
    "bce_with_logits": lambda o, z, y: o.sigmoid_binary_cross_entropy(z, y).mean(),
    "focal_with_logits": lambda o, z, y: o.sigmoid_focal_loss(z, y, alpha=0.25).mean(),
    "cross_entropy": lambda o, z, y: o.softmax_cross_entropy_with_integer_labels(z, y).mean(),
    "kl_div": lambda o, p, t: o.kl_divergence(p, t).mean(),
}
# Of each library the module and, by the name of the loss, what makes its loss from that module; all
# of these differentiate by torch.
BY_TORCH = {
    "kornia": ("kornia.losses", {
        "focal_with_logits": lambda k: lambda z, y: k.binary_focal_loss_with_logits(
            z[None], y[None], alpha=0.25, gamma=2.0, reduction="mean", ignore_index=None),
        "ssim": lambda k: lambda x, y: 2 * k.ssim_loss(x, y, 11, padding="valid"),
    }),
    "monai": ("monai.losses", {
        "dice": lambda m: m.DiceLoss(smooth_nr=1.0, smooth_dr=1.0),
        "focal_with_logits": lambda m: with_channels(m.FocalLoss(gamma=2.0, alpha=0.25)),
        "tversky": lambda m: m.TverskyLoss(alpha=0.3, beta=0.7, smooth_nr=1.0, smooth_dr=1.0),
    }),
    "pytorch metric learning": ("pytorch_metric_learning.losses", {
        "sup_con": lambda p: p.SupConLoss(temperature=0.1),
        "nt_xent_with_labels": lambda p: p.NTXentLoss(temperature=0.07),
        "circle": lambda p: p.CircleLoss(m=0.4, gamma=80),
        "multi_similarity": lambda p: p.MultiSimilarityLoss(alpha=2, beta=50, base=0.5),
    }),
    "torchmetrics": ("torchmetrics.functional", {
        "mse": lambda m: m.mean_squared_error,
        "log_cosh": lambda m: m.log_cosh_error,
        "ssim": lambda m: lambda x, y: 1 - m.image.structural_similarity_index_measure(
            x, y, data_range=1.0),
    }),
    "keras on torch": ("keras.losses", {
        "mse": lambda k: lambda p, t: k.mean_squared_error(t, p).mean(),
        "mae": lambda k: lambda p, t: k.mean_absolute_error(t, p).mean(),
        "huber": lambda k: lambda p, t: k.huber(t, p).mean(),
        "log_cosh": lambda k: lambda p, t: k.log_cosh(t, p).mean(),
        "bce_with_logits": lambda k: lambda z, y: k.binary_crossentropy(
            y, z, from_logits=True).mean(),
        "focal_with_logits": lambda k: lambda z, y: k.binary_focal_crossentropy(
            y, z, from_logits=True, apply_class_balancing=True).mean(),
        "cross_entropy": lambda k: lambda z, y: k.sparse_categorical_crossentropy(
            y, z, from_logits=True).mean(),
        "kl_div": lambda k: lambda p, t: k.kl_divergence(t, p.exp()).mean(),
    }),
}  # fmt: skip


def elsewhere(name):
    """The peers of a loss, by the name of their library; imported when a step is started."""
    found = {}
    for library, (module, losses) in BY_TORCH.items():
        if name in losses and find_spec(module.partition(".")[0]):
            found[library] = by_library(module, losses[name])
    if name in OPTAX and find_spec("optax"):
        found["optax, jitted"] = by_optax(OPTAX[name])
    return found


def with_channels(loss):
    """One image of one channel, for a loss that knows images only."""
    return lambda z, y: loss(z[None, None], y[None, None])


def by_torch(loss):
    def start(inputs, differentiable):
        leaves = [x.clone().requires_grad_() for x in inputs[:differentiable]]

        def step():
            for leaf in leaves:
                leaf.grad = None
            value = loss(*leaves, *inputs[differentiable:])
            value.backward()
            return [value.detach(), *(leaf.grad for leaf in leaves)]

        return step

    return start


def by_library(module, make):
    def start(inputs, differentiable):
        os.environ["KERAS_BACKEND"] = "torch"  # read when Keras is imported
        return by_torch(make(import_module(module)))(inputs, differentiable)

    return start


def by_optax(loss):
    def start(inputs, differentiable):
        import jax
        import optax

        # Its numbers are those of the inputs, also where these are float64.
        jax.config.update("jax_enable_x64", True)
        arrays = [jax.numpy.asarray(x.numpy()) for x in inputs]
        step = jax.jit(jax.value_and_grad(lambda *x: loss(optax, *x), tuple(range(differentiable))))

        def run():
            value, slopes = jax.block_until_ready(step(*arrays))
            return (
                [
                    torch.from_numpy(jax.numpy.asarray(x).__array__().copy())
                    for x in (value, *slopes)
                ]
                if run.read
                else []
            )

        run.read = False  # reading copies, which is not what a training step would do
        return run

    return start
