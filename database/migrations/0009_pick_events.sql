-- What an event takes in the state of a run beside its detail. 256 bytes are for names, ids, time and braces, and an
-- ordered event has its key and its place too.
create function outbox_claimed_bytes(event_type text, trace_header text, ordering_key text)
returns integer language sql stable parallel safe
return 256 + octet_length(cast(to_json(event_type) as text))
  + coalesce(octet_length(cast(to_json(trace_header) as text)), 0)
  + coalesce(octet_length(cast(to_json(ordering_key) as text)) + 96, 0)
--> statement-breakpoint

-- Locks the oldest due events without an order, up to the limits of a batch that may have some already. The next call
-- goes on where this one ended. Rows are answered by their place in the table, because what was just locked cannot
-- move, and finding each by its id once more costs a tenth of a claim.
create function outbox_pick_events(
  max_events integer, max_bytes integer, max_attempts integer, batch_events integer,
  inout batch_bytes integer, inout last_due timestamptz, inout last_sequence bigint,
  out places tid[], out exhausted tid[], out reclaimed integer, out more boolean
) language plpgsql
set search_path from current
as $$
declare
  candidate record;
begin
  places = '{}';
  exhausted = '{}';
  reclaimed = 0;
  for candidate in
    select e.ctid as place, e.status, e.attempts, e.due_at, e.sequence,
      outbox_claimed_bytes(e.event_type, e.trace_header, e.ordering_key) as bytes
    from outbox_events e
    where e.due_at <= now() and (e.ordering_key is null or e.skipped_at is not null)
      and (e.due_at, e.sequence) > (last_due, last_sequence)
    order by e.due_at, e.sequence
    limit max_events - batch_events
    for update skip locked
  loop
    if candidate.attempts >= max_attempts then
      exhausted = exhausted || candidate.place;
    else
      more = batch_bytes + candidate.bytes > max_bytes and batch_events + cardinality(places) > 0;
      exit when more;
      batch_bytes = batch_bytes + candidate.bytes;
      places = places || candidate.place;
      reclaimed = reclaimed + cast(candidate.status = 'PROCESSING' as integer);
    end if;
    last_due = candidate.due_at;
    last_sequence = candidate.sequence;
  end loop;
  more = coalesce(more, false) or batch_events + cardinality(places) + cardinality(exhausted) = max_events;
end
$$
