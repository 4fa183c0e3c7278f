"""What each verb of the router does to conversations, agents and offers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

import routematch as rm
from routematch.errors import InvalidInputError, RouterStateError, UnknownNameError
from routematch.model.events import ConversationAbandoned, Dispatched, OfferExpired
from routematch.router import (
    HostConversation,
    HostState,
    OfferRules,
    RampIn,
    RateLimit,
    Reserve,
    Router,
    RouterSettings,
)

ANA, BO = rm.Agent("ana", {"billing": 0.9}), rm.Agent("bo", {"billing": 0.6})


def chat(name: str, **given: object) -> rm.Conversation:
    """Return a chat about billing."""
    return rm.Conversation(name, {"billing": 0.5}, **given)  # type: ignore[arg-type]


def desk(*agents: rm.Agent, **given: object) -> Router:
    """Return a router, of Ana and Bo where nobody is named."""
    return Router(agents or (ANA, BO), **given)  # type: ignore[arg-type]


# --- conversations ---------------------------------------------------------------------------------------------------


def test_best_agent_gets_the_first_conversation() -> None:
    """A conversation goes to the best free agent, a second one to the next."""
    router = desk()
    assert router.enqueue(chat("a"), 0.0) == rm.model.Admission("waiting")
    assert router.dispatch(0.0).pairs() == {"a": "ana"}
    router.enqueue(chat("b"), 1.0)
    assert router.dispatch(1.0).pairs() == {"b": "bo"}
    assert router.status("a") == router.status("b") == "active"


def test_nothing_is_decided_twice() -> None:
    """A dispatch without a change gives an empty plan and leaves no record."""
    router = desk()
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    records = len(router.journal)
    assert not router.dispatch(5.0).assignments
    assert len(router.journal) == records


def test_waiting_conversation_is_served_when_an_agent_is_free() -> None:
    """Who waits longest gets the agent who becomes free."""
    router = desk(ANA)
    for name in "abc":
        router.enqueue(chat(name), ord(name) - 97.0)
    router.dispatch(5.0)
    assert [held.reason for held in router.held.values()] == ["needed_elsewhere", "needed_elsewhere"]
    router.complete("a", 10.0)
    assert router.dispatch(10.0).pairs() == {"b": "ana"}


def test_burst_is_matched_jointly() -> None:
    """Conversations that came together are decided together: the specialist is kept for whom only she can serve."""
    ana = rm.Agent("ana", {"billing": 0.9, "spanish": 0.9})
    router = desk(ana, BO)
    router.enqueue(chat("plain"), 0.0)
    router.enqueue(rm.Conversation("es", {"spanish": 0.5}), 0.0)
    assert router.dispatch(0.0).pairs() == {"plain": "bo", "es": "ana"}


def test_paused_conversation_frees_units_and_returns_to_its_agent() -> None:
    """A snoozed conversation leaves room for another, and wakes to the agent who had it."""
    router = desk(rm.Agent("ana", {"billing": 0.7}), rm.Agent("bo", {"billing": 0.8}))
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    assert router.agent_of("a") == "bo"
    router.pause("a", 10.0, resume_at=100.0)
    assert router.load("bo") == 0
    assert router.next_wakeup == 100.0
    router.set_presence("bo", "away", 20.0)
    router.set_presence("bo", "available", 30.0)
    assert router.dispatch(100.0).pairs() == {"a": "bo"}


def test_returning_conversation_waits_for_its_busy_agent_by_price_and_not_for_ever() -> None:
    """It waits for the one who had it while that is worth more than being served at once; then it goes elsewhere."""
    settings = RouterSettings(return_value=0.5, expected_handle_time=60.0)
    router = desk(rm.Agent("ana", {"billing": 0.9}), rm.Agent("bo", {"billing": 0.8}), settings=settings)
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    router.pause("a", 1.0)
    router.enqueue(chat("b"), 2.0)
    assert router.dispatch(2.0).pairs() == {"b": "ana"}
    router.resume("a", 3.0)
    plan = router.dispatch(3.0)
    assert plan.held["a"].reason == "waiting_is_worth_more"
    wakeup = router.next_wakeup
    assert wakeup is not None
    assert 3.0 < wakeup < 3.0 + 3600
    assert router.dispatch(wakeup - 1e-3).assignments == {}
    late = 3.0
    while router.status("a") == "waiting":
        assert router.next_wakeup is not None
        assert router.next_wakeup > late
        late = router.next_wakeup
        router.dispatch(late)
        assert late < 7200
    assert router.agent_of("a") == "bo"


def test_abandoned_conversation_is_gone() -> None:
    """What was abandoned is never assigned."""
    router = desk()
    router.enqueue(chat("a"), 0.0)
    router.abandon("a", 1.0)
    assert not router.dispatch(1.0).assignments
    assert router.status("a") == "abandoned"


def test_transfer_keeps_the_waiting_time_and_may_exclude_the_agent() -> None:
    """A transferred conversation waits with its original arrival and avoids the agent only where that is asked."""
    router = desk(ANA)
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    router.transfer("a", 50.0, exclude_agent=True)
    assert router.dispatch(50.0).held["a"].blocked_by == "exclusions"
    assert router.context("a").arrived_at == 0.0
    router.update_agent(BO, 60.0)
    assert router.dispatch(60.0).pairs() == {"a": "bo"}
    router.transfer("a", 70.0)
    assert router.dispatch(70.0).pairs() == {"a": "bo"}


def test_escalation_from_a_bot_goes_to_a_human_with_its_history() -> None:
    """What a bot cannot do goes to a person, who sees what was tried."""
    bot = rm.Agent("bot", {"billing": 1.0}, kind="bot", capacity=100)
    router = desk(bot, BO)
    router.enqueue(chat("a"), 0.0)
    assert router.dispatch(0.0).pairs() == {"a": "bot"}
    router.escalate("a", 30.0)
    assert router.dispatch(30.0).pairs() == {"a": "bo"}
    context = router.context("a")
    assert [(attempt.agent, attempt.ending) for attempt in context.attempts] == [("bot", "escalated"), ("bo", None)]
    assert (context.escalations, context.arrived_at) == (1, 0.0)


def test_escalation_to_a_queue() -> None:
    """A conversation can be sent to another declared queue."""
    agents = [rm.Agent("ana", queues=["first"]), rm.Agent("bo", queues=["second"])]
    router = Router(agents, queues=[rm.Queue("first"), rm.Queue("second")])
    router.enqueue(rm.Conversation("a", queue="first"), 0.0)
    assert router.dispatch(0.0).pairs() == {"a": "ana"}
    router.escalate("a", 5.0, to="second")
    assert router.dispatch(5.0).pairs() == {"a": "bo"}
    with pytest.raises(UnknownNameError):
        router.escalate("a", 6.0, to="thrid")


def test_reopened_conversation_prefers_who_had_it() -> None:
    """A conversation that comes back goes to its agent when both are free."""
    router = desk(rm.Agent("ana", {"billing": 0.7}), rm.Agent("bo", {"billing": 0.6}))
    router.enqueue(chat("x"), 0.0)
    router.enqueue(chat("a"), 1.0)
    router.dispatch(1.0)
    assert router.agent_of("a") == "bo"
    router.complete("a", 60.0)
    router.complete("x", 60.0)
    assert router.reopen("a", 100.0) == rm.model.Admission("waiting")
    assert router.dispatch(100.0).pairs() == {"a": "bo"}


def test_same_customer_reaches_who_knows_them_on_any_channel() -> None:
    """A customer who returns by mail gets the agent of the chat."""
    agents = [rm.Agent("ana", {"billing": 0.8}), rm.Agent("bo", {"billing": 0.7})]
    router = Router(agents)
    router.enqueue(chat("x"), 0.0)
    router.enqueue(chat("a", customer="mia"), 1.0)
    router.dispatch(1.0)
    assert router.agent_of("a") == "bo"
    router.complete("a", 60.0)
    router.complete("x", 60.0)
    router.enqueue(chat("b", customer="mia", channel="email"), 3600.0)
    assert router.dispatch(3600.0).pairs() == {"b": "bo"}
    assert router.context("b").known_agents == ("bo",)


def test_proactive_work_begins_when_it_may() -> None:
    """Outreach waits for its earliest time and is not lost."""
    router = desk()
    assert router.enqueue(chat("call"), 0.0, earliest_at=500.0) == rm.model.Admission("scheduled")
    assert not router.dispatch(0.0).assignments
    assert router.next_wakeup == 500.0
    assert router.dispatch(500.0).pairs() == {"call": "ana"}
    assert router.context("call").arrived_at == 500.0


def test_updated_conversation_may_cost_less() -> None:
    """An idle chat that the host counts as less leaves room for another."""
    router = desk(ANA)
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    router.enqueue(chat("b"), 1.0)
    router.dispatch(1.0)
    router.update_conversation(chat("a"), 2.0, units=0.0)
    assert router.dispatch(2.0).pairs() == {"b": "ana"}


# --- out of order ----------------------------------------------------------------------------------------------------


def test_impossible_calls_change_nothing() -> None:
    """A call that does not fit the state is refused, and the state is as before."""
    router = desk(offers=20)
    router.enqueue(chat("a"), 0.0)
    offer = router.dispatch(0.0).offers[0]
    before = router.snapshot()
    for call in (
        lambda: router.complete("a", 1.0),
        lambda: router.complete("nobody", 1.0),
        lambda: router.enqueue(chat("a"), 1.0),
        lambda: router.resume("a", 1.0),
        lambda: router.reopen("a", 1.0),
        lambda: router.transfer("a", 1.0),
        lambda: router.accept("offer-77", 1.0),
        lambda: router.set_presence("zoe", "away", 1.0),
        lambda: router.assign_externally("a", "zoe", 1.0),
        lambda: router.remove_agent("zoe", 1.0),
    ):
        with pytest.raises(RouterStateError):
            call()
        assert router.snapshot() == before
    router.accept(offer.id, 2.0)
    assert router.status("a") == "active"


def test_events_are_heard_once() -> None:
    """The same event id a second time changes nothing."""
    router = desk()
    router.enqueue(chat("a"), 0.0, event_id="e1")
    assert router.enqueue(chat("a"), 0.0, event_id="e1") is None
    router.dispatch(0.0)
    router.complete("a", 5.0, event_id="e2")
    before = router.snapshot()
    router.complete("a", 6.0, event_id="e2")
    router.handle(ConversationAbandoned("a", 7.0, event_id="e1"))
    assert router.snapshot() == before


def test_clock_that_runs_backwards_neither_expires_nor_reopens() -> None:
    """Time never runs backwards: an earlier instant counts as the latest one heard of."""
    router = desk(ANA, offers=20)
    router.enqueue(chat("a"), 100.0)
    offer = router.dispatch(100.0).offers[0]
    router.dispatch(121.0)
    with pytest.raises(RouterStateError):
        router.accept(offer.id, 105.0)
    assert router.now == 121.0


def test_records_of_the_router_are_not_taken_from_the_host() -> None:
    """Nobody but the router says that it decided, or that time ran out."""
    for record in (Dispatched(at=1.0), OfferExpired("offer-1", 1.0), "late"):
        with pytest.raises(InvalidInputError, match="must be an event of the host"):
            desk().handle(record)  # type: ignore[arg-type]


# --- offers ----------------------------------------------------------------------------------------------------------


def test_offer_holds_capacity_until_it_ends() -> None:
    """While an offer stands, its agent is offered nothing more than it can hold."""
    router = desk(ANA, offers=20)
    router.enqueue(chat("a"), 0.0)
    router.enqueue(chat("b"), 0.0)
    plan = router.dispatch(0.0)
    assert [(offer.conversation, offer.agent, offer.expires_at) for offer in plan.offers] == [("a", "ana", 20.0)]
    assert router.status("a") == "offered"
    assert router.load("ana") == 1
    assert not router.dispatch(10.0).offers


def test_expired_offer_goes_to_the_next_agent_and_keeps_the_waiting_time() -> None:
    """Silence ends an offer; the conversation goes on with its arrival."""
    router = desk(offers=20)
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    assert router.next_wakeup == 20.0
    plan = router.dispatch(20.0)
    assert [(offer.agent, offer.id) for offer in plan.offers] == [("bo", "offer-2")]
    assert plan.offers[0].context is not None
    assert [a.ending for a in plan.offers[0].context.attempts] == ["expired", None]
    assert plan.offers[0].context.arrived_at == 0.0


def test_single_agents_decline_fades() -> None:
    """The only agent is asked again after a while, each time later."""
    router = desk(ANA, offers=OfferRules(20, repeat_after=60.0))
    router.enqueue(chat("a"), 0.0)
    router.decline(router.dispatch(0.0).offers[0].id, 5.0)
    assert not router.dispatch(5.0).offers
    assert router.next_wakeup == 65.0
    again = router.dispatch(65.0).offers[0]
    router.decline(again.id, 70.0)
    router.dispatch(70.0)
    assert router.next_wakeup == 70.0 + 120.0


def test_agent_who_misses_offers_is_paused_and_comes_back_by_presence() -> None:
    """Three silences in a row pause an agent; saying that it is available ends that."""
    router = desk(ANA, offers=OfferRules(10, repeat_after=0.0, pause_after_missed=3, pause_time=300))
    router.enqueue(chat("a"), 0.0)
    for step in range(3):
        assert len(router.dispatch(step * 10.0).offers) == 1
    assert not router.dispatch(30.0).offers
    assert router.next_wakeup == 330.0
    router.set_presence("ana", "available", 40.0)
    assert len(router.dispatch(40.0).offers) == 1


def test_presence_wins_over_a_late_accept() -> None:
    """Who went away no longer has the offer, and the plan says it was revoked."""
    router = desk(offers=20)
    router.enqueue(chat("a"), 0.0)
    offer = router.dispatch(0.0).offers[0]
    router.set_presence("ana", "away", 5.0)
    with pytest.raises(RouterStateError, match="is not open"):
        router.accept(offer.id, 6.0)
    plan = router.dispatch(6.0)
    assert [revoked.id for revoked in plan.revoked] == [offer.id]
    assert [made.agent for made in plan.offers] == ["bo"]


def test_lost_claim_costs_nobody_a_turn() -> None:
    """An assignment the host could not claim is undone: the agent is as idle as before."""
    agents = [rm.Agent(name, idle_since=at) for name, at in (("ana", 10.0), ("bo", 20.0))]
    router = Router(agents, policy=rm.policies.round_robin())
    for name in "abc":
        router.enqueue(rm.Conversation(name), 30.0)
        plan = router.dispatch(30.0)
        if name == "a":
            first = plan.pairs()["a"]
            router.claim_lost("a", 31.0)
            router.abandon("a", 31.0)
        elif name == "b":
            assert plan.pairs()["b"] == first


def test_assignment_by_hand_always_wins() -> None:
    """What a person assigned stays so: offers are revoked, other agents lose it."""
    router = desk(offers=20)
    router.enqueue(chat("a"), 0.0)
    offer = router.dispatch(0.0).offers[0]
    router.assign_externally("a", "bo", 3.0)
    assert router.agent_of("a") == "bo"
    with pytest.raises(RouterStateError):
        router.accept(offer.id, 4.0)
    router.assign_externally("a", "ana", 5.0)
    assert (router.load("ana"), router.load("bo")) == (1, 0)


# --- agents ----------------------------------------------------------------------------------------------------------


def test_lost_agent_keeps_its_work_for_a_grace_time() -> None:
    """Who comes back in time goes on; who does not gives its conversations back with their waiting time."""
    router = desk(settings=RouterSettings(grace_time={"chat": 30}))
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    router.set_presence("ana", "offline", 10.0)
    router.set_presence("ana", "available", 20.0)
    router.dispatch(45.0)
    assert router.agent_of("a") == "ana"
    router.set_presence("ana", "offline", 50.0)
    assert router.next_wakeup == 80.0
    assert router.dispatch(80.0).pairs() == {"a": "bo"}
    assert router.context("a").arrived_at == 0.0


def test_removed_agent_loses_everything_at_once() -> None:
    """What a removed agent had waits again."""
    router = desk()
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    router.remove_agent("ana", 5.0)
    assert router.dispatch(5.0).pairs() == {"a": "bo"}


@pytest.mark.parametrize("scope", ["units", "agent"])
def test_wrap_up_keeps_an_agent(scope: str) -> None:
    """After a conversation an agent is kept until its wrap-up is over, or it says so."""
    router = desk(ANA, settings=RouterSettings(wrap_up_time=30, wrap_up_scope=scope))
    router.enqueue(chat("a"), 0.0)
    router.enqueue(chat("b"), 0.0)
    router.dispatch(0.0)
    router.complete("a", 10.0)
    assert not router.dispatch(10.0).assignments
    assert router.next_wakeup == 40.0
    assert router.dispatch(40.0).pairs() == {"b": "ana"}
    router.enqueue(chat("c"), 41.0)
    router.complete("b", 50.0)
    router.end_wrap_up("ana", 55.0)
    assert router.dispatch(55.0).pairs() == {"c": "ana"}


def test_nothing_new_near_the_end_of_a_shift() -> None:
    """Calls stop a quarter of an hour before the end, mail goes on; off shift nothing comes."""
    ana = rm.Agent("ana", capacity=10, shifts=[rm.Shift(0.0, 3600.0), rm.Shift(7200.0, 9000.0)])
    router = Router([ana], settings=RouterSettings(shift_margin={"voice": 900}))
    router.enqueue(rm.Conversation("early", channel="voice"), 2699.0)
    assert router.dispatch(2699.0).pairs() == {"early": "ana"}
    router.enqueue(rm.Conversation("late", channel="voice"), 2700.0)
    router.enqueue(rm.Conversation("mail", channel="email"), 2700.0)
    assert router.dispatch(2700.0).pairs() == {"mail": "ana"}
    router.enqueue(rm.Conversation("mail2", channel="email"), 3600.0)
    assert not router.dispatch(3600.0).assignments
    assert router.next_wakeup == 7200.0
    assert set(router.dispatch(7200.0).pairs()) == {"late", "mail2"}


def test_returning_agent_is_not_flooded() -> None:
    """For a while after coming back, an agent gets one conversation in thirty seconds."""
    settings = RouterSettings(ramp_in=RampIn(120, count=1, every=30))
    router = desk(rm.Agent("ana", capacity=5, presence="offline"), settings=settings)
    for name in "abcde":
        router.enqueue(rm.Conversation(name), 0.0)
    router.dispatch(0.0)
    router.set_presence("ana", "available", 100.0)
    assert len(router.dispatch(100.0).assignments) == 1
    assert router.next_wakeup == 130.0
    assert len(router.dispatch(130.0).assignments) == 1
    assert len(router.dispatch(160.0).assignments) == 1
    assert len(router.dispatch(220.0).assignments) == 2


def test_rate_limit_holds_over_any_window() -> None:
    """Two a minute are two a minute, whoever is free."""
    router = desk(rm.Agent("ana", capacity=9), settings=RouterSettings(rate_limit=RateLimit(2, 60)))
    for name in "abcde":
        router.enqueue(rm.Conversation(name), 0.0)
    assert list(router.dispatch(0.0).pairs()) == ["a", "b"]
    assert router.next_wakeup == 60.0
    assert list(router.dispatch(60.0).pairs()) == ["c", "d"]


def test_call_interrupts_mail_and_mail_goes_on() -> None:
    """A call takes the units of running mail, which rests and goes on when the call is over."""
    capacity = rm.Capacity(2, costs={"voice": 2, "email": 1})
    router = Router([rm.Agent("ana", capacity=capacity)], settings=RouterSettings(interruptible=["email"]))
    for name in ("m1", "m2"):
        router.enqueue(rm.Conversation(name, channel="email"), 0.0)
    assert len(router.dispatch(0.0).assignments) == 2
    router.enqueue(rm.Conversation("call", channel="voice"), 10.0)
    router.enqueue(rm.Conversation("m3", channel="email"), 10.0)
    assert router.dispatch(10.0).pairs() == {"call": "ana"}
    assert router.load("ana") == 2
    router.complete("call", 60.0)
    assert not router.dispatch(60.0).assignments
    assert router.load("ana") == 2
    router.complete("m1", 90.0)
    assert router.dispatch(90.0).pairs() == {"m3": "ana"}


def test_reserve_is_kept_for_urgent_work() -> None:
    """One idle agent is kept for what is urgent."""
    router = desk(settings=RouterSettings(reserves=[Reserve(1, priority=5)]))
    for name in "ab":
        router.enqueue(chat(name), 0.0)
    assert len(router.dispatch(0.0).assignments) == 1
    router.enqueue(chat("urgent", priority=5), 1.0)
    assert set(router.dispatch(1.0).pairs()) == {"urgent"}


# --- queues ----------------------------------------------------------------------------------------------------------


def test_full_queue_overflows_or_refuses() -> None:
    """What is too much goes to the next queue, and is refused where there is none."""
    queues = [rm.Queue("first", length_limit=1, overflow="second"), rm.Queue("second", length_limit=1)]
    router = Router([], queues=queues)
    said = [router.enqueue(rm.Conversation(name, queue="first"), 0.0) for name in "abc"]
    assert [(admission.status, admission.queue, admission.reason) for admission in said if admission] == [
        ("waiting", "first", None),
        ("overflowed", "second", "full"),
        ("refused", "second", "full"),
    ]
    assert router.status("c") == "refused"


def test_conversation_that_waits_too_long_overflows() -> None:
    """A queue's wait limit moves a conversation on at its instant."""
    queues = [rm.Queue("first", wait_limit=60, overflow="second"), rm.Queue("second")]
    router = Router([rm.Agent("bo", queues=["second"])], queues=queues)
    router.enqueue(rm.Conversation("a", queue="first"), 0.0)
    assert not router.dispatch(0.0).assignments
    assert router.next_wakeup == 60.0
    assert router.dispatch(60.0).pairs() == {"a": "bo"}


