"""Parts that other packages may add, chosen by name, one at a time.

A stage keeps its built-in parts in a literal table and hands that table to `get`. Further parts come as entry points
of the group ``stromata.<group>`` in the metadata of an installed package:

.. code-block:: toml

    [project.entry-points."stromata.extractors"]
    my-extractor = "my_package.extractor:MyExtractor"

Nothing of a package is imported before its part is asked for by name. A name that is built in always means the
built-in part: an installed package cannot take its place unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, TypeVar, cast, get_args

from stromata.errors import Conflict, InvalidInput, MissingExtra, NotFound

Group = Literal["formats", "rankers", "measures", "estimators", "extractors", "connectors", "sections"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""The kinds of parts that a package may add."""

T = TypeVar("T")

_NOTHING: Mapping[str, object] = {}


def names(group: Group, *, builtin: Mapping[str, object] = _NOTHING) -> tuple[str, ...]:
    """Return the names that `get` knows in this group, in alphabetical order, without importing anything."""
    return tuple(sorted({*builtin, *(entry.name for entry in _entries(group))}))


def get(group: Group, name: str, *, builtin: Mapping[str, T]) -> T:
    """Return the part called `name`: the stage's own, or else the one that an installed package adds.

    Parameters
    ----------
    builtin : the stage's own parts by name; empty where there are none.

    Raises
    ------
    NotFound
        No part has this name; the message lists the names there are.
    Conflict
        Two installed packages add a part of this name.
    MissingExtra
        The part needs a package that is not installed; the message names the extra, where the part declares one.
    InvalidInput
        The entry point leads nowhere.
    """
    if name in builtin:
        return builtin[name]
    found = [entry for entry in _entries(group) if entry.name == name]
    if not found:
        known = ", ".join(names(group, builtin=builtin)) or "none"
        raise NotFound(f"There is no {_one(group)} {name!r}. There are: {known}.", hint="Check the spelling.")
    if len(found) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in found))
        raise Conflict(
            f"The {_one(group)} {name!r} is added by more than one package: {packages}.", hint="Uninstall all but one."
        )
    return cast("T", _load(found[0], group))


def _entries(group: Group) -> tuple[EntryPoint, ...]:
    """Return what installed packages add to the group; the same target named twice counts once."""
    if group not in GROUPS:
        raise InvalidInput(f"There is no group of parts called {group!r}. There are: {', '.join(GROUPS)}.")
    return tuple({(entry.name, entry.value): entry for entry in entry_points(group=f"stromata.{group}")}.values())


def _load(entry: EntryPoint, group: Group) -> object:
    """Import what an entry point names."""
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        module = entry.value.partition(":")[0]
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            package = _package(entry)
            extra = f"{package}[{','.join(entry.extras)}]" if entry.extras else error.name
            raise MissingExtra(
                f"The {_one(group)} {entry.name!r} of {package} needs {error.name!r}, which is not installed.",
                hint=f'Install it: pip install "{extra}"',
            ) from error
        raise _broken(entry, group) from error
    except (ImportError, AttributeError) as error:
        raise _broken(entry, group) from error


def _broken(entry: EntryPoint, group: Group) -> InvalidInput:
    return InvalidInput(
        f"The {_one(group)} {entry.name!r} of {_package(entry)} cannot be loaded: {entry.value!r} leads nowhere.",
        hint="Reinstall the package, or tell its authors.",
    )


def _package(entry: EntryPoint) -> str:
    """Return the name of the package that an entry point belongs to."""
    return entry.dist.name if entry.dist else "an unnamed package"


def _one(group: Group) -> str:
    """Return the group's name in the singular."""
    return group.removesuffix("s")
