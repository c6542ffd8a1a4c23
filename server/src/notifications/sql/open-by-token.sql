-- $1 shard, $2 tenant, $3 agent, $4 channel, $5 tokens.
select * from notifications.offer
where shard = $1 and tenant = $2 and agent_id = $3 and channel = $4 and state <> 'ended'
  and (token = any ($5::text[]) or second_token = any ($5::text[]))
order by arrival
limit 100
