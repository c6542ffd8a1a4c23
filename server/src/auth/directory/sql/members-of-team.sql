select p.id, p.tenant, p.upn, p.mail, p.name, p.roles, p.generation
from auth.person p join auth.team_member m on m.person_id = p.id
where m.tenant = $1 and m.team_id = $2
order by p.upn
