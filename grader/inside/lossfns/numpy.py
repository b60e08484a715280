"""Not the library: see __init__.py."""

raise ImportError("lossfns.numpy is not available while your answers are graded: write the loss")
