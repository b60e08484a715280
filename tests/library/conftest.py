import pytest
import torch

try:
    from hypothesis import settings
except ImportError:  # on a machine with a GPU, where nothing is installed but what its tests take
    settings = None

# Two workers share two cores: a thread pool each would only get in the other's way.
torch.set_num_threads(1)

# A fixed set of examples: what passes today passes tomorrow. No deadline: machines differ.
if settings:
    settings.register_profile("course", deadline=None, derandomize=True, max_examples=60)
    settings.load_profile("course")


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(0)
