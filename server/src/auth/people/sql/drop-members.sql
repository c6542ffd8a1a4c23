delete from auth.team_member where tenant = $1 and team_id = $2 and person_id <> all ($3::uuid[])
