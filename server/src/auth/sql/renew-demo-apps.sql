update auth.app set generation = nextval('auth.generation'), secret_generation = nextval('auth.generation') where tenant in (select id from auth.tenant where demo)
