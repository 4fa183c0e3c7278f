"""The names users may rely on, and what each of them promises."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import routematch

STORED = Path(__file__).with_name("public_names.txt")

MODULES = sorted(
    ["routematch", *(found.name for found in pkgutil.walk_packages(routematch.__path__, prefix="routematch."))]
)
PUBLIC_MODULES = [module for module in MODULES if not any(part.startswith("_") for part in module.split("."))]


def load(module: str) -> ModuleType:
    """Import a module, or skip the test when an extra it needs is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if type(error).__name__ == "MissingExtraError":
            pytest.skip(str(error))
        raise


def test_names_at_the_top_equal_the_stored_list():
    """A name joins or leaves the top of the package only together with a line of the stored list."""
    stored = STORED.read_text(encoding="utf-8").split()

    assert sorted(routematch.__all__) == sorted(stored)


def test_stored_list_names_everything_once():
    """The stored list is sorted and has no name twice, so that two changes to it seldom collide."""
    stored = STORED.read_text(encoding="utf-8").split()

    assert stored == sorted(set(stored))


def test_lazy_names_are_listed_by_dir():
    """Names that load on first use are found by completion too."""
    assert set(routematch.__all__) <= set(dir(routematch))


def test_unknown_name_at_the_top_is_an_attribute_error():
    """Lazy loading answers an unknown name as any module does."""
    with pytest.raises(AttributeError, match="no_such_name"):
        routematch.no_such_name  # noqa: B018


@pytest.mark.parametrize("module", MODULES)
def test_module_says_what_it_is_for(module: str):
    """Every module begins with a docstring whose first line is a sentence."""
    doc = inspect.getdoc(load(module))

    assert doc, f"{module} has no docstring"
    assert doc.splitlines()[0].rstrip().endswith((".", "?")), f"{module}: the first line is no sentence"


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_public_names_of_a_module_exist(module: str):
    """`__all__` is there, has no name twice, and each name resolves."""
    loaded = load(module)

    assert hasattr(loaded, "__all__"), f"{module} has no __all__"
    assert len(set(loaded.__all__)) == len(loaded.__all__)
    missing = [name for name in loaded.__all__ if not hasattr(loaded, name)]
    assert not missing


def has_words(owner: type, part: str) -> bool:
    """Whether a method has a docstring, or a property one of its own or a line under the Attributes of its class."""
    member = vars(owner)[part]
    if isinstance(member, property | functools.cached_property):
        return bool(member.__doc__) or bool(
            re.search(rf"^ *(\w+, )*{part}(, \w+)* : ", owner.__doc__ or "", re.MULTILINE)
        )
    if inspect.isroutine(member) or isinstance(member, classmethod | staticmethod):
        return bool(getattr(owner, part).__doc__)
    return True


def undocumented(name: str, value: object) -> list[str]:
    """Name what lacks words: a function or class of this package, or a public method that a class of it adds."""
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return []
    if not (getattr(value, "__module__", None) or "").startswith("routematch"):
        return []
    gaps = [] if value.__doc__ else [name]
    if inspect.isclass(value):
        added = [part for part in vars(value) if not part.startswith("_") and not hasattr(super(value, value), part)]
        gaps += [f"{name}.{part}" for part in added if not has_words(value, part)]
    return gaps


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_public_objects_have_docstrings(module: str):
    """Everything listed in `__all__`, and every public method of it, has a docstring."""
    loaded = load(module)

    assert not [gap for name in getattr(loaded, "__all__", ()) for gap in undocumented(name, getattr(loaded, name))]
