select g.id, g.tenant, g.name, g.mail
from auth.team g join auth.team_member m on m.team_id = g.id
where m.tenant = $1 and m.person_id = $2
order by g.name
