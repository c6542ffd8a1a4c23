delete from engine.worker where id = $1
