-- Effects with one ending, latest announced first. The last row that was read, of all tenants, is given even if it does not fit, as `stop`.
-- $1 tenant, $2 ending, $3 before this id, $4 how many rows are read at most, $5 how many are given at most, $6 kind, $7 receiver (null: any).
select x.*
from (
  select l.*, m.fits, l.n = $4 as stop
  from (
    select r.*, row_number() over () as n
    from (
      select d.id, d.event_id, d.notice_of, d.tenant, d.kind, d.title, d.lane, d.ending as state, d.due_shown, d.at, d.attempt, d.error, d.data
      from engine.ended d
      where d.id < $3
      order by d.id desc limit $4
    ) r
  ) l
  cross join lateral (
    select l.tenant = $1 and l.state = $2 and ($6::text is null or l.kind = $6)
      and ($7::text is null or l.lane = l.tenant || ' ' || l.kind || ' ' || $7
        -- The data is parsed as JSON only if its text contains the receiver.
        or strpos(lower(l.data::text), '@' || $7) > 0
          and right(lower(coalesce(l.data -> 'to' ->> 'address', l.data ->> 'to')), length($7) + 1) = '@' || $7) as fits
  ) m
  where m.fits or l.n = $4
  limit $5
) x
order by x.n
