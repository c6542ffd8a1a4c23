-- What ended a moment ago, for pages that wait for it. $1 shard, $2 tenant, $3 agent, $4 seconds, $5 most.
select * from notifications.offer
where shard = $1 and tenant = $2 and agent_id = $3 and state = 'ended'
  and ended_at > clock_timestamp() - $4 * interval '1 second'
order by ended_at desc
limit $5
