"""Extend the default policy by a term and a rule of one's own: agents in the customer's town, no VIPs for trainees."""

from typing import ClassVar

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

import routematch as rm
from routematch.policies import Weighted, best_match
from routematch.state import Behaviour, Problem, RequestClass, Static


@frozen
class SameSite:
    """1 for agents who sit where the conversation comes from, 0 for all others."""

    name: ClassVar[str] = "same_site"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("attributes",)
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return a row with one entry for each profile."""
        wanted = (request.attributes or {}).get("site")
        sites = [profile.attributes.get("site") for profile in problem.roster.profiles]
        return np.array([float(site is not None and site == wanted) for site in sites])

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: nobody moves by time alone."""
        return Static()


@frozen
class TraineesLearn:
    """Trainees are not given conversations with the label `vip`."""

    name: ClassVar[str] = "trainees_learn"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("labels",)

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_]:
        """Return a row with one entry for each profile."""
        is_trainee = np.array([profile.attributes.get("trainee") is True for profile in problem.roster.profiles], bool)
        return ~is_trainee if "vip" in request.labels else np.ones(len(is_trainee), bool)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()

    def sentence(self, problem: Problem, row: int, agent: int) -> str:  # noqa: ARG002 - the contract
        """Return why, as a clause."""
        return "is a trainee, and the customer is a VIP"


def main() -> None:
    """Route one chat by the default, then with the term, then with the rule too."""
    agents = [
        rm.Agent("ana", {"billing": 0.9}, attributes={"site": "berlin"}),
        rm.Agent("bo", {"billing": 0.7}, attributes={"site": "lisbon"}),
        rm.Agent("cy", {"billing": 0.8}, attributes={"site": "lisbon", "trainee": True}),
    ]
    chat = rm.Conversation("chat-1", {"billing": 0.5}, attributes={"site": "lisbon"}, labels=["vip"])

    usual = best_match()
    near = evolve(usual, name="near", terms=(*usual.terms, Weighted(SameSite(), 0.3)))
    careful = evolve(near, name="careful", rules=(*near.rules, TraineesLearn()))
    for policy in (usual, near, careful):
        print(f"by {policy.name}:")
        print(rm.route([chat], agents, policy=policy).explain("chat-1"), end="\n\n")


if __name__ == "__main__":
    main()
