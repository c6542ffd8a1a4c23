delete from auth.api_key where tenant in (select id from auth.tenant where demo)
