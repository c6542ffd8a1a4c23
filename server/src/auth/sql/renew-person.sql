update auth.person set generation = generation + 1 where tenant = $1 and id = $2 returning generation
