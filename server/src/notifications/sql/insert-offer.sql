-- $1 shard, $2 tenant, $3 id, $4 agent, $5 channel, $6 token, $7 second token, $8 correlation, $9 template, $10 card,
-- $11 timeout ms, $12 auto accept, $13 effect, $14 state, $15 arrived at, $16 action, $17 reason, $18 ended by, $19 pages.
-- No row comes back when an open offer has the token.
insert into notifications.offer
  (shard, tenant, id, agent_id, channel, token, second_token, correlation_id, template, card, timeout_ms, auto_accept,
   effect_id, state, arrived_at, action_name, response_reason, ended_by, pages, ended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12, $13, $14, $15, $16, $17, $18, $19,
  case when $14 = 'ended' then clock_timestamp() end)
on conflict (shard, tenant, agent_id, channel, token) where state <> 'ended' and token is not null do nothing
returning *
