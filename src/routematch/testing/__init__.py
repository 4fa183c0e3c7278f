"""What tests of your own routing may import: strategies that build valid nouns.

The parts need the extra ``testing`` and are loaded on first use.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = [
    "batteries",
    "cases",
    "ledgers",
    "metric_battery",
    "oracle",
    "router_campaign",
    "router_machine",
    "router_machine_rules",
    "router_oracle",
    "strategies",
]


def __getattr__(name: str) -> ModuleType:
    """Load a part on first use."""
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """Return the parts too, so that completion finds them."""
    return sorted({*globals(), *__all__})
