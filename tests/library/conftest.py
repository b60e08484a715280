import pytest
import torch
from hypothesis import settings

# Two workers share two cores: a thread pool each would only get in the other's way.
torch.set_num_threads(1)

# A fixed set of examples: what passes today passes tomorrow. No deadline: machines differ.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("course")


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(0)
