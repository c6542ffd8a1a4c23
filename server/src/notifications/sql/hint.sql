-- Tells other processes that an agent's screen changed. $1 channel of LISTEN, $2 tenant and agent.
select pg_notify($1, $2)
