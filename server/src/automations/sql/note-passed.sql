insert into automations.passed_step (shard, effect_id)
select * from unnest($1::smallint[], $2::uuid[])
on conflict do nothing
