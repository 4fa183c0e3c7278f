"""Columns of words: small whole numbers, and the words they stand for.

>>> channel = Category.of(["chat", None, "phone", "chat"])
>>> channel.names, channel.codes
(('chat', 'phone'), array([ 0, -1,  1,  0], dtype=int32))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.state.columns import column

__all__ = ["NO_WORD", "Category", "Words"]

#: Code of a row without a word: none, or unknown.
NO_WORD = -1


@frozen(eq=False)
class Category:
    """A column of words.

    Attributes
    ----------
    codes : ndarray of int32, shape (N,)
        Positions in `names`; -1 where there is no word. Read-only.
    names : tuple of str
        Each once; some may stand in no row.
    """

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str | None], *, names: Sequence[str] = ()) -> Category:
        """Encode words, one for each row.

        Parameters
        ----------
        words : iterable of str or None
            None is a row without a word.
        names : sequence of str
            Names that come first, in this order, whether they stand in a row or not. Further words follow in order
            of appearance.

        Returns
        -------
        Category
        """
        codes: dict[str | None, int] = {name: code for code, name in enumerate(dict.fromkeys(names))}
        codes[None] = NO_WORD
        read = [codes.setdefault(word, len(codes) - 1) for word in words]
        del codes[None]
        return cls(column(read, np.int32), tuple(name for name in codes if name is not None))

    @classmethod
    def unknown(cls, size: int, *, names: Sequence[str] = ()) -> Category:
        """Return a column of rows without a word; it takes no memory."""
        return cls(np.broadcast_to(np.int32(NO_WORD), (size,)), tuple(names))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def words(self) -> NDArray[np.object_]:
        """Return the words, shape (N,), None where there is none."""
        known = np.empty(len(self.names) + 1, np.object_)
        known[:-1] = self.names
        return known[self.codes]

    def code(self, name: str) -> int:
        """Return the code of a word.

        Raises
        ------
        UnknownNameError
            When no row and no name has it.
        """
        if name not in self.names:
            faults = Faults()
            faults.unknown(name, known=self.names)
            faults.raise_if_any()
        return self.names.index(name)

    def take(self, rows: NDArray[np.intp]) -> Category:
        """Return the column of some rows; the names stay."""
        return Category(column(self.codes[rows], np.int32), self.names)


Words = Category | Iterable[str | None]
