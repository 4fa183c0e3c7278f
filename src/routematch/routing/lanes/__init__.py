"""Lanes: policies compiled to decide event by event, exactly as `decide()` would, in plain integers."""

from routematch.routing.lanes.compiling import compile_lane
from routematch.routing.lanes.index_lane import IndexLane
from routematch.routing.lanes.lane import NOBODY, Lane
from routematch.routing.lanes.row_lane import RowLane

__all__ = ["NOBODY", "IndexLane", "Lane", "RowLane", "compile_lane"]
