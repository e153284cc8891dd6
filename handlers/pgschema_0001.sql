-- Every event once, as it was received.
create table events (
    -- What all copies of an event have in common.
    id                  text primary key,
    type                text not null,
    -- The ICCID for events without a sim_sid, null for events of no SIM.
    sim_sid             text,
    -- When it happened, null when the event does not say.
    time                timestamptz,
    arrived_at          timestamptz not null,
    stored_at           timestamptz not null default now(),
    stream              text not null,
    shard               text not null,
    sequence_number     text not null,
    sub_sequence_number bigint not null,
    payload             jsonb,
    -- The payload that jsonb cannot hold, such as one with \u0000 in it.
    payload_raw         bytea,
    -- Why the event says nothing to its SIM's state, though it should.
    state_error         text,
    check (num_nonnulls(payload, payload_raw) = 1)
);

create index events_of_sim on events (sim_sid, time);

-- What is last known of each SIM. The columns are there to be queried; the
-- state is what they were made from, and what the next event is applied to.
create table sims (
    sim_sid         text primary key,
    iccid           text,
    attached        boolean,
    mcc             text,
    mnc             text,
    network         text,
    country         text,
    rat             text,
    -- The current data session, null when there is none.
    session_sid     text,
    session_start   timestamptz,
    session_download bigint,
    session_upload  bigint,
    session_total   bigint,
    error_code      integer,
    error_message   text,
    error_at        timestamptz,
    -- Attachments accepted in the hour before the last event.
    flaps_per_hour  integer not null default 0,
    last_event_id   text,
    last_event_type text,
    last_event_at   timestamptz,
    state           jsonb not null default '{}',
    updated_at      timestamptz not null default now()
);

create index sims_by_iccid on sims (iccid);
