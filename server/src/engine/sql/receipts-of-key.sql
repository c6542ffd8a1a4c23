select c.id from engine.cancellation c where c.tenant = $1 and c.target_key = $2 order by c.birth desc limit $3
