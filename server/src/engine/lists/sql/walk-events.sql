-- Events of several streams, newest first within each, that pass a list's filters; and where reading stopped before a stream's end.
-- Of each stream at most $4 are given and at most $3 are read; the last one that was read is given even if it does not fit, as `stop`.
-- Rows are read one by one, so a read that has found enough stops. $1 tenant, $2 only ids below this one; by position, one for each
-- stream: $5 hash of its kind, $6 hash of its app, $7 its entity instead (null: it is by kind and app); $8 one stream more, of these
-- events (null: none). Filters, null for any: $9 kinds, $10 app, $11 site, $12 key as its caller gave it, $13 entity, $14 state,
-- $15 and $16 when something of it falls due, on the tenant's clock, $17 text in lower case, $18 the same as it stands in JSON,
-- $19 octets of data, as stored, that are searched in each stream.
select s.position, x.id, x.n, x.fits, x.stop
from (
  select t.kind_hash, t.app_hash, t.entity, t.position, false as by_id
  from unnest($5::int[], $6::int[], $7::text[]) with ordinality as t (kind_hash, app_hash, entity, position)
  union all
  select null, null, null, 0, true where $8::uuid[] is not null
) s
cross join lateral (
  select l.id, l.n, m.fits, m.stop
  from (
    select r.*, row_number() over () as n, sum(pg_column_size(r.data)) over (rows unbounded preceding) as octets
    from (
      (select e.id, e.tenant, e.kind, e.app, e.bare_key, e.entity, e.title, e.data, e.cancellation_id
       from engine.event e
       where s.kind_hash is not null and s.entity is null and e.tenant || '' = $1 and hashtext(e.kind) = s.kind_hash
         and hashtext(coalesce(e.app, '')) = s.app_hash and e.id < $2
       order by e.id desc limit $3)
      union all
      (select e.id, e.tenant, e.kind, e.app, e.bare_key, e.entity, e.title, e.data, e.cancellation_id
       from engine.event e
       where s.entity is not null
         and hashtextextended(e.tenant || chr(10) || e.entity, 0) = hashtextextended($1 || chr(10) || s.entity, 0)
         and e.id < $2
       order by e.id desc limit $3)
      union all
      (select e.id, e.tenant, e.kind, e.app, e.bare_key, e.entity, e.title, e.data, e.cancellation_id
       from (select i.id from unnest($8::uuid[]) as i (id) where s.by_id and i.id < $2 order by i.id desc limit $3) i
       cross join lateral (select * from engine.event e where e.id = i.id offset 0) e)
    ) r
  ) l
  cross join lateral (
    select
      l.tenant = $1 and (s.entity is null or l.entity = s.entity)
      and ($9::text[] is null or l.kind = any ($9::text[]))
      and ($10::text is null or l.app = $10)
      -- An event that names no site is of all sites.
      and ($11::text is null or l.data ->> 'site' is null or l.data ->> 'site' = $11)
      and ($12::text is null or l.bare_key = $12)
      and ($13::text is null or l.entity = $13)
      and case $14::text
        when 'cancelled' then l.cancellation_id is not null
        when 'announced' then l.cancellation_id is null and (select f.id from engine.effect f where f.event_id = l.id limit 1) is not null
        when 'ended' then l.cancellation_id is null and (select f.id from engine.effect f where f.event_id = l.id limit 1) is null
        else true
      end
      and case when $15::timestamptz is null and $16::timestamptz is null then true else
        (select f.id from engine.effect f where f.event_id = l.id and f.state = 'pending'
           and f.due_at >= coalesce($15, '-infinity') - (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0'))
           and f.due_at < coalesce($16, 'infinity') - (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0')) limit 1) is not null
      end
      and case
        when $17::text is null then true
        -- The event that reaches the limit is still searched whole.
        when l.octets - pg_column_size(l.data) > $19::bigint then false
        when strpos(lower(l.title), $17) > 0 then true
        -- The whole data is searched first, as one text, which is cheap. Only then the part that the caller wrote.
        when strpos(lower(l.data::text), $18) > 0
          then strpos(lower(coalesce(l.data -> 'data', l.data -> 'payload', l.data)::text), $18) > 0
        else false
      end as fits,
      l.n = $3 or ($17::text is not null and l.octets > $19::bigint and l.octets - pg_column_size(l.data) <= $19::bigint) as stop
  ) m
  where m.fits or m.stop
  limit $4
) x
order by s.position, x.n