def test_closed_queue_refuses() -> None:
    """Outside opening hours nobody is let in; a closed queue says so."""
    hours = rm.Hours("Europe/Berlin", {"mon-fri": "09:00-17:00"})
    router = Router([ANA], queues=[rm.Queue("q", hours=hours)])
    open_at, closed_at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC), datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    assert router.enqueue(rm.Conversation("a", queue="q"), open_at) == rm.model.Admission("waiting", "q")
    said = router.enqueue(rm.Conversation("b", queue="q"), closed_at)
    assert said == rm.model.Admission("refused", "q", "closed")


# --- time ------------------------------------------------------------------------------------------------------------


def test_relaxation_wakes_the_router() -> None:
    """A requirement that relaxes is looked at again at that instant."""
    relaxing = rm.Requirement("billing", 0.8, relax=(rm.After(60, at_least=0.5),))
    router = desk(BO)
    router.enqueue(rm.Conversation("a", relaxing), 0.0)
    assert not router.dispatch(0.0).assignments
    assert router.next_wakeup == 60.0
    assert router.dispatch(60.0).pairs() == {"a": "bo"}


def test_batch_window_gathers_arrivals() -> None:
    """Within the window nothing is decided; at its end everything together."""
    router = desk(rm.Agent("ana", {"billing": 0.9, "x": 0.9}), BO, settings=RouterSettings(batch_time=5))
    router.enqueue(chat("a"), 0.0)
    assert not router.dispatch(0.0).assignments
    router.enqueue(rm.Conversation("b", {"x": 0.5}), 3.0)
    assert router.next_wakeup == 5.0
    assert router.dispatch(5.0).pairs() == {"a": "bo", "b": "ana"}


