"""What random days found at the router, each shrunk to the calls that matter."""

from __future__ import annotations

import json

import pytest

import routematch as rm
from routematch.errors import RouterStateError
from routematch.model.events import ConversationAbandoned, ConversationCompleted
from routematch.router import HostState, OfferRules, RampIn, RateLimit, Reserve, Router, RouterSettings


def restored(router: Router) -> Router:
    """Return a router made from a snapshot that went through JSON."""
    return Router.restore(json.loads(json.dumps(router.snapshot(), allow_nan=False)))


def test_wrap_up_that_the_host_begins_keeps_the_agent() -> None:
    """An agent whom the host put into a wrap-up gets nothing before it ends."""
    router = Router([rm.Agent("a")])
    router.enqueue(rm.Conversation("one"), 0.0)
    router.dispatch(0.0)
    router.complete("one", 1.0)
    router.enqueue(rm.Conversation("nobody's", "french"), 1.0)
    router.dispatch(1.0)
    router.start_wrap_up("a", 2.0, ends_at=22.0)
    router.enqueue(rm.Conversation("two"), 3.0)
    assert not router.dispatch(3.0).assignments
    assert router.dispatch(22.0).pairs() == {"two": "a"}


def test_escalated_conversation_goes_through_a_snapshot() -> None:
    """What an escalation asks for can be written and read again."""
    router = Router([rm.Agent("bot", kind="bot"), rm.Agent("a", presence="away")])
    router.enqueue(rm.Conversation("c", "billing"), 0.0)
    router.escalate("c", 1.0, to="human")
    assert restored(router).snapshot() == router.snapshot()


def test_update_after_an_escalation_is_heeded() -> None:
    """A human is asked for besides what the host asks for now, not besides what it asked for then."""
    router = Router([rm.Agent("a", {"sales": 1.0})])
    router.enqueue(rm.Conversation("c", "billing"), 0.0)
    router.escalate("c", 1.0, to="human")
    router.update_conversation(rm.Conversation("c", "sales"), 2.0)
    assert router.dispatch(2.0).pairs() == {"c": "a"}


def test_conversation_can_be_escalated_any_number_of_times() -> None:
    """Escalating again asks for the same human, not for one more."""
    router = Router([rm.Agent("a")])
    router.enqueue(rm.Conversation("c"), 0.0)
    for number in range(60):
        router.escalate("c", float(number), to="human")
    assert router.dispatch(60.0).pairs() == {"c": "a"}


def test_update_does_not_begin_the_wait_limit_anew() -> None:
    """A host that updates a conversation often does not keep it in its queue for ever."""
    router = Router([], queues=[rm.Queue("first", wait_limit=60.0, overflow="second"), rm.Queue("second")])
    router.enqueue(rm.Conversation("c", queue="first"), 0.0)
    for at in (20.0, 40.0, 59.0):
        router.update_conversation(rm.Conversation("c", queue="first", priority=at), at)
    router.dispatch(60.0)
    assert router.context("c").arrived_at == 0.0
    assert router.snapshot()["conversations"][0]["queue"] == "second"


def test_lost_claim_frees_a_rate_limit_once() -> None:
    """Of two given at the same instant, the one that was not lost goes on counting."""
    router = Router([rm.Agent("a", capacity=9)], settings=RouterSettings(rate_limit=RateLimit(2, 60.0)))
    for name in "bcde":
        router.enqueue(rm.Conversation(name), 0.0)
    assert list(router.dispatch(0.0).pairs()) == ["b", "c"]
    router.claim_lost("c", 1.0)
    router.abandon("c", 1.0)
    assert list(router.dispatch(1.0).pairs()) == ["d"]


def test_accepted_offer_counts_once_for_a_rate_limit() -> None:
    """Being offered and accepting is one conversation."""
    settings = RouterSettings(rate_limit=RateLimit(2, 60.0))
    router = Router([rm.Agent("a", capacity=9)], offers=20, settings=settings)
    router.enqueue(rm.Conversation("c"), 0.0)
    router.accept(router.dispatch(0.0).offers[0].id, 1.0)
    router.enqueue(rm.Conversation("d"), 2.0)
    assert [offer.conversation for offer in router.dispatch(2.0).offers] == ["d"]


