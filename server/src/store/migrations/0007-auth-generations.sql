-- A generation is given once, ever: a person or app that is removed and put back has its old id and a new generation, so what
-- was issued to it before stays void. Far above what counting from one can have reached so far.
create sequence auth.generation as integer start with 1000000;
alter table auth.person alter column generation set default nextval('auth.generation');
alter table auth.app alter column generation set default nextval('auth.generation');
