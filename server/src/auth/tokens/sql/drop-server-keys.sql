delete from auth.api_key where tenant is null
