-- Locks the first events of the keys that have been due longest, up to the limits of a batch that may have some already,
-- and writes into the queue when each key that it looked at is due again. It waits for nobody, neither for a producer
-- that has a key locked nor for an outcome that has an event locked.
create function outbox_pick_ordered_events(
  max_events integer, max_bytes integer, max_attempts integer, max_per_key integer,
  skip_failed boolean, lease_end timestamptz, batch_events integer, inout batch_bytes integer,
  keys_front timestamptz, out places tid[], out previous bigint[], out exhausted tid[], out reclaimed integer, out more boolean
) language plpgsql
set search_path from current
as $$
declare
  -- SLICE_BYTES of outbox/read-detail.ts.
  slice_bytes constant integer = 48000;
  -- Bounds the time of a claim that meets many keys with nothing left, or that wait.
  max_looks constant integer = 1000;
  looks integer = 0;
  keys_left boolean = true;
  chunk integer = (max_events - batch_events + max_per_key - 1) / max_per_key;
  last_due timestamptz = keys_front;
  last_key text = '';
  candidate record;
  -- The keys of this look, and the key that the loop is at.
  keys text[];
  accepted bigint[];
  firsts bigint[];
  key_number bigint;
  is_open boolean;
  taken integer;
  before bigint;
  head_was_tried boolean;
  -- What this look would take, and the heads without an attempt left.
  chosen tid[];
  chosen_keys text[];
  chosen_previous bigint[];
  chosen_bytes integer[];
  freed_bytes integer;
  spent tid[];
  spent_keys text[];
  wanted_keys text[];
  locked tid[];
  locked_leased tid[];
  -- What becomes of the keys of all looks, and the first unfinished event of each.
  head_keys text[] = '{}';
  head_sequences bigint[] = '{}';
  leased_keys text[] = '{}';
  later_keys text[] = '{}';
  later_due timestamptz[] = '{}';
  empty_keys text[] = '{}';
  busy_keys text[] = '{}';
  free_keys text[];
  idle_keys text[];