# --- questions -------------------------------------------------------------------------------------------------------


def test_next_for_names_what_the_best_plan_gives() -> None:
    """Pulling gives what the joint plan gives; asking changes nothing."""
    router = desk(rm.Agent("ana", {"billing": 0.9, "spanish": 0.9}), BO)
    router.enqueue(chat("plain"), 0.0)
    router.enqueue(rm.Conversation("es", {"spanish": 0.5}), 0.0)
    before = router.snapshot()
    assert [router.next_for(agent, 0.0).conversation for agent in ("ana", "bo")] == ["es", "plain"]
    assert router.snapshot() == before
    router.set_presence("bo", "away", 1.0)
    assert router.next_for("bo", 1.0).conversation is None


def test_candidates_rank_all_and_say_why_not() -> None:
    """A supervisor sees who could take a conversation, best first, and why the others could not."""
    router = desk(ANA, BO, rm.Agent("cy", {"billing": 0.2}))
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    found = router.candidates("a", 1.0)
    assert [(c.agent, c.blocked_by) for c in found] == [("bo", None), ("ana", "room"), ("cy", "skills")]
    assert found[0].worth is not None


def test_explain_waiting_and_past_decisions() -> None:
    """A decision is explained after the fact, also when its plan is long forgotten."""
    router = desk()
    router.enqueue(chat("a"), 0.0)
    router.dispatch(0.0)
    fresh = str(router.explain("a"))
    for number in range(80):
        router.enqueue(chat(f"more-{number}"), 1.0 + number)
        router.dispatch(1.0 + number)
        router.complete(f"more-{number}" if router.status(f"more-{number}") == "active" else "a", 1.5 + number)
        router.dispatch(1.5 + number)
    assert str(router.explain("a")) == fresh
    router.enqueue(rm.Conversation("french", {"french": 0.5}), 100.0)
    router.dispatch(100.0)
    assert "french" in str(router.explain("french"))


