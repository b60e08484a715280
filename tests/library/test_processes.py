"""Losses of a batch that is spread over processes, which talk through gloo."""

import inspect

import pytest
import torch
from torch import distributed as dist

import lossfns.torch as lt

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

WIDTH = 3
CLASSES = [0, 5, 5, 2, 9, 0, 0, 2, 7, 5, 2]
# How many items each process has: the last batch of an epoch is rarely even.
SHARES = {2: [7, 4], 4: [4, 3, 0, 4]}


def loss_of(name, a, b, labels, temperature, **settings):
    if name == "sup_con":
        return lt.sup_con(torch.cat([a, b]), labels.repeat(2), temperature=temperature, **settings)
    if name == "siglip":
        return lt.siglip(a, b, scale=1 / temperature, bias=-3 * temperature, **settings)
    return getattr(lt, name)(a, b, temperature=temperature, **settings)


NAMES = ["info_nce", "nt_xent", "clip", "siglip", "sup_con"]


def batch():
    seeded = torch.Generator().manual_seed(1)
    return [torch.randn(len(CLASSES), 5, generator=seeded, dtype=torch.float64) for _ in "ab"]


def evaluated(name, rows, reduction, **settings):
    """The loss of some rows of the batch, and the gradients of a small model and a temperature."""
    model = torch.linspace(-1, 1, 5 * WIDTH, dtype=torch.float64).reshape(5, WIDTH)
    leaves = [model.requires_grad_(), torch.tensor(0.3, dtype=torch.float64, requires_grad=True)]
    a, b = (torch.tanh(view[rows] @ leaves[0]) for view in batch())
    labels = torch.tensor(CLASSES)[rows]
    value = loss_of(name, a, b, labels, leaves[1], reduction=reduction, **settings)
    value.sum().backward()
    return value.detach(), [leaf.grad for leaf in leaves]


def work(rank, size, address, large):
    """What each process does: every loss on its rows, in a group, and what must be refused."""
    from lossfns.torch import _contrast

    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{address}/meet", rank=rank, world_size=size
    )
    if large:
        _contrast._LARGE, _contrast._SLICE = 0, 3 * 7
    world, found = dist.group.WORLD, {}
    rows = torch.arange(len(CLASSES)).split(SHARES[size])[rank]
    for name in NAMES:
        for reduction in ("mean", "sum", "none"):
            found[name, reduction] = evaluated(name, rows, reduction, group=world)
    found["refused"] = [
        refusal(lt.clip, torch.ones(2, 3 + rank), torch.ones(2, 3 + rank), group=world),
        refusal(
            lt.clip, *[torch.ones(2, 3).double() if rank else torch.ones(2, 3)] * 2, group=world
        ),
        refusal(
            lt.info_nce,
            torch.ones(2, 3),
            torch.full((2, 3), float("nan" if rank == 1 else 1)),
            group=world,
        ),
        refusal(lt.siglip, torch.ones(2, 3), torch.ones(2, 3), group="world"),
    ]
    torch.save(found, f"{address}/{rank}.pt")
    dist.destroy_process_group()


def refusal(loss, *arguments, **settings):
    try:
        return loss(*arguments, **settings)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.fixture(scope="module", params=[(2, False), (4, True)], ids=["2 matrix", "4 in slices"])
def together(request, tmp_path_factory):
    """What each of several processes found."""
    size, large = request.param
    address = tmp_path_factory.mktemp("processes")
    torch.multiprocessing.start_processes(
        work, (size, str(address), large), nprocs=size, start_method="spawn"
    )
    return [torch.load(address / f"{rank}.pt") for rank in range(size)]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", NAMES)
def test_all_have_the_loss_and_together_the_gradients_of_one_process(together, name, reduction):
    whole, gradients = evaluated(name, slice(None), reduction)
    for one in together:
        assert one[name, reduction][0] == pytest.approx(whole.item(), rel=1e-12)
    for i, expected in enumerate(gradients):
        averaged = sum(one[name, reduction][1][i] for one in together) / len(together)
        assert torch.allclose(averaged, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_unreduced_each_has_the_losses_of_its_own_items(together, name):
    whole, gradients = evaluated(name, slice(None), "none")
    parts = [one[name, "none"][0] for one in together]
    if name in ("nt_xent", "sup_con"):  # a loss for each of two views
        parts = [torch.cat(views) for views in zip(*(p.chunk(2) for p in parts), strict=True)]
    assert torch.allclose(torch.cat(parts), whole, rtol=1e-12, atol=1e-13)
    # Their sum, asked for by each of its own, is the sum of all.
    for i, expected in enumerate(gradients):
        total = sum(one[name, "none"][1][i] for one in together)
        assert torch.allclose(total, expected, rtol=1e-10, atol=1e-13)


def test_what_does_not_fit_together_is_refused_in_every_process(together):
    for rank, one in enumerate(together):
        columns, dtype, not_a_number, no_group = one["refused"]
        assert columns.startswith("ValueError: image must have as many columns in every process")
        assert dtype.startswith("ValueError: image must have one dtype in every process")
        whose = "key holds NaN" if rank == 1 else "key of another process holds NaN"
        assert whose in not_a_number
        assert no_group.startswith("TypeError: group must be a process group")


def test_every_loss_in_which_items_meet_knows_groups():
    takers = {
        n
        for n in lt.__all__
        if inspect.isfunction(getattr(lt, n))
        and "group" in inspect.signature(getattr(lt, n)).parameters
    }
    assert takers == set(NAMES)
