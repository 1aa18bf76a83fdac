-- Claims due events for a lease token, the oldest ones without an order and the first ones of due keys, and answers with
-- them, then with one row without an id that carries the batch's counts. Idempotent per token, so a repeated call
-- answers with the same events. Events of one key are answered in their order, and no other run gets that key while one
-- of them is in processing. What the function without max_per_key says about its plan, clocks and locks holds here too.
create function claim_outbox_events(
  token uuid, run text, max_events integer, max_state_bytes integer, max_inline_bytes integer,
  lease_seconds integer, max_attempts integer, expires_at timestamptz, sent_at timestamptz,
  max_per_key integer, skip_failed boolean
) returns table (
  id uuid, event_type text, detail text, trace_header text, created_at_ms bigint, attempts integer, given_back boolean,
  ordering_key text, sequence bigint, previous_sequence bigint, detail_bytes integer, row_version bigint,
  more boolean, failed_for_good integer, reclaimed integer, paused boolean
) language plpgsql
set search_path from current set enable_sort = off set enable_seqscan = off set jit = off
as $$
#variable_conflict use_column
declare
  -- A row of a Data API answer holds 64 KB.
  max_detail_bytes constant integer = 60000;
  -- CLOCK_TOLERANCE_MS of outbox/clocks.ts.
  clock_tolerance constant interval = interval '1 second';
  received_at timestamptz;
  lease_end timestamptz = now() + make_interval(secs => lease_seconds);
  is_repeated boolean;
  -- From where on to look for what is due.
  front timestamptz;
  keys_front timestamptz;
  keys_are_due boolean;
  first_events integer = max_events;
  first_bytes integer = max_state_bytes;
  events record;
  ordered record;
  claimed tid[] = '{}';
  exhausted tid[] = '{}';
  -- What the batch takes in the state without its details.
  bytes_beside integer;
  reclaimed_count integer = 0;
  has_more boolean = false;
  is_paused boolean = false;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a claim needs READ COMMITTED, because each of its statements must see what was committed before'
      using errcode = 'invalid_transaction_state';
  end if;
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

  front = outbox_front('due_events');
  keys_front = case when max_per_key > 0 then outbox_front('due_keys') end;
  keys_are_due = outbox_oldest('due_keys', keys_front, now()) is not null;
  is_repeated = exists (select from outbox_events e where e.lease_token = token and e.status = 'PROCESSING');
  if is_repeated then
    bytes_beside = (select sum(outbox_claimed_bytes(e.event_type, e.trace_header, e.ordering_key))
      from outbox_events e where e.lease_token = token and e.status = 'PROCESSING');
    has_more = keys_are_due or outbox_oldest('due_events', front, now()) is not null;
  elsif exists (select from outbox_installation where paused_at is not null) then
    is_paused = true;
  else
    -- Below the fronts too, when nothing else is due, and else in one claim of eight. The token decides in which.
    if (front > '-infinity' or keys_front > '-infinity') and ((get_byte(uuid_send(token), 15) & 14) = 0
      or not keys_are_due and outbox_oldest('due_events', front, now()) is null)
    then
      perform outbox_look_below('due_events', front), outbox_look_below('due_keys', keys_front);
      keys_are_due = outbox_oldest('due_keys', keys_front, now()) is not null;
    end if;
    -- A half for each, and the rest for whoever has more. The token's last bit decides who gets the odd one, so that even
    -- batches of one serve both.
    if keys_are_due then
      first_events = (max_events + (get_byte(uuid_send(token), 15) & 1)) / 2;
      first_bytes = max_state_bytes / 2;
    end if;
    select * into events from outbox_pick_events(
      first_events, first_bytes, max_attempts, 0, 0, front, 0);
    claimed = events.places;
    exhausted = events.exhausted;
    reclaimed_count = events.reclaimed;
    has_more = events.more;
    bytes_beside = events.batch_bytes;
    if keys_are_due then
      select * into ordered from outbox_pick_ordered_events(
        max_events, max_state_bytes, max_attempts, max_per_key, skip_failed, lease_end,
        cardinality(claimed), events.batch_bytes, keys_front);
      exhausted = exhausted || ordered.exhausted;
      reclaimed_count = reclaimed_count + ordered.reclaimed;
      bytes_beside = ordered.batch_bytes;
      if has_more and cardinality(claimed) + cardinality(ordered.places) < max_events then
        select * into events from outbox_pick_events(
          max_events, max_state_bytes, max_attempts,
          cardinality(claimed) + cardinality(ordered.places), ordered.batch_bytes, events.last_due, events.last_sequence);
        claimed = claimed || events.places;
        exhausted = exhausted || events.exhausted;
        reclaimed_count = reclaimed_count + events.reclaimed;
        bytes_beside = events.batch_bytes;
        has_more = events.more;
      end if;
      has_more = has_more or ordered.more;
    end if;

    -- A lease that ran out on the last attempt. Handing the row out again would exceed the attempts, leaving
    -- it alone would lose it, so it waits for a person.
    if cardinality(exhausted) > 0 then
      update outbox_events e
      set status = 'FAILED', due_at = null, failed_at = now(),
        skipped_at = case when skip_failed and e.ordering_key is not null then coalesce(e.skipped_at, now()) else e.skipped_at end,
        last_error_type = case e.status when 'PROCESSING' then 'LeaseExpired' else coalesce(e.last_error_type, 'AttemptsExhausted') end,
        last_error = case e.status when 'PROCESSING'
          then 'the last attempt ended without an outcome, the event may have been published'
          else coalesce(e.last_error, 'no attempt was left') end
      where e.ctid = any (exhausted);
    end if;

    if cardinality(claimed) > 0 then
      update outbox_events e
      set status = 'PROCESSING', due_at = lease_end, attempts = e.attempts + 1, lease_token = token, run_id = run
      where e.ctid = any (claimed);
    end if;
    if keys_are_due then
      update outbox_events e
      set status = 'PROCESSING', due_at = lease_end, attempts = e.attempts + 1, lease_token = token, run_id = run,
        previous_sequence = c.previous
      from unnest(ordered.places, ordered.previous) as c(place, previous)
      where e.ctid = c.place;
    end if;
  end if;

  -- Details travel inline while there is room, the smallest first, because fewest have to be read then. Another one
  -- travels as its size and the version of its row, so that its publisher notices a change.
  -- What has left the order of its key has no sequence, because a consumer would take it for stale. When a claim is
  -- repeated, another run may have the first events of a key by now, and this one must not publish what is behind them.
  return query
    select e.id, e.event_type,
      case when e.is_inline then outbox_detail(e.id, e.aggregate_id, e.payload, e.ordering_key,
        case when e.skipped_at is null then e.sequence end, e.previous_sequence) end,
      e.trace_header, cast(floor(extract(epoch from e.created_at) * 1000) as bigint), e.attempts,
      e.given_back_since is not null, e.ordering_key,
      case when e.ordering_key is not null and e.skipped_at is null then e.sequence end,
      case when e.skipped_at is null then e.previous_sequence end,
      case when not e.is_inline then e.detail_bytes end,
      case when not e.is_inline then cast(cast(e.xmin as text) as bigint) end,
      cast(null as boolean), cast(null as integer), cast(null as integer), cast(null as boolean)
    from (
      select e.*, e.xmin, e.state_bytes <= max_detail_bytes
        and sum(e.state_bytes) over (order by e.state_bytes, e.sequence)
          <= least(max_inline_bytes, max_state_bytes - bytes_beside) as is_inline
      from outbox_events e
      where e.lease_token = token and e.status = 'PROCESSING'
        and not (is_repeated and e.ordering_key is not null and e.skipped_at is null and exists (
          select from outbox_events earlier
          where earlier.ordering_key = e.ordering_key and earlier.sequence < e.sequence
            and earlier.processed_at is null and earlier.skipped_at is null
            and (earlier.lease_token is distinct from token or earlier.status <> 'PROCESSING')))) as e
    order by e.sequence;

  return query
    select cast(null as uuid), cast(null as text), cast(null as text), cast(null as text), cast(null as bigint),
      cast(null as integer), cast(null as boolean), cast(null as text), cast(null as bigint), cast(null as bigint),
      cast(null as integer), cast(null as bigint), has_more, cardinality(exhausted), reclaimed_count, is_paused;
end
$$
--> statement-breakpoint

-- For the handlers of release 0.2.0, which publish one event beside the other. No ordered event for them. Their
-- max_inline_bytes is the limit of one detail, so a batch gets as many inline as its state has room for.
create or replace function claim_outbox_events(
  token uuid, run text, max_events integer, max_state_bytes integer, max_inline_bytes integer,
  lease_seconds integer, max_attempts integer, expires_at timestamptz default null, sent_at timestamptz default null
) returns table (
  id uuid, event_type text, detail text, trace_header text, created_at_ms bigint, attempts integer, given_back boolean,
  more boolean, failed_for_good integer, reclaimed integer, paused boolean
) language sql
set search_path from current
begin atomic
  select c.id, c.event_type, c.detail, c.trace_header, c.created_at_ms, c.attempts, c.given_back,
    c.more, c.failed_for_good, c.reclaimed, c.paused
  from claim_outbox_events(token, run, max_events, max_state_bytes, max_state_bytes, lease_seconds, max_attempts,
    expires_at, sent_at, 0, false) as c;
end