begin
  places = '{}';
  previous = '{}';
  exhausted = '{}';
  reclaimed = 0;
  more = false;
  while batch_events + cardinality(places) < max_events and looks < max_looks loop
    chunk = least(chunk, max_events - batch_events - cardinality(places));
    -- First the keys. Then, in a later statement and so with a newer snapshot, their events. A snapshot from before the
    -- lock would miss what was committed until the lock was got.
    select coalesce(array_agg(q.ordering_key order by q.due_at, q.ordering_key), '{}'),
      array_agg(q.accepted_sequence order by q.due_at, q.ordering_key),
      array_agg(q.first_sequence order by q.due_at, q.ordering_key),
      max(q.due_at), (array_agg(q.ordering_key order by q.due_at desc, q.ordering_key desc))[1]
    into keys, accepted, firsts, last_due, last_key
    from (
      select q.ordering_key, q.due_at, q.accepted_sequence, q.first_sequence
      from outbox_ordering_queue q
      where q.due_at <= now() and (q.due_at, q.ordering_key) > (last_due, last_key)
      order by q.due_at, q.ordering_key
      limit chunk
      for update skip locked) as q;
    keys_left = cardinality(keys) = chunk;
    exit when cardinality(keys) = 0;
    looks = looks + cardinality(keys);
    key_number = 0;
    chosen = '{}';
    chosen_keys = '{}';
    chosen_previous = '{}';
    chosen_bytes = '{}';
    spent = '{}';
    spent_keys = '{}';
    for candidate in
      select k.number, k.ordering_key, k.accepted_sequence, e.*
      from unnest(keys, accepted, firsts) with ordinality as k(ordering_key, accepted_sequence, first_sequence, number)
      left join lateral (
        select e.ctid as place, e.sequence, e.previous_sequence, e.due_at, e.attempts,
          e.detail_bytes > slice_bytes as is_large,
          e.attempts > 0 or e.given_back_since is not null as was_tried, e.status = 'PENDING' as is_pending,
          outbox_claimed_bytes(e.event_type, e.trace_header, e.ordering_key) as bytes
        from outbox_events e
        where e.ordering_key = k.ordering_key and e.sequence >= k.first_sequence
          and e.processed_at is null and e.skipped_at is null
        order by e.sequence
        limit max_per_key + 1) as e on true
      order by k.number, e.sequence
    loop
      if candidate.number > key_number then
        -- The key's first unfinished event decides what becomes of the key.
        key_number = candidate.number;
        taken = 0;
        is_open = false;
        -- When the mark of an event was lost and that of a later one was not, the event keeps what it named before.
        before = case when candidate.accepted_sequence >= candidate.sequence then candidate.previous_sequence
          else candidate.accepted_sequence end;
        head_was_tried = candidate.was_tried;
        if candidate.place is not null then
          head_keys = head_keys || candidate.ordering_key;
          head_sequences = head_sequences || candidate.sequence;
        end if;
        if candidate.place is null then
          empty_keys = empty_keys || candidate.ordering_key;
        elsif candidate.due_at is null or candidate.due_at > now() then
          -- Failed, so the key is blocked, or leased, in backoff or delayed.
          later_keys = later_keys || candidate.ordering_key;
          later_due = later_due || candidate.due_at;
        elsif candidate.attempts >= max_attempts then
          spent = spent || candidate.place;
          spent_keys = spent_keys || candidate.ordering_key;
        else
          is_open = true;
        end if;
      elsif is_open and (taken = max_per_key or head_was_tried or candidate.was_tried or not candidate.is_pending
          or candidate.due_at > now() or candidate.is_large) then
        -- An event that was tried before goes alone, so that a head that kills its run costs no attempt but its own. One
        -- that has to be read in slices comes first in its list, so that one list never reads two of them.
        is_open = false;
        more = more or candidate.is_pending;
      end if;
      continue when not is_open;
      if batch_events + cardinality(places) + cardinality(chosen) >= max_events
        or (batch_bytes + candidate.bytes > max_bytes and batch_events + cardinality(places) + cardinality(chosen) > 0)
      then
        keys_left = true;
        exit;
      end if;
      taken = taken + 1;
      batch_bytes = batch_bytes + candidate.bytes;
      chosen = chosen || candidate.place;
      chosen_keys = chosen_keys || candidate.ordering_key;
      chosen_previous = chosen_previous || before;
      chosen_bytes = chosen_bytes || candidate.bytes;
      before = greatest(candidate.sequence, candidate.accepted_sequence);
    end loop;

    if cardinality(chosen) + cardinality(spent) > 0 then
      -- An outcome may have some of these rows locked and wait for the key. So this waits for no row, and a key's list
      -- ends before the first row that is locked, or that is no longer where it was seen.
      select coalesce(array_agg(l.place), '{}'), coalesce(array_agg(l.place) filter (where l.status = 'PROCESSING'), '{}')
      into locked, locked_leased
      from (
        select e.ctid as place, e.status from outbox_events e
        where e.ctid = any (chosen || spent) and e.due_at <= now() and e.processed_at is null and e.skipped_at is null
        for update skip locked) as l
      where l.place = any (chosen || spent); -- the lock may have found a newer version
      if cardinality(locked) < cardinality(chosen) + cardinality(spent) then
        wanted_keys = chosen_keys || spent_keys;
        freed_bytes = (select sum(b) from unnest(chosen_bytes) as b);
        select coalesce(array_agg(c.place order by c.number), '{}'), coalesce(array_agg(c.key order by c.number), '{}'),
          coalesce(array_agg(c.previous order by c.number), '{}'), freed_bytes - coalesce(sum(c.bytes), 0)
        into chosen, chosen_keys, chosen_previous, freed_bytes
        from unnest(chosen, chosen_keys, chosen_previous, chosen_bytes) with ordinality as c(place, key, previous, bytes, number)
        where not exists (
          select from unnest(chosen, chosen_keys) with ordinality as earlier(place, key, number)
          where earlier.key = c.key and earlier.number <= c.number and earlier.place <> all (locked));
        select coalesce(array_agg(s.place), '{}'), coalesce(array_agg(s.key), '{}') into spent, spent_keys
        from unnest(spent, spent_keys) as s(place, key) where s.place = any (locked);
        batch_bytes = batch_bytes - coalesce(freed_bytes, 0);
        busy_keys = busy_keys || array(
          select k from unnest(wanted_keys) as k where k <> all (chosen_keys || spent_keys));
      end if;
      places = places || chosen;
      previous = previous || chosen_previous;
      leased_keys = leased_keys || chosen_keys;
      exhausted = exhausted || spent;
      reclaimed = reclaimed + (select count(*) from unnest(locked_leased) as l(place) where l.place = any (chosen));
      -- When failed events are skipped, the key stays due, and the next claim goes on with it.
      if skip_failed then
        more = more or cardinality(spent) > 0;
      else
        later_keys = later_keys || spent_keys;
        later_due = later_due || array_fill(cast(null as timestamptz), array[cardinality(spent)]);
      end if;
    end if;
    exit when not keys_left or batch_bytes >= max_bytes;
    chunk = chunk * 2;
  end loop;
  more = more or keys_left;

  -- A key with nothing left is idle, unless a producer has it locked and may be about to commit an event.
  if cardinality(empty_keys) > 0 then
    free_keys = array(select k.ordering_key from outbox_ordering_keys k
      where k.ordering_key = any (empty_keys) for update skip locked);
    idle_keys = array(select k from unnest(free_keys) as k where not exists (
      select from outbox_events e
      where e.ordering_key = k and e.processed_at is null and e.skipped_at is null));
    if cardinality(idle_keys) > 0 then
      with idle as (
        delete from outbox_ordering_queue q where q.ordering_key = any (idle_keys)
        returning q.ordering_key, q.accepted_sequence)
      update outbox_ordering_keys k set queued = false, last_sequence = idle.accepted_sequence, idle_since = now()
      from idle where k.ordering_key = idle.ordering_key;
    end if;
    busy_keys = busy_keys || array(select k from unnest(empty_keys) as k where k <> all (free_keys));
  end if;
  if cardinality(busy_keys) > 0 then
    -- Again after as long as it has taken until now, so that waiting at most doubles what the other session takes.
    update outbox_ordering_queue q
    set busy_since = coalesce(q.busy_since, now()),
      due_at = now() + least(greatest(now() - q.busy_since, interval '0.1 s'), interval '5 s')
    where q.ordering_key = any (busy_keys);
  end if;
  if cardinality(leased_keys) > 0 then
    update outbox_ordering_queue q
    set due_at = lease_end, busy_since = null, first_sequence = h.sequence
    from unnest(head_keys, head_sequences) as h(ordering_key, sequence)
    where q.ordering_key = h.ordering_key and h.ordering_key = any (leased_keys);
  end if;
  if cardinality(later_keys) > 0 then
    update outbox_ordering_queue q
    set due_at = l.due_at, blocked_at = case when l.due_at is null then now() end, busy_since = null,
      first_sequence = h.sequence
    from unnest(later_keys, later_due) as l(ordering_key, due_at)
      join unnest(head_keys, head_sequences) as h(ordering_key, sequence) using (ordering_key)
    where q.ordering_key = l.ordering_key;
  end if;
end
$$
