select c.id from engine.cancellation c where c.tenant || '' = $1 order by c.sequence desc limit $2
