update auth.tenant set operator_generation = nextval('auth.generation')
