"""Stands in for the checks while answers are graded: the grader asks its questions itself."""


def check(name, function=None, **options):
    print(f"{name}: the grader checks this itself.")