def test_interrupted_work_goes_on_when_a_wrap_up_ends() -> None:
    """Mail rests while a call or its wrap-up needs the units, and no longer."""
    settings = RouterSettings(interruptible=["email"], wrap_up_time={"voice": 30.0})
    router = Router([rm.Agent("a")], settings=settings)
    router.enqueue(rm.Conversation("mail", channel="email"), 0.0)
    router.dispatch(0.0)
    router.enqueue(rm.Conversation("call", channel="voice"), 1.0)
    assert router.dispatch(1.0).pairs() == {"call": "a"}
    router.complete("call", 10.0)
    router.dispatch(40.0)
    assert dict(router.snapshot()["agents"][0]["running"]) == {"mail": 1000}


def test_interrupted_work_goes_on_when_capacity_grows() -> None:
    """Units that the host adds are used for what rests."""
    router = Router([rm.Agent("a")], settings=RouterSettings(interruptible=["email"]))
    router.enqueue(rm.Conversation("mail", channel="email"), 0.0)
    router.dispatch(0.0)
    router.enqueue(rm.Conversation("call", channel="voice"), 1.0)
    router.dispatch(1.0)
    router.update_agent(rm.Agent("a", capacity=2), 2.0)
    assert router.load("a") == 2.0


def test_refusal_is_told_where_no_ended_conversation_is_kept() -> None:
    """The answer at the door does not depend on what is remembered."""
    router = Router([], queues=[rm.Queue("q", length_limit=0)], settings=RouterSettings(keep_ended=0))
    said = router.enqueue(rm.Conversation("c", queue="q"), 0.0)
    assert said == rm.model.Admission("refused", "q", "full")


def test_time_stays_where_a_refused_call_brought_it() -> None:
    """What time brought before a refused call is on record, so nothing earlier may come after it."""
    router = Router([rm.Agent("a")], offers=20)
    router.enqueue(rm.Conversation("c"), 0.0)
    router.dispatch(0.0)
    with pytest.raises(RouterStateError):
        router.handle(ConversationCompleted("c", 30.0))
    router.handle(ConversationAbandoned("c", 10.0))
    instants = [record.at for record in router.journal]
    assert instants == sorted(instants)


def test_router_without_agents_decides() -> None:
    """Nobody there is an answer, on the quick lane too."""
    router = Router([])
    router.enqueue(rm.Conversation("c"), 0.0)
    assert router.dispatch(0.0).held["c"].reason == "no_agents"
    router.update_agent(rm.Agent("a"), 1.0)
    router.dispatch(1.0)
    router.remove_agent("a", 2.0)
    router.enqueue(rm.Conversation("d"), 3.0)
    assert set(router.dispatch(3.0).held) >= {"d"}


def test_wakeup_lies_ahead_while_changes_are_gathered() -> None:
    """A relaxation within the batch window is looked at at its end, not asked for again and again."""
    relaxing = rm.Requirement("billing", 0.8, relax=(rm.After(60, drop=True),))
    router = Router([rm.Agent("a")], settings=RouterSettings(batch_time=5.0))
    router.enqueue(rm.Conversation("c", relaxing), 0.0)
    router.dispatch(5.0)
    router.set_presence("a", "away", 58.0)
    router.set_presence("a", "available", 58.0)
    assert not router.dispatch(61.0).assignments
    assert router.next_wakeup == 63.0
    assert router.dispatch(63.0).pairs() == {"c": "a"}


def test_limit_that_ended_before_a_snapshot_is_not_missed() -> None:
    """What time changed after the last decision is looked at by the restored router too."""
    router = Router([rm.Agent("a", capacity=9)], settings=RouterSettings(rate_limit=RateLimit(1, 60.0)))
    for name in ("b", "c"):
        router.enqueue(rm.Conversation(name), 0.0)
    assert router.dispatch(0.0).pairs() == {"b": "a"}
    router.enqueue(rm.Conversation("d", "french"), 70.0)
    other = restored(router)
    assert other.dispatch(70.0).pairs() == router.dispatch(70.0).pairs() == {"c": "a"}


