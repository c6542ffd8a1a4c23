update auth.person set generation = nextval('auth.generation') where tenant = $1 and id = $2 returning generation
