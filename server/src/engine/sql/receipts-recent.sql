select c.id from engine.cancellation c where c.tenant || '' = $1 order by c.birth desc limit $2