@pytest.mark.parametrize("units", [0.0, 1.5])
def test_units_end_with_the_agent_they_were_said_of(units: float) -> None:
    """What a conversation cost one agent does not overfill the next."""
    router = Router([rm.Agent("a")])
    router.enqueue(rm.Conversation("c"), 0.0)
    router.update_conversation(rm.Conversation("c"), 1.0, units=units)
    router.dispatch(1.0)
    assert router.load("a") == 1.0


def test_reconciling_does_not_depend_on_the_order_of_entering() -> None:
    """A restored router puts the same things right in the same order."""
    router = Router([])
    for name in ("z", "a"):
        router.enqueue(rm.Conversation(name), 0.0)
    host = HostState({})
    other = restored(router)
    assert [d.subject for d in other.reconcile(host, 1.0)] == [d.subject for d in router.reconcile(host, 1.0)]


def test_pause_after_missed_offers_is_kept_by_the_rules() -> None:
    """An agent who missed an offer is asked again after the pause, not before."""
    rules = OfferRules(5.0, repeat_after=0.0, pause_after_missed=1, pause_time=30.0)
    router = Router([rm.Agent("a")], offers=rules)
    router.enqueue(rm.Conversation("c"), 0.0)
    router.dispatch(0.0)
    assert not router.dispatch(5.0).offers
    assert router.next_wakeup == 35.0
    assert len(router.dispatch(35.0).offers) == 1


def test_end_of_a_ramp_in_is_heeded_at_its_instant() -> None:
    """When the time of slow work is over, what it kept from an agent comes at once, not an interval later."""
    settings = RouterSettings(ramp_in=RampIn(120.0, count=1, every=30.0))
    router = Router([rm.Agent("a", capacity=9, presence="offline")], settings=settings)
    router.set_presence("a", "available", 0.0)
    router.enqueue(rm.Conversation("c"), 110.0)
    assert router.dispatch(110.0).pairs() == {"c": "a"}
    router.enqueue(rm.Conversation("d"), 111.0)
    assert not router.dispatch(111.0).assignments
    assert router.next_wakeup == 120.0
    assert router.dispatch(120.0).pairs() == {"d": "a"}


def test_no_claim_of_a_hand_made_assignment_can_be_lost() -> None:
    """What was placed before somebody assigned it by hand is over, and says nothing of turns and limits any more."""
    router = Router([rm.Agent("a")], offers=20)
    router.enqueue(rm.Conversation("c"), 0.0)
    router.dispatch(0.0)
    router.assign_externally("c", "a", 1.0)
    with pytest.raises(RouterStateError, match="was not placed by the router"):
        router.claim_lost("c", 2.0)


@pytest.mark.parametrize("leaves", ["away", "offline", "removed"])
def test_nobody_waits_for_an_agent_who_left(leaves: str) -> None:
    """Who was kept waiting for a busy agent goes to another as soon as that agent is gone."""
    agents = [rm.Agent("a", {"x": 0.9}), rm.Agent("b", {"x": 0.3}, presence="away")]
    router = Router(agents, settings=RouterSettings(expected_handle_time=30.0))
    router.enqueue(rm.Conversation("c", {"x": 0.1}), 0.0)
    router.dispatch(0.0)
    router.enqueue(rm.Conversation("d", {"x": 0.1}, affinity={"a": 0.9}), 1.0)
    router.set_presence("b", "available", 1.0)
    assert router.dispatch(1.0).held["d"].reason == "waiting_is_worth_more"
    router.complete("c", 2.0)
    router.remove_agent("a", 2.0) if leaves == "removed" else router.set_presence("a", leaves, 2.0)
    assert router.dispatch(2.0).pairs() == {"d": "b"}


def test_urgent_mail_interrupts_no_mail() -> None:
    """What can be interrupted itself takes nobody's units, however urgent it is."""
    settings = RouterSettings(interruptible=["email"], reserves=[Reserve(1, priority=2)])
    router = Router([rm.Agent("a", capacity=2)], settings=settings)
    router.enqueue(rm.Conversation("call", channel="voice"), 0.0)
    router.enqueue(rm.Conversation("mail", channel="email", priority=2), 0.0)
    assert len(router.dispatch(0.0).assignments) == 2
    router.enqueue(rm.Conversation("urgent", channel="email", priority=2), 1.0)
    assert not router.dispatch(1.0).assignments
    assert router.load("a") == 2
