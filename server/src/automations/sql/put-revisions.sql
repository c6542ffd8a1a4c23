insert into automations.revision (tenant, automation_id, revision, program)
select $1, * from unnest($2::uuid[], $3::integer[], $4::jsonb[])
