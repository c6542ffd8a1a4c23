insert into auth.team_member (tenant, team_id, person_id)
select $1, $2, p from unnest($3::uuid[]) p
on conflict do nothing
