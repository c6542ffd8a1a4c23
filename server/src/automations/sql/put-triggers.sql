insert into automations.trigger (tenant, app_id, trigger_key, title, schedule_field, retired)
select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
on conflict (tenant, app_id, trigger_key) do update
  set title = excluded.title, schedule_field = excluded.schedule_field, retired = excluded.retired
