update auth.person set generation = nextval('auth.generation') where tenant in (select id from auth.tenant where demo)
