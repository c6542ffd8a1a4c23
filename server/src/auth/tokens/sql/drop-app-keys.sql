delete from auth.api_key where tenant = $1 and app_id = $2
