-- In id order, so that two who lock several never wait for each other. $1 shards, $2 tenants, $3 ids.
select o.* from notifications.offer o
join unnest($1::smallint[], $2::text[], $3::uuid[]) as w (shard, tenant, id) using (shard, tenant, id)
where o.state <> 'ended'
order by o.id
for update of o
