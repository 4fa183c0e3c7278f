"""Settings shared by all tests: how hard the property tests try.

- ``check`` (the default): the same examples every time, so that a run says the same twice;
- ``quick``: a handful, while writing code;
- ``long``: thousands of fresh examples; for a night.

Choose one with ``python -m pytest --hypothesis-profile=long``.
"""

from hypothesis import HealthCheck, settings

SHARED = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("check", SHARED, derandomize=True, max_examples=100)
settings.register_profile("quick", SHARED, derandomize=True, max_examples=15)
settings.register_profile("long", SHARED, max_examples=5000)
settings.load_profile("check")
