-- Whose a token may be: every agent at every channel, also agents who have left and channels that left the workspace file, while an
-- offer of theirs is open. $1 tenant, $2 all shards, $3 agents of the directory, $4 most, $5 one channel only (null: all).
with shards as (
  select unnest($2::smallint[]) as shard
), opened as (
  select distinct o.agent_id, o.channel from shards s
  cross join lateral (
    select o.agent_id, o.channel from notifications.offer o where o.shard = s.shard and o.tenant = $1 and o.state <> 'ended' offset 0) o
), agents as (
  select unnest($3::uuid[]) as agent_id
  union
  select a.agent_id from shards s
  cross join lateral (select a.agent_id from notifications.agent a where a.shard = s.shard and a.tenant = $1 offset 0) a
  union
  select agent_id from opened
), channels as (
  select unique_name as channel from notifications.channel where tenant = $1
  union
  select channel from opened
)
select a.agent_id, c.channel from agents a cross join channels c
where $5::text is null or c.channel = $5
order by c.channel, a.agent_id
limit $4
