"""Lanes: policies compiled to decide event by event, exactly as `decide()` would, in plain integers."""

from routematch.routing.lanes.code_lane import CodeLane
from routematch.routing.lanes.compiling import compile_lane
from routematch.routing.lanes.index_lane import IndexLane
from routematch.routing.lanes.lane import NOBODY, Lane
from routematch.routing.lanes.live_view import LiveView
from routematch.routing.lanes.row_lane import RowLane

__all__ = ["NOBODY", "CodeLane", "IndexLane", "Lane", "LiveView", "RowLane", "compile_lane"]
