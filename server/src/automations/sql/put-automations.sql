insert into automations.automation (tenant, id, app_id, trigger_key, name, active, revision)
select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::integer[])
on conflict (tenant, id) do update
  set trigger_key = excluded.trigger_key, active = excluded.active, revision = excluded.revision
