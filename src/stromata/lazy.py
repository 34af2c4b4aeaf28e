"""Names of a package that are loaded when they are first used: what is not asked for costs no time."""

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module


def names(
    package: str, homes: Mapping[str, str], public: Iterable[str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : its ``__name__``.
    homes : for each name the module of the package in which it lives; empty where the name is that of a module.
    public : all public names of the package, also those that are there from the start.
    """

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            known = ", ".join(sorted(public))
            raise AttributeError(f"module {package!r} has no attribute {name!r}; there are: {known}")
        module = import_module(f"{package}.{home or name}")
        value: object = getattr(module, name) if home else module
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted(public)
