update auth.app set generation = nextval('auth.generation') where tenant = $1 and id = $2
