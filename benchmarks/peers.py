"""The same losses in other libraries, where these are installed: `pip install -e .[bench]`.

`elsewhere(name)` gives the peers of a loss: a function that takes the inputs of losses.py, and how
many of them to differentiate, and returns a step, the loss and its gradients. The settings are such
that the losses agree; losses.py stops where they do not.
"""

import os
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
KERAS = {
    "mse": lambda k, p, t: k.mean_squared_error(t, p),
    "mae": lambda k, p, t: k.mean_absolute_error(t, p),
    "huber": lambda k, p, t: k.huber(t, p),
    "log_cosh": lambda k, p, t: k.log_cosh(t, p),
    "bce_with_logits": lambda k, z, y: k.binary_crossentropy(y, z, from_logits=True),
    "focal_with_logits": lambda k, z, y: k.binary_focal_crossentropy(
        y, z, from_logits=True, apply_class_balancing=True),
    "cross_entropy": lambda k, z, y: k.sparse_categorical_crossentropy(y, z, from_logits=True),
    "kl_div": lambda k, p, t: k.kl_divergence(t, p.exp()),
}  # fmt: skip


def kornia(name):
    from kornia import losses as k

    return {
        "focal_with_logits": lambda z, y: k.binary_focal_loss_with_logits(
            z[None], y[None], alpha=0.25, gamma=2.0, reduction="mean", ignore_index=None),
        "ssim": lambda x, y: 2 * k.ssim_loss(x, y, 11, padding="valid"),
    }.get(name)  # fmt: skip


def monai(name):
    from monai import losses as m

    def dice(p, y):
        return m.DiceLoss(smooth_nr=1.0, smooth_dr=1.0)(p, y)

    focal = m.FocalLoss(gamma=2.0, alpha=0.25)
    return {
        "dice": dice,
        "focal_with_logits": lambda z, y: focal(z[None, None], y[None, None]),
        "tversky": m.TverskyLoss(alpha=0.3, beta=0.7, smooth_nr=1.0, smooth_dr=1.0),
    }.get(name)


def pytorch_metric_learning(name):
    from pytorch_metric_learning import losses as p

    kinds = {
        "sup_con": lambda: p.SupConLoss(temperature=0.1),
        "nt_xent_with_labels": lambda: p.NTXentLoss(temperature=0.07),
        "circle": lambda: p.CircleLoss(m=0.4, gamma=80),
        "multi_similarity": lambda: p.MultiSimilarityLoss(alpha=2, beta=50, base=0.5),
    }
    return kinds[name]() if name in kinds else None


def torchmetrics(name):
    from torchmetrics import functional as m

    return {
        "mse": m.mean_squared_error,
        "log_cosh": m.log_cosh_error,
        "ssim": lambda x, y: 1 - m.image.structural_similarity_index_measure(x, y, data_range=1.0),
    }.get(name)


# How a library is imported, and how its losses are told apart; all of these differentiate by torch.
BY_TORCH = {
    "kornia": kornia,
    "monai": monai,
    "pytorch_metric_learning": pytorch_metric_learning,
    "torchmetrics": torchmetrics,
}


def elsewhere(name):
    """The peers of a loss, by the name of their library."""
    found = {}
    for library, losses in BY_TORCH.items():
        if find_spec(library) and (loss := losses(name)):
            found[library.replace("_", " ")] = by_torch(loss)
    if find_spec("keras") and name in KERAS:
        found["keras on torch"] = by_keras(KERAS[name])
    if find_spec("optax") and name in OPTAX:
        found["optax, jitted"] = by_optax(OPTAX[name])
    return found


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


def by_keras(loss):
    def start(inputs, differentiable):
        os.environ["KERAS_BACKEND"] = "torch"
        from keras import losses

        return by_torch(lambda *x: loss(losses, *x).mean())(inputs, differentiable)

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
