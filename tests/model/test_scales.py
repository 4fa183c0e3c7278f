"""Scales of other systems, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.errors import InvalidInputError
from routematch.model import STARS, TEN, TWENTY_REVERSED, Scale

finite = st.floats(-1e6, 1e6)
scales = st.sampled_from((STARS, TEN, TWENTY_REVERSED)) | st.builds(
    lambda worst, width: Scale(worst, worst + width),
    finite,
    st.floats(1e-3, 1e6).flatmap(lambda w: st.sampled_from((w, -w))),
)
shares = st.floats(0, 1)


@given(scales, shares)
def test_level_and_proficiency_are_inverse(scale, share):
    """A proficiency survives the way to any scale and back, but for rounding."""
    assert scale.proficiency(scale.level(share)) == pytest.approx(share, abs=1e-6)


@given(scales, shares, shares)
def test_better_levels_are_better_proficiencies(scale, one, other):
    """Order is kept, whichever end of the scale is best."""
    lower, higher = sorted((one, other))

    assert scale.proficiency(scale.level(lower)) <= scale.proficiency(scale.level(higher))
    assert scale.proficiency(scale.worst) == 0.0
    assert scale.proficiency(scale.best) == 1.0


@pytest.mark.parametrize(
    ("make", "places"),
    [
        (lambda: Scale(1, 1), ["best"]),
        (lambda: Scale("a", None), ["worst", "best"]),
        (lambda: STARS.proficiency(6), ["level"]),
        (lambda: STARS.level(1.5), ["proficiency"]),
        (lambda: STARS.skills({"a": 0, "b": 3, "c": "x"}), ["a", "c"]),
        (lambda: STARS.skills([1]), [""]),
    ],
    ids=["no width", "no numbers", "level outside", "proficiency outside", "skills", "no mapping"],
)
def test_what_lies_outside_is_refused(make, places):
    """Levels outside the scale are never clipped silently; all are told."""
    with pytest.raises(InvalidInputError) as caught:
        make()

    assert [fault.place for fault in caught.value.faults] == places


@pytest.mark.parametrize(("worst", "best"), [(-5.0, -1.8), (-5.0, -0.3), (5.0, 0.3), (1, 5), (20, 1)])
def test_no_level_leaves_its_scale_by_rounding(worst, best):
    """The best proficiency is the best level, not a rounding step beyond it."""
    scale = Scale(worst, best)

    assert scale.proficiency(scale.level(1.0)) == 1.0
    assert scale.proficiency(scale.level(0.0)) == 0.0
