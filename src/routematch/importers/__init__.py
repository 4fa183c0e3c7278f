"""Other systems' files, opened: logs of past conversations as CSV, Parquet and Arrow.

What the columns mean is recognised in `state`; here files are only opened and their rows counted.
"""

from routematch.importers.csv_file import read_csv
from routematch.importers.history_file import open_history

__all__ = ["open_history", "read_csv"]
