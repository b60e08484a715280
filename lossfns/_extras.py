"""What needs a library that may be missing says which extra brings it."""

import importlib


def require(module: str, user: str, library: str, extra: str) -> None:
    """Import a module, or say what to install for the part of `lossfns` that uses it."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:  # it is there, but something that it needs is not
            raise
        message = f"{user} needs {library}: pip install 'lossfns[{extra}]'"
        raise ModuleNotFoundError(message, name=module) from None
