select team_id, person_id from auth.team_member where tenant = $1
