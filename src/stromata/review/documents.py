"""Text files that people write for a review: protocols in YAML, search strategies."""

from __future__ import annotations

import codecs
from collections.abc import Hashable, Mapping
from pathlib import Path

import yaml

from stromata import disk
from stromata.errors import InvalidInput, Unreadable
from stromata.model import ReviewProtocol, codec


class _Strict(yaml.SafeLoader):
    """A loader that builds plain values only, and refuses a key that stands twice: the first value would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        """Return the mapping of a node."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, its lines ended by line feeds.

    Raises
    ------
    Unreadable
        The file is missing or is not UTF-8 text; the message says which.
    """
    try:
        text = disk.content(path, missing=Unreadable).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not UTF-8 text ({error.reason})", hint="Save it as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_as_given(path: Path) -> str:
    """Return the text of a file, character by character: line ends and a byte order mark stay, so that places hold.

    UTF-8, UTF-16 with its mark, or GB18030 (Chinese).

    Raises
    ------
    Unreadable
        The file is missing or is no text.
    """
    return decode_as_given(disk.content(path, missing=Unreadable), str(path))


def decode_as_given(data: bytes, name: str) -> str:
    """Return the text of bytes as `read_as_given` does; `name` stands in the error."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(f"{name} is no text in UTF-8, UTF-16 or GB18030", hint="Save it as UTF-8.")


def read_yaml(path: Path) -> object:
    """Return what a YAML file holds.

    Raises
    ------
    Unreadable
        The file is missing or not YAML; the message names the line.
    """
    try:
        found: object = yaml.load(read_text(path), _Strict)  # noqa: S506 - a safe loader that is stricter still
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise Unreadable(f"{path}, line {line}: {error.problem}", hint="Check indentation and quotes there.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else "too deeply nested"
        raise Unreadable(f"{path} is not YAML that can be read: {first}", hint="Check its values.") from error
    return found


def read_protocol(path: Path) -> ReviewProtocol:
    """Return the protocol that a YAML file holds. Its keys are the fields of `stromata.model.ReviewProtocol`.

    Raises
    ------
    Unreadable
        The file is missing or not YAML.
    InvalidInput
        A key is unknown or a value has the wrong shape; the message names each place.
    """
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise InvalidInput(f"{path} holds no mapping of keys to values", hint="See `stromata protocol show`.")
    _require_known(data, path)
    try:
        return codec.from_data(ReviewProtocol, data)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", hint="Mend the named places.") from error


def protocol_yaml(protocol: ReviewProtocol) -> str:
    """Return a protocol as YAML, ready to be edited."""
    text: str = yaml.safe_dump(codec.to_data(protocol), allow_unicode=True, sort_keys=False, width=100)
    return text


def _require_known(data: Mapping[object, object], path: Path) -> None:
    fields = ReviewProtocol.__dataclass_fields__
    unknown = [str(key) for key in data if key not in fields]
    if unknown:
        raise InvalidInput(f"{path}: unknown key {', '.join(unknown)}; there are: {', '.join(fields)}")
