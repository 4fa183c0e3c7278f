"""Which policy a user means: the name of a preset, a file, or code as ``module:name``."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from routematch.cli.failing import what_raised
from routematch.cli.reading import located, read_data
from routematch.errors import Faults, InvalidInputError
from routematch.policies import PRESETS, Policy, policy_from_data
from routematch.routing.code import CodePolicy
from routematch.routing.code import is_code as is_policy_code

__all__ = ["chosen_policy", "data_policy", "is_code"]

_CODE = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")
_OPTION = "--policy"


def chosen_policy(option: str | None, written: str | Mapping[str, object] | None) -> Policy | CodePolicy | None:
    """Return the policy of the command line, else that of the input file, else None.

    Parameters
    ----------
    option : str, optional
        The name of a preset, the path of a policy file, or ``module:name``.
    written : str or mapping, optional
        What the input file says: the name of a preset or a policy as data. A file never names code to run.

    Raises
    ------
    InvalidInputError
        Listing every fault; `UnknownNameError` where no such policy is known.
    """
    if option is not None:
        code = _CODE.fullmatch(option)
        return _from_code(code["module"], code["name"]) if code else data_policy(option, label=_OPTION)
    if isinstance(written, str):
        return _preset(written, place="policy")
    if written is not None:
        with located("policy"):
            return policy_from_data(written)
    return None


def is_code(option: str | None) -> bool:
    """Tell whether an option names code to run, as ``module:name``."""
    return option is not None and _CODE.fullmatch(option) is not None


def data_policy(name: str, *, label: str = "") -> Policy:
    """Return a preset by its name, or the policy in a file.

    Parameters
    ----------
    name : str
    label : str
        The option it was given by, for messages.

    Raises
    ------
    InvalidInputError
        Listing every fault; `UnknownNameError` where it is neither.
    """
    if name in PRESETS:
        return PRESETS[name]()
    if Path(name).suffix.lower() not in {".json", ".toml"} and not _exists(name):
        return _preset(name, place=label)
    with located(f"{label} {name}".strip()):
        data = read_data(name)
        if isinstance(data, dict):
            data.pop("fingerprint", None)  # which `routematch policies NAME --json` adds
        return policy_from_data(data)  # type: ignore[arg-type]  # refuses what is no mapping


def _exists(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False


def _preset(name: str, *, place: str) -> Policy:
    if name not in PRESETS:
        faults = Faults()
        faults.unknown(name, known=PRESETS, place=place, what="policy")
        faults.raise_if_any()
    return PRESETS[name]()


def _from_code(module: str, name: str) -> Policy | CodePolicy:
    """Return the object, or what a class or function of that name makes when called without arguments."""
    with located(_OPTION):
        found, fits = _loaded(module, name)
        if not fits:
            faults = Faults()
            message = "must be a Policy, or code with decide, on_arrival or on_free"
            faults.add(message, place=f"{module}:{name}", given=found)
            faults.raise_if_any()
    return cast("Policy | CodePolicy", found)


def _loaded(module: str, name: str) -> tuple[object, bool]:
    """Import and make it, and tell whether it is a policy; what it prints goes to standard error, out of the way."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = getattr(importlib.import_module(module), name)
            made = found() if inspect.isclass(found) or inspect.isroutine(found) else found
            return made, isinstance(made, Policy) or is_policy_code(made)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever somebody's module does is their fault to read
        message = f"{module}:{name} cannot be loaded: {what_raised(error)}"
    raise InvalidInputError(message)
