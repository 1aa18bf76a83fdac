-- How long a failed event waits. Exponential with the attempts made, jittered down to its half, so that
-- events which failed together do not come back together.
create function outbox_backoff(attempts integer, base_seconds integer, max_seconds integer) returns interval
language sql volatile
return make_interval(secs =>
  least(max_seconds, base_seconds * power(2, least(greatest(attempts, 1) - 1, 30))) * (0.5 + random() / 2))
--> statement-breakpoint

-- Claims the oldest due events for a lease token and answers with them, then with one row without an id that
-- carries the batch's counts. Idempotent per token, so a repeated call answers with the same events. The lock
-- comes in a statement of its own before the look at the table. Inside one statement it would be too late,
-- since that statement's snapshot is older than the lock.
--
-- It costs the same whatever the statistics say. Most of the time nothing is due, and statistics gathered then
-- promise that nothing ever is. By them every plan that reads and sorts the whole backlog looks cheap, and claims
-- from the first burst would take seconds. Without sorts the look at what is due can only walk its index in order.
-- A sort that cannot be avoided looks so expensive then that it would be compiled, hence no JIT. No update is run
-- with an empty list of ids, because PostgreSQL takes that for a condition which implies every partial index, and
-- may read one from end to end.
create function claim_outbox_events(
  token uuid, run text, max_events integer, max_state_bytes integer, max_inline_bytes integer,
  lease_seconds integer, max_attempts integer, expires_at timestamptz default null, sent_at timestamptz default null
) returns table (
  id uuid, event_type text, detail text, trace_header text, created_at_ms bigint, attempts integer, given_back boolean,
  more boolean, failed_for_good integer, reclaimed integer, paused boolean
) language plpgsql
set search_path from current set enable_sort = off set enable_seqscan = off set jit = off
as $$
#variable_conflict use_column
declare
  -- What an event takes in the state beside its detail. Names, ids, time, the envelope's braces.
  envelope_bytes constant integer = 256;
  -- CLOCK_TOLERANCE_MS of outbox/clocks.ts.
  clock_tolerance constant interval = interval '1 second';
  received_at timestamptz;
  candidate record;
  scanned integer = 0;
  bytes integer = 0;
  claimed_ids uuid[] = '{}';
  exhausted_ids uuid[] = '{}';
  reclaimed_count integer = 0;
  has_more boolean = false;
  is_paused boolean = false;
