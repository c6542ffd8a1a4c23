select app_id, trigger_key, title, schedule_field, retired from automations.trigger where tenant = $1
