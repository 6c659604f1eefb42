"""Settings as a TOML file the user may edit: `load`, `save`, `change`.

`load` never fails: what cannot be used falls back to its default and comes back as one line for
the user. `save` never destroys: comments, unknown keys and values that could not be used stay
as the user wrote them, and a file of a newer Parley is not touched.
"""

from __future__ import annotations

import difflib
import logging
import re
import time
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.atomic_file import replace_file
from app.errors import SettingsError
from app.settings import VERSION, Branch, Settings

log = logging.getLogger(__name__)

Table = MutableMapping[str, Any]
"""A TOML table, from tomllib (plain dict) or from tomlkit (keeps comments)."""


def load(path: Path) -> tuple[Settings, list[str]]:
    """The settings in this file and what was wrong with it, one line each.

    A missing file is no problem. A file that is not TOML is copied aside, next to itself. In any
    other file only the keys that cannot be used fall back to their defaults.
    """
    settings, problems = _load(path)
    for problem in problems:
        log.warning("%s", problem)
    return settings, problems


def save(settings: Settings, path: Path) -> None:
    """Write what differs from the defaults, and what the file names already.

    The file is replaced as a whole or not at all, even when the power fails.

    Raises:
        SettingsError: a newer Parley wrote the file, it cannot be read or written, or the
            settings make no sense. The file is as it was.
    """
    import tomlkit

    target = path.resolve()  # a linked file stays a link
    document = _document(target)
    _write(document, settings, Settings())
    text = tomlkit.dumps(document)
    if not _says(text, settings):
        # tomlkit edits text, and unusual layouts (tables out of order) can defeat it: rather a
        # plain file that is right, with the user's one beside it.
        if target.exists():
            _keep(target, target.read_bytes())
        fresh = _fresh()
        _write(fresh, settings, Settings())
        text = tomlkit.dumps(fresh)
        if not _says(text, settings):
            raise SettingsError(
                "These settings do not make sense and were not saved.",
                "Change the value you entered last.",
            )
    try:
        replace_file(target, text)
    except OSError as exc:
        raise SettingsError(
            f"The settings could not be saved ({exc.strerror or type(exc).__name__}).",
            f"Check the disk and the folder {target.parent}.",
        ) from exc


def change(path: Path, name: str, value: object) -> Settings:
    """Set one setting, by its name in the file ("llm.local_only"); the settings as they are now.

    Raises:
        SettingsError: there is no such setting, the value makes no sense, or it cannot be saved.
            The file is as it was.
    """
    settings, _ = _load(path)
    settings = changed(settings, name, value)
    save(settings, path)
    return settings