begin
  perform pg_advisory_xact_lock(hashtextextended(cast(token as text), 0));
  received_at = clock_timestamp();
  -- The next check needs clocks that agree. A call that came before it was sent proves that they do not.
  if received_at < sent_at - clock_tolerance then
    raise exception 'clocks differ, the database''s says % and the function''s said % before, when it sent this claim', received_at, sent_at
      using errcode = 'OB001';
  end if;
  -- A function that was slow to start may call when its run has asked again, found nothing due and ended. What it
  -- claimed then would be nobody's until the lease ends. From here a clock that is ahead looks the same.
  if received_at > expires_at then
    raise exception 'this claim comes too late, or clocks differ. By the function''s clock it was sent at % and is waited for until %, by the database''s it is %',
      coalesce(cast(sent_at as text), 'an unknown time'), expires_at, received_at
      using errcode = 'OB002';
  end if;

  if exists (select from outbox_events e where e.lease_token = token and e.status = 'PROCESSING') then
    has_more = exists (select from outbox_events e where e.due_at <= now());
  elsif exists (select from outbox_installation where paused_at is not null) then
    is_paused = true;
  else
    for candidate in
      select e.id, e.status, e.attempts,
        envelope_bytes + octet_length(cast(to_json(e.event_type) as text))
          + coalesce(octet_length(cast(to_json(e.trace_header) as text)), 0)
          + case when e.state_bytes <= max_inline_bytes then e.state_bytes else 0 end as bytes
      from outbox_events e
      where e.due_at <= now()
      order by e.due_at, e.sequence
      limit max_events
      for update skip locked
    loop
      scanned = scanned + 1;
      if candidate.attempts >= max_attempts then
        exhausted_ids = exhausted_ids || candidate.id;
        continue;
      end if;
      if bytes + candidate.bytes > max_state_bytes and cardinality(claimed_ids) > 0 then
        has_more = true;
        exit;
      end if;
      bytes = bytes + candidate.bytes;
      claimed_ids = claimed_ids || candidate.id;
      reclaimed_count = reclaimed_count + cast(candidate.status = 'PROCESSING' as integer);
    end loop;
    has_more = has_more or scanned = max_events;

    -- A lease that ran out on the last attempt. Handing the row out again would exceed the attempts, leaving
    -- it alone would lose it, so it waits for a person.
    if cardinality(exhausted_ids) > 0 then
      update outbox_events e
      set status = 'FAILED', due_at = null, failed_at = now(),
        last_error_type = case e.status when 'PROCESSING' then 'LeaseExpired' else coalesce(e.last_error_type, 'AttemptsExhausted') end,
        last_error = case e.status when 'PROCESSING'
          then 'the last attempt ended without an outcome, the event may have been published'
          else coalesce(e.last_error, 'no attempt was left') end
      where e.id = any (exhausted_ids);
    end if;

    if cardinality(claimed_ids) > 0 then
      update outbox_events e
      set status = 'PROCESSING', due_at = now() + make_interval(secs => lease_seconds),
        attempts = e.attempts + 1, lease_token = token, run_id = run
      where e.id = any (claimed_ids);
    end if;
  end if;

  return query
    select e.id, e.event_type,
      case when e.state_bytes <= max_inline_bytes then outbox_detail(e.id, e.aggregate_id, e.payload) end,
      e.trace_header, cast(floor(extract(epoch from e.created_at) * 1000) as bigint), e.attempts,
      e.given_back_since is not null, cast(null as boolean), cast(null as integer), cast(null as integer), cast(null as boolean)
    from outbox_events e
    where e.lease_token = token and e.status = 'PROCESSING'
    order by e.sequence;

  return query
    select cast(null as uuid), cast(null as text), cast(null as text), cast(null as text), cast(null as bigint),
      cast(null as integer), cast(null as boolean), has_more, cardinality(exhausted_ids), reclaimed_count, is_paused;
end
$$
--> statement-breakpoint

-- One number of outbox_backlog. Counted up to 1,000 and along a partial index, so that looking costs the same at any
-- backlog and any history, whatever the statistics say. The pending ones are found among all that is unfinished, so
-- that very many events in processing make these two counts slower.
create function outbox_count(what text) returns bigint language plpgsql stable
set search_path from current
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
begin
  case what
    when 'pending' then return (select count(*) from (
      select from outbox_events where due_at is not null and status = 'PENDING' limit 1000) as pending);
    when 'due' then return (select count(*) from (
      select from outbox_events where due_at <= now() limit 1000) as due);
    when 'due later' then return (select count(*) from (
      select from outbox_events where due_at > now() and status = 'PENDING' limit 1000) as due_later);
    when 'processing' then return (select count(*) from (
      select from outbox_events where status = 'PROCESSING' limit 1000) as processing);
    when 'failed' then return (select count(*) from (
      select from outbox_events where status = 'FAILED' limit 1000) as failed);
    when 'processed' then return (select count(*) from (
      select from outbox_events where status = 'PROCESSED' limit 1000) as processed);
  end case;
end
$$
--> statement-breakpoint

-- How the outbox stands, for everybody who asks. Metrics, CLI, page and live view. Only the columns that a query names
-- are computed.
create view outbox_backlog as
select
  outbox_count('pending') as pending,
  outbox_count('due') as due,
  outbox_count('due later') as due_later,
  outbox_count('processing') as processing,
  outbox_count('failed') as failed,
  outbox_count('processed') as processed,
  cast(greatest(0, coalesce((
    select extract(epoch from now() - min(ready_at)) from outbox_events
    where processed_at is null and failed_at is null), 0)) as double precision) as lag_seconds,
  (select max(processed_at) from outbox_events where status = 'PROCESSED') as last_processed_at
--> statement-breakpoint
comment on column outbox_backlog.pending is 'status PENDING, due, delayed by their producer, or in backoff'
--> statement-breakpoint
comment on column outbox_backlog.due is 'what a claim would take now, events included whose lease has run out'
--> statement-breakpoint
comment on column outbox_backlog.due_later is 'the pending ones that are delayed by their producer or in backoff'
--> statement-breakpoint
comment on column outbox_backlog.lag_seconds is 'since the oldest unfinished event could first be published'
