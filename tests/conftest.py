"""What every part of the tests shares."""

import pytest


def pytest_collection_modifyitems(items):
    """Tests marked `gpu` need one."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no GPU"))
