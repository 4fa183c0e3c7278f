"""What the columns of logs are called, in the words of many systems; earlier words go before later ones."""

from __future__ import annotations

__all__ = ["CALL_WORDS", "INTERVAL_WORDS"]


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """Return our names with their words: a name stands at the beginning of a line, its words in those below."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in text.strip().splitlines():
        if line.endswith(":"):
            name = line[:-1]
            found[name] = ()
        else:
            found[name] += tuple(line.split())
    return found


#: Logs with one row for each conversation.
CALL_WORDS = _table("""
id:
    id call_id callid conversation_id contact_id interaction_id ticket_id case_id session_id chat_id request_id
    task_id job_id segment_id uuid guid ucid number call_number ticket_number callno call conversation contact
    ticket
day:
    date day call_date start_date calendar_date business_date datum
menu_entered_at:
    vru_entry ivr_entry ivr_start vru_start ivr_entered_at menu_entered_at start_vru ivr_enter_time system_entry
menu_left_at:
    vru_exit ivr_exit ivr_end vru_end ivr_left_at menu_left_at ivr_exit_time
menu_time:
    vru_time ivr_time menu_time ivr_duration time_in_ivr
arrived_at:
    arrived_at arrival arrival_at arrival_time arrival_datetime arrived created_at created created_on creation_time
    created_date create_time opened_at opened open_time received_at received call_start call_start_time
    conversation_start conversation_start_time start_at started_at start_time start timestamp datetime date_time
    call_time initiation_timestamp initiated_at offered_at requested_at submitted_at request_time call_started
queued_at:
    queued_at q_start queue_entry queue_start queue_entered queue_entered_at entered_queue_at enqueued_at
    enqueue_timestamp enqueue_time queue_enter_time queue_entry_time queue_in queue_start_time in_queue_at
    date_enqueued
queue_left_at:
    queue_left_at q_exit queue_exit queue_end queue_left dequeued_at dequeue_timestamp dequeue_time queue_out
    queue_exit_time queue_end_time
waited:
    waited q_time wait_time wait queue_time time_in_queue wait_seconds waiting_time wait_duration queue_wait
    queue_duration time_to_answer speed_of_answer ring_time answer_time_seconds delay hold_before_answer
answered_at:
    answered_at ser_start answered answer_at answer_time answered_time service_start service_start_time connected_at
    connected_to_agent_timestamp connect_time accepted_at assigned_at agent_start pickup_at pickup_time handle_start
    serv_start picked_up_at first_response_at talk_start connected accept_time
ended_at:
    ended_at ser_exit ended end_at end_time end service_end service_exit serv_end closed_at closed close_time
    resolved_at completed_at disconnected_at disconnect_timestamp disconnect_time hangup_at hangup_time hung_up_at
    call_end call_end_time conversation_end conversation_end_time finished_at release_time solved_at abandoned_at
    abandon_time
handle_time:
    handle_time aht handled_time handling_time total_handle_time agent_interaction_duration handle_duration
    work_time active_time handle_seconds
talk_time:
    talk_time ser_time service_time talk talk_duration service_duration billsec conversation_time talk_seconds
    connected_time in_call_time
customer_hold_time:
    hold_time customer_hold_duration customer_hold_time on_hold hold_duration hold_seconds
wrap_up_time:
    wrap_up_time acw wrap_up wrapup after_call_work after_call_work_duration after_contact_work_duration acw_time
    wrap_time wrapup_time after_work wrap after_call_work_time wrap_up_seconds acw_seconds
conversation_type:
    conversation_type type call_type contact_type interaction_type reason call_reason contact_reason topic category
    service service_type skill intent subject request_type skill_name queue_type
channel:
    channel media media_type channel_type medium media_channel contact_channel
queue:
    queue queue_name queue_id queuename split split_skill csq acd_group vq virtual_queue workgroup_queue
customer:
    customer customer_id caller caller_id user_id client client_id ani account account_id phone phone_number
    requester requester_id customer_number member_id from_number cli
agent:
    agent server agent_id agent_name operator operator_id worker worker_id employee employee_id rep representative
    handled_by resolved_by assigned_to assignee agent_username user user_name handled_by_agent staff server_id
    advisor resource_name agent_login resolver
agent_group:
    agent_group team group agent_team assignment_group department team_name skill_group group_name site
    hierarchy_group
outcome:
    ending outcome disposition status result call_status end_reason disconnect_reason final_status state
    disposition_name call_outcome call_disposition abandoned is_abandoned abandon abandoned_flag
resolved:
    resolved is_resolved first_contact_resolution fcr solved resolution
satisfaction:
    satisfaction csat rating satisfaction_score survey_score nps score
value:
    value revenue amount sale sale_amount order_value
transfers:
    transfers transfer_count number_of_transfers num_transfers reassignment_count transferred
priority:
    priority prio importance call_priority urgency
due_at:
    due_at deadline due due_date sla_due_at target_time sla_deadline
""")

#: Tables with one row for each interval of time.
INTERVAL_WORDS = _table("""
day:
    date day calendar_date business_date datum
start_at:
    start_at interval_start interval start interval_start_time start_time time period half_hour halfhour slot
    timestamp datetime date_time starttime period_start from time_slot interval_start_at hour bin
end_at:
    end_at interval_end end end_time interval_end_time period_end to interval_end_at
length:
    length interval_length duration interval_seconds interval_minutes period_length
conversation_type:
    conversation_type type call_type skill queue queue_name split service contact_type category split_skill
    skill_name queue_id topic workgroup csq
offered:
    offered calls_offered contacts_offered offered_calls volume calls contacts conversations inbound arrivals
    calls_received received incoming incoming_calls acdcalls_offered entered calls_entered call_volume
    contacts_queued contacts_incoming n_offered noffered offered_contacts total_calls
answered:
    answered calls_answered handled calls_handled contacts_handled answered_calls acdcalls acd_calls
    contacts_answered n_answered accepted served
abandoned:
    abandoned calls_abandoned contacts_abandoned abandoned_calls abncalls abandons aban_calls abandon n_abandoned
    lost lost_calls
average_handle_time:
    average_handle_time aht avg_handle_time handle_time average_handling_time avg_aht mean_handle_time
average_wrap_up_time:
    average_wrap_up_time acw avg_acw average_acw after_call_work avg_wrap_up_time wrap_up_time
service_level:
    service_level sl sla svl servicelevel service_level_percent sl_percent percent_service_level answered_within
    within_service_level sl_20
average_speed_of_answer:
    average_speed_of_answer asa avg_speed_of_answer speed_of_answer average_wait avg_wait average_queue_time
    wait_time avg_queue_answer_time mean_wait average_wait_time
staffed:
    staffed agents_staffed staff staffed_agents agents positions positions_staffed logged_in agents_logged_in fte
    agents_on_shift avg_positions_staffed scheduled_agents
occupancy:
    occupancy occ agent_occupancy avg_occupancy
""")
