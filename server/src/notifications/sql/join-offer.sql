-- The offer that another tab raised for the same call: an open one, or one that ended a moment ago and that this page has
-- not announced yet. $1 shard, $2 tenant, $3 agent, $4 channel, $5 tokens, $6 page (null: open ones only), $7 seconds.
update notifications.offer set pages = case when $6::text is null then pages else array_append(pages, $6) end
where (shard, tenant, id) = (
  select o.shard, o.tenant, o.id from notifications.offer o
  where o.shard = $1 and o.tenant = $2 and o.agent_id = $3 and o.channel = $4
    and (o.token = any ($5::text[]) or o.second_token = any ($5::text[]))
    and (o.state <> 'ended'
      or (o.ended_at > clock_timestamp() - $7 * interval '1 second' and $6::text is not null and $6::text <> all (o.pages)))
  order by o.state = 'ended', o.arrival desc
  limit 1
)
returning *
