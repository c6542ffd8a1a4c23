-- $1 shard, $2 tenant, $3 agent.
insert into notifications.agent (shard, tenant, agent_id) values ($1, $2, $3) on conflict do nothing
