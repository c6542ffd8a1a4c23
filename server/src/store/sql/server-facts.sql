select current_setting('server_version_num')::int / 10000 as version,
  current_setting('server_encoding') as encoding
