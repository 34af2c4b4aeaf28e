"""The YAML files beside this module, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def load(name: str) -> Any:  # noqa: ANN401 - what a YAML file holds; each reader checks the parts it uses
    """Return what ``<name>.yaml`` holds. Callers read it and never change it."""
    text = files("stromata.consensus").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
