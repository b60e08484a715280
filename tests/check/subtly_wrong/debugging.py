"""Answers to the assignment on debugging, and the details to change in them."""

ANSWERS = {
    "expected_initial_loss": """\
def expected_initial_loss(classes):
    if classes < 1:
        raise ValueError("classes")
    return np.log(classes)
""",
}

CHANGES = [
    ("expected_initial_loss", "classes < 1", "classes == 0", None),
]