def test_reconcile_finds_and_repairs_drift() -> None:
    """Everything the host has otherwise is put right the host's way, and a second look finds nothing."""
    router = desk(ANA, BO)
    for name in "abc":
        router.enqueue(chat(name), 0.0)
    router.dispatch(0.0)
    host = HostState(
        {
            "a": HostConversation("waiting"),
            "b": HostConversation("active", "ana"),
            "d": HostConversation("waiting", conversation=chat("d")),
        },
        {"ana": "available", "bo": "away"},
    )
    found = router.reconcile(host, 10.0)
    assert {(drift.kind, drift.subject) for drift in found} == {
        ("agent", "bo"),
        ("conversation", "a"),
        ("conversation", "b"),
        ("conversation", "c"),
        ("conversation", "d"),
    }
    assert (router.agent_of("b"), router.status("c"), router.status("d")) == ("ana", "abandoned", "waiting")
    assert router.reconcile(host, 11.0) == ()


# --- memory ----------------------------------------------------------------------------------------------------------


def test_snapshot_survives_json_and_goes_on_alike() -> None:
    """A router restored from JSON decides what the original decides."""
    router = desk(offers=20, settings=RouterSettings(wrap_up_time=10))
    for number in range(6):
        router.enqueue(chat(f"c{number}"), float(number))
        for offer in router.dispatch(float(number)).offers:
            if number % 2:
                router.accept(offer.id, float(number))
    data = json.loads(json.dumps(router.snapshot(), allow_nan=False))
    other = Router.restore(data)
    assert other.snapshot() == router.snapshot()
    assert other.next_wakeup == router.next_wakeup
    assert other.dispatch(30.0).pairs() == router.dispatch(30.0).pairs()
    assert other.snapshot() == router.snapshot()