def changed(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one of them set, by its name in the file.

    Raises:
        SettingsError: there is no such setting, or the value makes no sense.
    """
    result = _with(settings, tuple(name.split(".")), value)
    assert isinstance(result, Settings)
    return result


def _with(branch: Branch, key: tuple[str, ...], value: object) -> Branch:
    name, *rest = key
    if name not in type(branch).model_fields:
        raise SettingsError(f"There is no setting {name}.")
    inner = getattr(branch, name)
    if rest:
        if not isinstance(inner, Branch):
            raise SettingsError(f"There is no setting {rest[0]} in {name}.")
        return branch.model_copy(update={name: _with(inner, tuple(rest), value)})
    try:
        return branch.model_copy(update={name: _checked(branch, name, value)})
    except ValidationError as exc:
        reason = exc.errors()[0]["msg"].removeprefix("Input ")
        raise SettingsError(f"The setting {name} was not changed: it {reason}.") from exc


# --- reading ------------------------------------------------------------------------------


class _NotTomlError(Exception):
    """The file is not TOML; the text says where and why."""


STAYS_HERE = "Until it is mended, nothing you say leaves this computer."

PRIVATE_KEYS = frozenset({("llm",), ("llm", "local_only"), ("llm", "order")})
"""Settings that say whether words may leave the computer: a fault in one is taken for a no."""


@dataclass(frozen=True)
class _Fault:
    """A key that cannot be used."""

    key: tuple[str, ...]
    text: str
    """What is wrong, to follow the key's name."""


def _load(path: Path) -> tuple[Settings, list[str]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Settings(), []
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        return _cautious(Settings()), [
            f"{path.name} cannot be read ({why}). Default settings are used. {STAYS_HERE}"
        ]
    try:
        text, table = _parse(data)
    except _NotTomlError as exc:
        kept = _keep(path, data)
        return _cautious(Settings()), [
            f"{path.name}, {exc}. Default settings are used. {kept} {STAYS_HERE}"
        ]
    if _version_of(table) > VERSION:
        return _cautious(Settings()), [
            f"{path.name} was written by a newer Parley. Default settings are used and the file "
            f"stays as it is; install the newer Parley to use it again. {STAYS_HERE}"
        ]
    settings, faults = _settings(table)
    problems = [_line(path.name, text, fault) for fault in faults]
    if any(fault.key in PRIVATE_KEYS for fault in faults):
        return _cautious(settings), [*problems, STAYS_HERE]
    return settings, problems


def _cautious(settings: Settings) -> Settings:
    """With local-only on: what cannot be read may have said so."""
    llm = settings.llm.model_copy(update={"local_only": True})
    return settings.model_copy(update={"llm": llm})


def _parse(data: bytes) -> tuple[str, dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")  # Windows editors put a byte order mark in front
    except UnicodeDecodeError as exc:
        before = data[: exc.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        raise _NotTomlError(f"line {line}, column {column}: this is not UTF-8 text") from exc
    try:
        return text, tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # ValueError: also integers of 5,000 digits
        found = re.fullmatch(r"(.*) \(at (line \d+, column \d+|end of document)\)", str(exc), re.S)
        if found is None:
            raise _NotTomlError(f"{type(exc).__name__}: not a settings file") from exc
        what, where = found.groups()
        if where == "end of document":
            lines = text.splitlines() or [""]
            where = f"line {len(lines)}, column {len(lines[-1]) + 1}"
        raise _NotTomlError(f"{where}: {what[:1].lower()}{what[1:]}") from exc


def _version_of(table: Mapping[str, Any]) -> int:
    """A file that does not say was written by hand, for this Parley."""
    version = table.get("version", VERSION)
    return version if isinstance(version, int) and not isinstance(version, bool) else VERSION


def _settings(table: Table) -> tuple[Settings, list[_Fault]]:
    faults: list[_Fault] = []
    settings = _overlay(Settings(), table, (), faults)
    assert isinstance(settings, Settings)
    return settings, faults


def _overlay(branch: Branch, table: Table, at: tuple[str, ...], faults: list[_Fault]) -> Branch:
    """The branch with the values of the table that can be used."""
    usable: dict[str, Any] = {}
    names = list(type(branch).model_fields)
    for name, value in table.items():
        key = (*at, name)
        standard = getattr(branch, name, None)
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            guess = f"; did you mean {near[0]}?" if near else "."
            faults.append(_Fault(key, f"is not a setting and is left out{guess}"))
        elif isinstance(standard, Branch):
            if isinstance(value, MutableMapping):
                usable[name] = _overlay(standard, value, key, faults)
            else:
                faults.append(_Fault(key, "should be a section; its defaults are used."))
        else:
            try:
                usable[name] = _checked(branch, name, value)
            except ValidationError as exc:
                reason = exc.errors()[0]["msg"].removeprefix("Input ")
                # The value itself is not repeated: it could be a key pasted in the wrong place.
                faults.append(_Fault(key, f"{reason}; {_named(standard)} is used instead."))
    return branch.model_copy(update=usable)


def _checked(branch: Branch, name: str, value: object) -> Any:
    """The value as the branch would hold it.

    Strict: "5" is not 5 and true is not 1, or a slip would pass for a setting.

    Raises:
        ValidationError: wrong type or out of range.
    """
    changed = type(branch).model_validate({**dict(branch), name: value}, strict=True)
    return getattr(changed, name)


def _named(standard: object) -> str:
    """A default, when it is short enough to be told."""
    told = repr(standard)
    return told if standard is not None and len(told) <= 40 else "the default"


def _line(file: str, text: str, fault: _Fault) -> str:
    number = _line_number(text, fault.key)
    where = f"{file}, line {number}" if number else file
    name = "".join(c if c.isprintable() else "?" for c in ".".join(fault.key))
    return f"{where}: {name} {fault.text}"


def _line_number(text: str, key: tuple[str, ...]) -> int | None:
    """Where a key stands, counted from 1; None when it is not on a line of its own.

    A look at the text, not a parser: tomllib forgets where things stood.
    """
    section: tuple[str, ...] = ()
    quote = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:  # inside a string of several lines
            quote = "" if line.count(quote) % 2 else quote
            continue
        quote = next((q for q in ('"""', "'''") if line.count(q) % 2), "")
        if header := re.match(r"\s*\[+([^\]=]+)\]", line):
            section = _dotted(header[1])
            if section == key:
                return number
        elif (name := re.match(r"\s*([^=#]+?)\s*=", line)) and (*section, *_dotted(name[1])) == key:
            return number
    return None


def _dotted(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))


# --- writing ------------------------------------------------------------------------------


def _fresh() -> Table:
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Parley's settings. What is not named here has its default."))
    document["version"] = VERSION
    return document


def _document(path: Path) -> Table:
    """The file as it is, to be changed in place; a fresh one when there is none.

    Raises:
        SettingsError: it cannot be read, or a newer Parley wrote it.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _fresh()
    except OSError as exc:
        raise SettingsError(
            f"The settings were not saved: {path.name} cannot be read.",
            "Check who may read and write that file.",
        ) from exc
    try:
        text, _ = _parse(data)
        document = tomlkit.parse(text)
    except (_NotTomlError, TOMLKitError) as exc:
        log.warning("%s is not a settings file (%s). %s", path.name, exc, _keep(path, data))
        return _fresh()
    if _version_of(document.unwrap()) > VERSION:
        raise SettingsError(
            "A newer Parley wrote the settings, so they were not saved.",
            f"Install the newer Parley, or move {path} away.",
        )
    return document


def _write(table: Table, branch: Branch, standard: Branch) -> None:
    """Bring the table up to the branch, changing as little as possible."""
    import tomlkit

    for name in type(branch).model_fields:
        value, default = getattr(branch, name), getattr(standard, name)
        if isinstance(default, Branch):
            if isinstance(table.get(name), MutableMapping):
                _write(table[name], value, default)
            elif value != default:
                section = tomlkit.table()
                _write(section, value, default)
                table[name] = section
        elif name in table:
            try:
                present = _checked(standard, name, _plain(table[name]))
            except ValidationError:
                present = default  # what `load` made of it
            if present != value:
                _put(table, name, value)
        elif value != default:
            _put(table, name, value)


def _put(table: Table, name: str, value: object) -> None:
    plain = value.model_dump() if isinstance(value, Branch) else value
    if plain is None:  # TOML has no null: a key that is not there has its default, None
        table.pop(name, None)
    else:
        table[name] = dict(plain) if isinstance(plain, Mapping) else plain


def _plain(value: Any) -> Any:
    """The Python value of a tomlkit item."""
    return value.unwrap() if hasattr(value, "unwrap") else value


def _says(text: str, settings: Settings) -> bool:
    """Whether this file, loaded, gives these settings."""
    try:
        return _settings(tomllib.loads(text))[0] == settings
    except ValueError:
        return False


def _keep(path: Path, data: bytes) -> str:
    """Copy a broken file aside, once, never over another copy; a sentence that says so."""
    try:
        for older in path.parent.glob(f"{path.name}.broken-*"):
            if older.read_bytes() == data:
                return f"A copy is in {older.name}."
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for suffix in ("", *(f"-{number}" for number in range(2, 100))):
            copy = path.with_name(f"{path.name}.broken-{stamp}{suffix}")
            try:
                with copy.open("xb") as file:
                    file.write(data)
            except FileExistsError:
                continue
            return f"A copy is in {copy.name}."
    except OSError as exc:
        log.warning("no copy of %s could be made: %s", path, exc)
    return "No copy of it could be made."
