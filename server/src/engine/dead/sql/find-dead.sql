-- Dead effects of a tenant that fit a filter, oldest first, and how many there are. $1 tenant; null: whatever it is: $2 kinds, $3 receiver (of a
-- webhook host, or host and port; of a mail address, or domain), $4 event, $5 died at or after, $6 died before, $7 beginning of the error;
-- $8 and $9 those behind this one (when it died, as text, and its id), $10 died before, $11 most, $12 counted at most.
select x.id, x.event_id, x.at::text as at, count(*) over () as matching
from (
  select d.id, d.event_id, d.at
  from engine.ended d
  where d.tenant = $1 and d.ending = 'dead' and d.cancellation_id is null and d.replaced_by is null
    and d.at >= greatest($8::timestamptz, $5::timestamptz) and d.at < least($6::timestamptz, $10::timestamptz)
    and (d.at > $8::timestamptz or d.id > $9::uuid)
    and ($2::text[] is null or d.kind = any ($2::text[]))
    and ($4::uuid is null or d.event_id = $4::uuid)
    and ($7::text is null or starts_with(d.error, $7::text))
    -- This is a subquery, so that large data is read only if a receiver is asked for, and then once.
    and ($3::text is null or (
      select r.address = $3::text or split_part(r.address, '@', -1) = $3::text
        or r.host = $3::text or regexp_replace(r.host, ':\d+$', '') = $3::text
        or r.host || case when r.url like 'https:%' then ':443' else ':80' end = $3::text
      from (
        select u.url, lower(substring(u.url from '^[a-zA-Z]+://([^/?#]*)')) as host, lower(coalesce(u.address, u.to_text)) as address
        from (select d.data ->> 'url' as url, d.data #>> '{to,address}' as address, d.data ->> 'to' as to_text offset 0) u
        offset 0) r))
  order by d.at, d.id
  limit $12::int
) x
order by x.at, x.id
limit $11::int
