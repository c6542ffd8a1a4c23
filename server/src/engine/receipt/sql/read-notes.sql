select n.at, n.effect_id, n.text, n.evidence from engine.receipt_note n where n.cancellation_id = $1 order by n.at limit 1000
