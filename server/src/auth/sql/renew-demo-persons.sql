update auth.person set generation = generation + 1 where tenant in (select id from auth.tenant where demo)
