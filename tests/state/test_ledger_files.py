"""Ledgers as tables of others, and back."""

from __future__ import annotations

import csv
import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.errors import InvalidInputError, MissingExtraError, UnknownNameError
from routematch.state import Ledger

NAN = float("nan")


def mixed() -> Ledger:
    """Return a ledger with something known and something unknown in every column."""
    return Ledger.of(
        arrived_at=[0.0, 10.0, 20.123456789012345],
        answered_at=[5.0, NAN, 30.0],
        ended_at=[65.0, 40.0, NAN],
        handle_time=[70.0, NAN, NAN],
        wrap_up_time=[10.0, NAN, NAN],
        channel=["chat", None, "phone, fax"],
        agent=["ana", None, 'b"o'],
        resolved=[1, NAN, NAN],
        satisfaction=[0.1, NAN, NAN],
        value=[1 / 3, NAN, NAN],
        repeats=[-1, 0, -1],
        priority=[3, 0, 0],
        ids=["x", "y", "z"],
    )


def same(first: Ledger, second: Ledger) -> bool:
    """Compare all columns."""
    columns = second.columns()
    exact = {name: array for name, array in first.columns().items() if name != "waited"}
    return np.allclose(first.waited, second.waited, atol=1e-5) and all(
        np.array_equal(array, columns[name], equal_nan=array.dtype.kind == "f") for name, array in exact.items()
    )


def read_csv(path) -> Ledger:
    """Read a file back by its columns."""
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    return Ledger.from_columns({name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])})


def test_csv_reads_back_the_same(tmp_path):
    """Words with commas and quotes, unknown numbers and the last bit of a float survive."""
    mixed().to_csv(tmp_path / "ledger.csv")

    assert same(read_csv(tmp_path / "ledger.csv"), mixed())


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e9), st.one_of(st.just(NAN), st.floats(0, 1e9)), st.one_of(st.none(), st.text(min_size=1))
        ),
        max_size=5,
    )
)
def test_columns_read_back_the_same(rows):
    """What `columns` gives is what `from_columns` takes."""
    ledger = Ledger.of(
        arrived_at=[row[0] for row in rows],
        ended_at=[row[0] + row[1] for row in rows],
        queue=[row[2] for row in rows],
    )

    assert same(Ledger.from_columns(ledger.columns()), ledger)


def test_who_still_waits_goes_on_waiting():
    """The window is no column, but the waits of those who still wait tell its end."""
    ledger = Ledger.of(arrived_at=[0.0, 10.0], ended_at=[5.0, NAN], window=(0.0, 100.0))
    read = Ledger.from_columns(ledger.columns())

    assert read.waited.tolist() == [5.0, 90.0]
    assert read.window == (0.0, 100.0)
    assert Ledger.from_columns(ledger.columns(), window=(0.0, 50.0)).waited.tolist() == [5.0, 40.0]


def test_arrow_pandas_and_polars_hold_the_same():
    """All three have the same columns, nulls for what is unknown, and words as words."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    ledger = mixed()
    arrow, pandas, polars = ledger.to_arrow(), ledger.to_pandas(), ledger.to_polars()

    assert arrow.column_names == list(pandas.columns) == polars.columns == list(ledger.columns())
    assert arrow["channel"].to_pylist() == polars["channel"].to_list() == ["chat", None, "phone, fax"]
    assert pandas["channel"].astype(object).where(pandas["channel"].notna(), None).tolist() == [
        "chat",
        None,
        "phone, fax",
    ]
    assert arrow["value"].null_count == polars["value"].null_count() == int(pandas["value"].isna().sum()) == 2
    assert json.loads(arrow.schema.metadata[b"routematch"]) == {"schema": "routematch/ledger/1", "window": [0.0, 65.0]}
    assert same(Ledger.from_columns(arrow.to_pydict()), ledger)


def test_parquet_reads_back_the_same(tmp_path):
    """Parquet keeps every column."""
    parquet = pytest.importorskip("pyarrow.parquet")
    mixed().to_parquet(tmp_path / "ledger.parquet")

    assert same(Ledger.from_columns(parquet.read_table(tmp_path / "ledger.parquet").to_pydict()), mixed())


@pytest.mark.parametrize("method", ["arrow", "pandas", "polars"])
def test_missing_packages_name_the_extra(method, monkeypatch):
    """Without the package the error says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow" if method == "arrow" else method, None)

    with pytest.raises(MissingExtraError, match=f"routematch\\[{method}\\]"):
        getattr(mixed(), f"to_{method}")()


def test_unknown_columns_are_named():
    """A slip in a column's name gets a suggestion; arrivals must be there."""
    with pytest.raises(UnknownNameError, match="arrived_at"):
        Ledger.from_columns({"arived_at": [0.0], "arrived_at": [0.0]})
    with pytest.raises(InvalidInputError, match="arrived_at is needed"):
        Ledger.from_columns({"value": [0.0]})
    with pytest.raises(InvalidInputError, match="numbers @ value"):
        Ledger.from_columns({"arrived_at": ["0.0"], "value": ["much"]})
