insert into engine.alias (shard, tenant, key, event_shard, event_id)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::smallint[], $5::uuid[])
