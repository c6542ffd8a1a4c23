-- Placing and arranging are one at a time per agent. $1 shard, $2 tenant, $3 agent.
select agent_id from notifications.agent where shard = $1 and tenant = $2 and agent_id = $3 for update
