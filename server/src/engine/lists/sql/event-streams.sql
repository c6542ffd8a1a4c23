-- The streams that a tenant's events are listed from: one for each kind and app, by their hashes. Steps from one to the next, so it
-- reads as many rows as there are streams. $1 tenant, $2 kinds (null: all), $3 app (null: all).
with recursive stream as (
  (select hashtext(e.kind) as kind_hash, hashtext(coalesce(e.app, '')) as app_hash
   from engine.event e where e.tenant || '' = $1
   order by hashtext(e.kind), hashtext(coalesce(e.app, '')), e.id limit 1)
  union all
  select n.kind_hash, n.app_hash
  from stream s
  cross join lateral (
    select hashtext(e.kind) as kind_hash, hashtext(coalesce(e.app, '')) as app_hash
    from engine.event e
    where e.tenant || '' = $1 and (hashtext(e.kind), hashtext(coalesce(e.app, ''))) > (s.kind_hash, s.app_hash)
    order by hashtext(e.kind), hashtext(coalesce(e.app, '')), e.id limit 1) n
)
select s.kind_hash, s.app_hash
from stream s
where ($2::text[] is null or s.kind_hash = any (select hashtext(k) from unnest($2::text[]) as k))
  and ($3::text is null or s.app_hash = hashtext($3))
