"""Stands in for the library while answers are graded: the right ones are not in here."""


def __getattr__(name):
    raise AttributeError(f"lossfns.{name} is not available while your answers are graded")
