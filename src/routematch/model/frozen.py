"""A dictionary that never changes, so that nouns can be shared, hashed and sent to other processes.

`types.MappingProxyType` can be neither hashed nor pickled, hence this small class.

>>> levels = FrozenMap({"billing": 0.9})
>>> levels["billing"], hash(levels) == hash(FrozenMap({"billing": 0.9}))
(0.9, True)
"""

from __future__ import annotations

from typing import NoReturn, TypeVar

__all__ = ["EMPTY", "FrozenMap"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(dict[K, V]):
    """A read-only, hashable, picklable dictionary; equal to a plain one with the same entries."""

    __slots__ = ("_hash",)

    def __hash__(self) -> int:  # type: ignore[override]  # dict declares itself unhashable
        """Return a hash that does not depend on the order of the entries."""
        try:
            return self._hash
        except AttributeError:
            self._hash: int = hash(frozenset(self.items()))
            return self._hash

    def __reduce__(self) -> tuple[type[FrozenMap[K, V]], tuple[dict[K, V]]]:
        """Pickle as a plain dictionary, since the usual way would assign entry by entry."""
        return type(self), (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        message = "this mapping is read-only; make a changed copy with attrs.evolve"
        raise TypeError(message)

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __copy__(self) -> FrozenMap[K, V]:
        """Return itself: what never changes need not be copied."""
        return self

    def __deepcopy__(self, memo: object) -> FrozenMap[K, V]:
        """Return itself: its entries never change either."""
        return self


#: The empty mapping, shared.
EMPTY: FrozenMap[str, float] = FrozenMap()
