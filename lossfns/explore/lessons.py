"""What several pages of the book share: their little data sets, and how they train on them.

Each page is a notebook that runs alone, so what two of them need is here and not on either. The
sets of real data come from scikit-learn, which is imported when they are asked for, as torch is.
"""

import functools

import numpy as np


def courier():
    """Four trips of a bicycle courier: kilometres and minutes (chapter 1).

    >>> courier()
    (array([1., 2., 3., 4.]), array([ 3.,  5.,  6., 10.]))
    """
    return np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 5.0, 6.0, 10.0])


def three_houses():
    """What somebody guessed for three houses and what they were sold for, in thousands (chapter 2).

    >>> three_houses()
    (array([320., 400., 350.]), array([300., 420., 250.]))
    """
    return np.array([320.0, 400.0, 350.0]), np.array([300.0, 420.0, 250.0])


def one_far_off():
    """Predictions of five targets, four of them nearly right (chapter 2).

    >>> predictions, targets = one_far_off()
    >>> predictions - targets
    array([ 0.1, -0.2,  0.1, -0.1, 10. ])
    """
    return np.array([1.1, 1.8, 3.1, 3.9, 15.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])


def nudged_slope(loss, error, h=1e-6, **settings):
    """Measure dℓ/dŷ of an element-wise loss at each error, by nudging the error to both sides.

    >>> import lossfns.numpy as ln
    >>> nudged_slope(ln.mse, np.array([-3.0, 5.0])).round(6)
    array([-6., 10.])
    """

    def value(e):
        return loss(e, np.zeros_like(e), reduction="none", **settings)

    return (value(error + h) - value(error - h)) / (2 * h)


def patients():
    """442 diabetes patients, divided into 242 to train on, 100 to validate and 100 to test.

    Returns ten features in units of their spread, the progression of the disease, the same as
    somebody recorded it (in 24 of the training records the decimal point slipped by one place),
    and the rows of the three parts.

    >>> X, progression, recorded, (train, valid, test) = patients()
    >>> X.shape, len(train), len(valid), len(test), int((recorded != progression).sum())
    ((442, 10), 242, 100, 100, 24)
    """
    from sklearn.datasets import load_diabetes

    features, progression = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(442)
    parts = train, _, _ = order[:242], order[242:342], order[342:]
    recorded = progression.copy()
    recorded[rng.choice(train, 24, replace=False)] *= 10
    return features / features.std(axis=0), progression, recorded, parts


def house_prices():
    """Areas of 2500 houses and their prices in thousands, with a long tail (chapter 2).

    The median price of a square metre is 2 thousand wherever the house is.

    >>> area, price = house_prices()
    >>> round(float(np.median(price / area)), 2)
    1.98
    """
    rng = np.random.default_rng(0)
    area = rng.uniform(40, 200, 2500)
    return area, 2.0 * area * np.exp(0.6 * rng.normal(size=2500))


def tumours():
    """The 569 breast tumours, standardised, 70 % of them to train on; 1 is malignant (chapter 3).

    >>> Xa, Xb, ya, yb = tumours()
    >>> Xa.shape, Xb.shape, int(ya.sum()), int(yb.sum())
    ((398, 30), (171, 30), 148, 64)
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    X, y = load_breast_cancer(return_X_y=True)
    y = 1 - y  # scikit-learn codes malignant as 0
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.3, random_state=2, stratify=y)
    centre, scale = Xa.mean(axis=0), Xa.std(axis=0)
    return (Xa - centre) / scale, (Xb - centre) / scale, ya, yb


@functools.cache
def digits():
    """1797 handwritten digits of 8 × 8 pixels as tensors, 70 % of them to train on (chapter 3).

    >>> Da, Db, da, db = digits()
    >>> len(Da), len(Db)
    (1257, 540)
    """
    import torch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, digit = load_digits(return_X_y=True)
    Da, Db, da, db = train_test_split(
        images / 16, digit, test_size=0.3, random_state=0, stratify=digit
    )
    Da, Db = (torch.tensor(part, dtype=torch.float32) for part in (Da, Db))
    return Da, Db, torch.tensor(da), torch.tensor(db)


def network(outputs=10, hidden=32, seed=0):
    """A network for the digits: 64 pixels, one hidden layer, and a logit for each output.

    >>> network()(digits()[0][:5]).shape
    torch.Size([5, 10])
    """
    import torch

    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(64, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, outputs)
    )


def fit(model, loss, X, target, steps=300, lr=0.3, method=None):
    """Train on all of X at every step, with SGD unless told otherwise.

    Returns the loss and the accuracy on the digits kept for testing, step by step.

    >>> import lossfns.torch as lt
    >>> Da, Db, da, db = digits()
    >>> history = fit(network(), lt.cross_entropy, Da, da, steps=20)
    >>> history["loss"][0] > history["loss"][-1]
    True
    """
    import torch

    _, images, _, digit = digits()
    optimizer = (method or torch.optim.SGD)(model.parameters(), lr=lr)
    history = {"loss": [], "accuracy": []}
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model(X), target)
        value.backward()
        optimizer.step()
        with torch.no_grad():
            hits = model(images).argmax(dim=1) == digit
        history["loss"].append(value.item())
        history["accuracy"].append(hits.double().mean().item())
    return history


def screening(people, share, seed=0):
    """People with two blood values, of whom a share is ill, and the risk of each (chapter 5).

    The values of the healthy spread around 0 with a standard deviation of 1, those of the ill lie
    1.5 higher, so the risk, the probability of being ill given the values, is known.

    >>> X, y, risk = screening(1000, share=0.1)
    >>> X.shape, int(y.sum()), round(float(risk.mean()), 2)
    ((1000, 2), 100, 0.1)
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(people) < round(share * people)) * 1.0
    X = rng.normal(size=(people, 2)) + 1.5 * y[:, None]
    log_odds = 1.5 * X.sum(axis=1) - 2.25 + np.log(share / (1 - share))
    return X, y, 1 / (1 + np.exp(-log_odds))


def linear_logits(loss, X, y, X_new, **settings):
    """Fit a linear model of two classes under a loss of lossfns.torch; return its logits of X_new.

    >>> import lossfns.torch as lt
    >>> X, y, _ = screening(1000, share=0.1)
    >>> z = linear_logits(lt.bce_with_logits, X, y, X)
    >>> round(float((1 / (1 + np.exp(-z))).mean()), 3)
    0.1
    """
    import torch

    X, y, X_new = (torch.tensor(np.asarray(a), dtype=torch.float64) for a in (X, y, X_new))
    theta = torch.zeros(X.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss(X @ theta[1:] + theta[0], y, **settings)
        value.backward()
        return value

    optimizer.step(closure)
    return (X_new @ theta[1:] + theta[0]).detach().numpy()
