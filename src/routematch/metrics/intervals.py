"""Intervals around measured numbers, each saying how it was made and whether there was enough to make it of.

Independent replications (`measured`), one long run in batches (`batches`), and how many replications more (`stopping`).
"""

from routematch.metrics.batches import after, batch_means, mser5, over_batches, truncated_start
from routematch.metrics.measured import Measured, over_replications, student_t
from routematch.metrics.stopping import Until, until

__all__ = [
    "Measured",
    "Until",
    "after",
    "batch_means",
    "mser5",
    "over_batches",
    "over_replications",
    "student_t",
    "truncated_start",
    "until",
]
