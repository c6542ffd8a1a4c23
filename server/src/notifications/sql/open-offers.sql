-- $1 shard, $2 tenant, $3 agent. In the order of arrival.
select * from notifications.offer
where shard = $1 and tenant = $2 and agent_id = $3 and state <> 'ended'
order by arrival
